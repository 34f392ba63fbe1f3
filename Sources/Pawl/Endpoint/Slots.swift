internal import Synchronization

/// Limits how many deliveries are in flight, and tells when some or all of them are done.
final class Slots: Sendable {
    private struct State {
        var taken = 0
        var waiter: (limit: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(_ capacity: Int) {
        self.capacity = capacity
    }

    /// Waits until at least one slot is free. Only one task may wait at a time.
    ///
    /// - Returns: How many are free.
    func waitUntilFree() async -> Int {
        await wait(untilTaken: capacity - 1)
        return capacity - state.withLock { $0.taken }
    }

    /// Waits until all slots are free. Only one task may wait at a time.
    func waitUntilEmpty() async {
        await wait(untilTaken: 0)
    }

    func take() {
        state.withLock { $0.taken += 1 }
    }

    func giveBack() {
        let woken = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.taken -= 1
            guard let waiter = state.waiter, state.taken <= waiter.limit else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        woken?.resume()
    }

    private func wait(untilTaken limit: Int) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.taken <= limit { return true }
                precondition(state.waiter == nil, "only one task may wait")
                state.waiter = (limit, continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}
