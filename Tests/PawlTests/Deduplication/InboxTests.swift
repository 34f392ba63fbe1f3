import PawlContracts
import Testing

@testable import Pawl

@Suite("The inbox", .timeLimit(.minutes(1)))
struct InboxTests {
    /// Pays once, with the records in the same store or in one of their own.
    private func pay(
        records: MemoryStore?, over database: MemoryDatabase, _ clock: ManualClock,
        as deduplication: Deduplication? = nil
    ) async throws -> Outcome {
        for (endpoint, type) in [("till", "Pay"), ("orders", "Paid")] {
            _ = try await database.register(Registration(endpoint: endpoint, types: [type]))
        }
        let message = try Envelope.outside(Pay(account: "a", amount: 1), id: "m")
        try await database.send([Outgoing(message, to: "till")])
        let delivery = try #require(try await database.takeNow(from: "till").first)
        let work = try #require(try till.byType["Pay"]?.prepare(message, "till"))
        let attempt = Attempt(
            message: message, endpoint: "till", work: work, router: Router(transport: database),
            environment: clock.environment)
        return try await (deduplication ?? .inbox(retention: .days(7), in: records))
            .make(database, database, clock.environment).process(attempt, delivery.receipt)
    }

    @Test("leaves nothing in the entity, and a record that expires after the retention")
    func expiry() async throws {
        let clock = ManualClock()
        let database = MemoryDatabase(environment: clock.environment)
        #expect(try await pay(records: nil, over: database, clock) == .processed)
        let purse = try await database.read(DocumentKey(kind: "Purse", id: "a"), in: "a")
        #expect(try Ledger(purse).entries.isEmpty)
        #expect(try await pay(records: nil, over: database, clock) == .duplicate)
        func count() async throws -> Int {
            try await database.list(kind: InboxRecords.kind, after: nil, limit: 9).count
        }
        await clock.advance(by: .days(7) - .seconds(1))
        #expect(try await count() == 1)
        await clock.advance(by: .seconds(1))
        #expect(try await count() == 0)
    }

    @Test("knows the messages that the outbox has processed before it, as long as the outbox would")
    func afterTheOutbox() async throws {
        let clock = ManualClock()
        let database = MemoryDatabase(environment: clock.environment)
        #expect(try await pay(records: nil, over: database, clock, as: .outbox) == .processed)
        #expect(try await pay(records: nil, over: database, clock) == .duplicate)
        let purse = try await database.read(Purse.self, "a")
        #expect(purse?.payments == [1])
    }

    @Test("keeps its records in a store of their own if there is one")
    func apart() async throws {
        let clock = ManualClock()
        let database = MemoryDatabase(environment: clock.environment)
        let records = MemoryStore(environment: clock.environment)
        #expect(try await pay(records: records, over: database, clock) == .processed)
        #expect(try await pay(records: records, over: database, clock) == .duplicate)
        #expect(try await database.list(kind: InboxRecords.kind, after: nil, limit: 9).isEmpty)
        #expect(try await records.list(kind: InboxRecords.kind, after: nil, limit: 9).count == 1)
    }
}
