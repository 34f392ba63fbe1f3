internal import Synchronization

/// Lets tasks wait for something to happen without missing it and without polling.
///
/// A waiter notes ``rings``, looks for what it wants, and waits for a ring after the noted one, so
/// a ring between the look and the wait is not lost. Every ring wakes all who wait.
package final class Doorbell: Sendable {
    private struct State {
        var rings: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiting: [(id: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// How often the bell has rung.
    package var rings: UInt64 { state.withLock { $0.rings } }

    /// Wakes everybody who waits.
    package func ring() {
        let woken = state.withLock { state in
            state.rings += 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Waits until the bell has rung more often than `rings`, the time is over, or the task is
    /// cancelled, whichever is first.
    package func wait(
        after rings: UInt64, atMost timeout: Duration?, in environment: Environment
    ) async {
        guard let timeout else { return await wait(after: rings) }
        await withTaskGroup { group in
            group.addTask { await self.wait(after: rings) }
            // Cancellation is how the wait ends early, so it is not an error here.
            group.addTask { try? await environment.sleep(timeout) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(after rings: UInt64) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.rings <= rings, !Task.isCancelled else { return true }
                    state.waiting.append((id, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let index = state.waiting.firstIndex { $0.id == id }
                return index.map { state.waiting.remove(at: $0).continuation }
            }
            continuation?.resume()
        }
    }
}
