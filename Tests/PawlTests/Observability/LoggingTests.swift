import Logging
import PawlContracts
import Testing

@testable import Pawl

@Suite("What an endpoint logs")
struct LoggingTests {
    @Test("names the message, its type, its conversation and what went wrong")
    func metadata() async throws {
        let failing = Failing()
        let hand = Hand(
            failing.handlers, options: EndpointOptions(retries: RetryPolicy(delayed: 1)))
        try await hand.register()
        try await hand.send(Try(), id: "m")
        try await hand.drain(for: .seconds(10))
        let entries = hand.log.entries(from: .warning)
        #expect(entries.map(\.level) == [.warning, .error])
        for entry in entries {
            #expect(entry.metadata["messaging.message.id"] == "\(MessageID("m"))")
            #expect(entry.metadata["messaging.message.type"] == "Try")
            #expect(entry.metadata["messaging.message.conversation_id"] == "\(MessageID("m"))")
            #expect(entry.metadata["error"] == "no luck")
        }
        #expect(entries.first?.metadata["pawl.attempt"] == "3")
    }

    @Test("bears its name")
    func endpointName() async throws {
        let log = CapturedLog()
        let clock = ManualClock()
        let base = MemoryDatabase(environment: clock.environment)
        let boundary = Boundary(.failBefore(.didNotHappen), at: 0)
        let bounded = BoundedDatabase(base: base, boundary: boundary)
        let endpoint = Endpoint(
            till, store: bounded, transport: bounded, deduplication: .outbox,
            environment: clock.environment, logger: log.logger)
        try await running([endpoint]) {
            try await until { !log.entries.isEmpty }
            await clock.advance(by: .seconds(10))
        }
        #expect(log.entries.allSatisfy { $0.metadata["pawl.endpoint"] == "till" })
    }
}
