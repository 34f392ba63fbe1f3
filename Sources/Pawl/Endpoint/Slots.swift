internal import Synchronization

/// Limits how many deliveries are in flight.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ capacity: Int) {
        state = Mutex(State(free: capacity))
    }

    /// Waits until at least one slot is free. Only one task may wait at a time.
    ///
    /// - Returns: How many are free.
    func waitUntilFree() async -> Int {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 { return true }
                precondition(state.waiter == nil, "only one task may wait")
                state.waiter = continuation
                return false
            }
            if isFree { continuation.resume() }
        }
        return state.withLock { $0.free }
    }

    func take(_ count: Int) {
        state.withLock { $0.free -= count }
    }

    func giveBack() {
        let woken = state.withLock { state in
            state.free += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        woken?.resume()
    }
}
