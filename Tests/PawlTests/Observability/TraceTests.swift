import Instrumentation
import PawlContracts
import ServiceContextModule
import Testing

@testable import Pawl

/// Carries a W3C trace parent from headers into the context and back.
private struct TraceParent: Instrument {
    /// Bootstrapped, which a process can do only once.
    static let shared: TraceParent = {
        let instrument = TraceParent()
        InstrumentationSystem.bootstrap(instrument)
        return instrument
    }()

    enum Key: ServiceContextKey { typealias Value = String }

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        context[Key.self] = extractor.extract(key: "traceparent", from: carrier)
    }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let value = context[Key.self] else { return }
        injector.inject(value, forKey: "traceparent", into: &carrier)
    }
}

@Suite("A trace", .timeLimit(.minutes(1)))
struct TraceTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    init() {
        _ = TraceParent.shared
    }

    private func headers(of message: Envelope) async throws -> [[String: String]] {
        let hand = Hand(till)
        try await hand.register(["orders": ["Paid"]])
        try await hand.database.send([Outgoing(message, to: "till")])
        try await hand.drain()
        return try await hand.database.takeNow(from: "orders").map {
            try Envelope(decoding: $0.message).headers
        }
    }

    @Test("goes on from the message that came to the messages that are sent")
    func propagates() async throws {
        let message = try Envelope.outside(
            Pay(account: "a", amount: 1), id: "m", headers: ["traceparent": Self.parent])
        #expect(try await headers(of: message) == [["traceparent": Self.parent]])
    }

    @Test("does not come from nowhere")
    func absent() async throws {
        let message = try Envelope.outside(Pay(account: "a", amount: 1), id: "m")
        #expect(try await headers(of: message) == [[:]])
    }

    @Test("begins where a session is in one")
    func session() async throws {
        let hand = Hand(till)
        try await hand.register(["orders": ["Paid"]])
        let session = Session(
            till, store: hand.database, transport: hand.database, deduplication: .outbox,
            environment: hand.clock.impatient)
        var context = ServiceContext.topLevel
        context[TraceParent.Key.self] = Self.parent
        try await ServiceContext.withValue(context) {
            _ = try await session.send {
                $0.publish(Paid(account: "a", amount: 1, balance: 1))
            }
        }
        let delivery = try #require(try await hand.database.takeNow(from: "orders").first)
        let headers = try Envelope(decoding: delivery.message).headers
        #expect(headers == ["traceparent": Self.parent])
    }
}
