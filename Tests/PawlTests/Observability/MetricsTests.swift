import CoreMetrics
import PawlContracts
import Synchronization
import Testing

@testable import Pawl

/// Keeps what is counted and timed, by the name of the metric and the endpoint.
final class RecordedMetrics: MetricsFactory, Sendable {
    /// The one that is bootstrapped, which a process can do only once.
    static let shared: RecordedMetrics = {
        let metrics = RecordedMetrics()
        MetricsSystem.bootstrap(metrics)
        return metrics
    }()

    private final class Values: CounterHandler, TimerHandler, RecorderHandler, Sendable {
        let values = Mutex<[Int64]>([])
        let dimensions: [(String, String)]

        init(_ dimensions: [(String, String)]) {
            self.dimensions = dimensions
        }

        func increment(by amount: Int64) { values.withLock { $0.append(amount) } }
        func recordNanoseconds(_ duration: Int64) { values.withLock { $0.append(duration) } }
        func record(_ value: Int64) {}
        func record(_ value: Double) {}
        func reset() {}
    }

    private let state = Mutex<[String: Values]>([:])

    /// Everything that was recorded under a name for an endpoint.
    func values(_ name: String, of endpoint: String) -> [Int64] {
        state.withLock { $0["\(name) \(endpoint)"] }?.values.withLock { $0 } ?? []
    }

    func dimensions(_ name: String, of endpoint: String) -> [String: String] {
        let found = state.withLock { $0["\(name) \(endpoint)"] }?.dimensions ?? []
        return Dictionary(uniqueKeysWithValues: found)
    }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Values {
        let endpoint = dimensions.first { $0.0 == "messaging.destination.name" }?.1 ?? ""
        return state.withLock { state in
            let values = state["\(label) \(endpoint)"] ?? Values(dimensions)
            state["\(label) \(endpoint)"] = values
            return values
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions)
    }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        handler(label, dimensions)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, dimensions)
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

@Suite("An endpoint's metrics", .timeLimit(.minutes(1)))
struct MetricsTests {
    private func hand(_ name: String) async throws -> Hand {
        let handlers = Handlers(name) {
            Handle(Pay.self, by: \.account) { (message, purse: inout Purse, _) in
                if message.amount < 0 { throw Failure("negative") }
                purse.payments.append(message.amount)
            }
        }
        let retries = RetryPolicy(immediate: 2, delayed: 1)
        let hand = Hand(handlers, options: EndpointOptions(retries: retries))
        try await hand.register()
        return hand
    }

    @Test("count what was processed, what was a duplicate, what was retried and given up")
    func counts() async throws {
        let metrics = RecordedMetrics.shared
        let hand = try await hand("metered")
        for id in ["1", "2", "3", "1"] { try await hand.send(Pay(account: "a", amount: 1), id: id) }
        try await hand.send(Pay(account: "a", amount: -1), id: "bad")
        try await hand.drain(for: .seconds(10))
        func count(_ name: String) -> Int64 {
            metrics.values(name, of: "metered").reduce(0, +)
        }
        #expect(count("messaging.client.consumed.messages") == 3)
        #expect(count("pawl.messages.duplicate") == 1)
        #expect(count("pawl.messages.retried") == 5)
        #expect(count("pawl.messages.dead_lettered") == 1)
        #expect(count("pawl.messages.conflict") == 0)
        // Four messages and the copy, and the failed one's second delivery.
        #expect(metrics.values("messaging.process.duration", of: "metered").count == 6)
    }

    @Test("count conflicts")
    func conflicts() async throws {
        let metrics = RecordedMetrics.shared
        let hand = try await hand("contended")
        try await hand.send(Pay(account: "a", amount: 1), id: "1")
        let other = Hand(hand.handlers, clock: hand.clock, database: hand.database)
        try await hand.send(Pay(account: "a", amount: 1), id: "2")
        // Between its read and its write, another process handles the other message.
        try await hand.drain(Boundary(.meanwhile { _ = try? await other.drain() }, at: 1))
        #expect(metrics.values("pawl.messages.conflict", of: "contended") == [1])
        #expect(try await hand.database.read(Purse.self, "a")?.payments == [1, 1])
    }

    @Test("bear the names and dimensions of the conventions for messaging")
    func dimensions() async throws {
        let metrics = RecordedMetrics.shared
        _ = try await hand("dimensioned").process()
        let dimensions = metrics.dimensions("messaging.process.duration", of: "dimensioned")
        #expect(
            dimensions == [
                "messaging.system": "pawl", "messaging.destination.name": "dimensioned",
                "messaging.operation.name": "process",
            ])
    }
}
