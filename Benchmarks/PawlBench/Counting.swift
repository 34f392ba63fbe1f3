import CoreMetrics
import Synchronization

/// Counts what the metrics of Pawl count, by the label and the endpoint, so that a benchmark needs
/// no access to the inside of what it measures.
final class CountingMetrics: MetricsFactory, Sendable {
    /// One counter.
    final class Count: CounterHandler, Sendable {
        private struct State {
            var value: Int64 = 0
            var goal = Int64.max
            var reached: CheckedContinuation<Void, Never>?
        }
        private let state = Mutex(State())

        var value: Int64 { state.withLock { $0.value } }

        func increment(by amount: Int64) {
            let reached = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.value += amount
                guard state.value >= state.goal else { return nil }
                defer { state.reached = nil }
                return state.reached
            }
            reached?.resume()
        }

        func reset() {
            state.withLock { $0.value = 0 }
        }

        /// Waits until the count is at least `goal`. One may wait at a time.
        func reaches(_ goal: Int64) async {
            await withCheckedContinuation { continuation in
                let isReached = state.withLock { state in
                    state.goal = goal
                    if state.value >= goal { return true }
                    state.reached = continuation
                    return false
                }
                if isReached { continuation.resume() }
            }
        }
    }

    private let counts = Mutex<[String: Count]>([:])

    /// The counter of a label, of one endpoint if it has one.
    func count(_ label: String, endpoint: String? = nil) -> Count {
        let key = [label, endpoint].compactMap(\.self).joined(separator: " ")
        return counts.withLock { counts in
            if let count = counts[key] { return count }
            let count = Count()
            counts[key] = count
            return count
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        count(label, endpoint: dimensions.first { $0.0 == "messaging.destination.name" }?.1)
    }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { NOOPMetricsHandler.instance }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
