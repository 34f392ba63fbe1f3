internal import Synchronization

/// Lets tasks wait for something to happen without missing it and without polling.
///
/// A waiter notes ``rings``, looks for what it wants, and waits for a ring after the noted one, so
/// a ring between the look and the wait is not lost. Every ring wakes all who wait.
package final class Doorbell: Sendable {
    private struct State {
        var rings: UInt64 = 0
        var nextWaiter: UInt64 = 0
        /// Waits that were over before they had begun.
        var givenUp: Set<UInt64> = []
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
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        defer { state.withLock { state in _ = state.givenUp.remove(id) } }
        guard let timeout else { return await wait(id, after: rings) }
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancellation says that the wait is over already, so it is not an error here.
                if (try? await environment.sleep(timeout)) != nil { self.giveUp(id) }
            }
            await wait(id, after: rings)
            group.cancelAll()
        }
    }

    private func wait(_ id: UInt64, after rings: UInt64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.rings <= rings, !Task.isCancelled, !state.givenUp.contains(id)
                    else { return true }
                    state.waiting.append((id, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    /// Ends a wait, or lets it not begin.
    private func giveUp(_ id: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                state.givenUp.insert(id)
                return nil
            }
            return state.waiting.remove(at: index).continuation
        }
        continuation?.resume()
    }
}
