import Logging
import PawlContracts
import Testing

@testable import Pawl

@Suite("The outbox", .timeLimit(.minutes(1)))
struct OutboxTests {
    private func hand() async throws -> Hand {
        let hand = Hand(till)
        try await hand.register(["orders": ["Paid"]])
        return hand
    }

    private func ledger(_ hand: Hand) async throws -> Ledger {
        try Ledger(await hand.database.read(DocumentKey(kind: Purse.kind, id: "a"), in: "a"))
    }

    @Test("remembers for seven days what was processed, and forgets it then")
    func retention() async throws {
        let hand = try await hand()
        let pay = Pay(account: "a", amount: 1)
        try await hand.send(pay, id: "old")
        try await hand.drain()
        await hand.clock.advance(by: .days(7))
        try await hand.send(pay, id: "old")
        try await hand.send(pay, id: "other")
        try await hand.drain()
        #expect(try await hand.database.read(Purse.self, "a")?.payments == [1, 1])
        #expect(try await ledger(hand).entries.count == 2, "still within its time")
        await hand.clock.advance(by: .seconds(1))
        try await hand.send(pay, id: "third")
        try await hand.drain()
        #expect(
            try await ledger(hand).entries.map(\.id) == [MessageID("other"), MessageID("third")])
    }

    @Test("forgets the documents of messages without an entity after the same time")
    func memos() async throws {
        let hand = Hand(
            Handlers("silent") { Handle(Pay.self) { _, context in _ = context.uuid() } })
        try await hand.register()
        try await hand.send(Pay(account: "a", amount: 1), id: "m")
        try await hand.drain()
        func count() async throws -> Int {
            try await hand.database.list(kind: Work.memoKind, after: nil, limit: 9).count
        }
        #expect(try await count() == 1)
        await hand.clock.advance(by: .days(7) - .seconds(1))
        #expect(try await count() == 1)
        await hand.clock.advance(by: .seconds(1))
        #expect(try await count() == 0)
    }

    @Test("keeps a message that could not be sent yet for longer than any time")
    func pendingForEver() async throws {
        let hand = try await hand()
        try await hand.send(Pay(account: "a", amount: 1), id: "m")
        // read, directory, write: the process dies before it sends.
        try await hand.drain(Boundary(.crashBefore, at: 3))
        guard case .pending? = try await ledger(hand)[MessageID("m")] else {
            Issue.record("not pending")
            return
        }
        for day in 0..<20 {
            await hand.clock.advance(by: .days(1))
            // Another process works on the same account, but never gets that message.
            let other = try Envelope.outside(Pay(account: "a", amount: 2), id: "\(day)")
            await hand.process().process(
                Delivery(
                    receipt: Receipt(queue: "till", handle: "0.0"), attempt: 1,
                    message: other.encoded()))
        }
        try await hand.drain()
        let events = try await Set(hand.database.takeNow(from: "orders").map(\.message))
        #expect(events.count == 21)
        #expect(try await ledger(hand)[MessageID("m")] == .dispatched)
    }

    @Test("turns a message down for good: it is processed, and the entity stays absent")
    func rejection() async throws {
        let handlers = Handlers("till") {
            Handle(Pay.self, by: \.account) { (_, purse: inout Purse, context) in
                purse.balance = 0
                context.reject()
                context.publish(Paid(account: "a", amount: 0, balance: 100))
            }
        }
        let hand = Hand(handlers)
        try await hand.register(["orders": ["Paid"]])
        for _ in 0..<3 { try await hand.send(Pay(account: "a", amount: 1), id: "m") }
        try await hand.drain()
        #expect(try await hand.database.read(Purse.self, "a") == nil)
        #expect(try await hand.database.takeNow(from: "orders").count == 1)
        #expect(try await hand.letters().isEmpty)
        #expect(hand.log.entries(from: .warning).isEmpty)
    }

    /// Pays once over a store of small documents.
    private func pay(
        largestDocument: Int
    ) async throws -> (MemoryDatabase, Outcome) {
        let database = MemoryDatabase(
            limits: StoreLimits(largestDocument: largestDocument, largestBatch: 10))
        let outbox = Outbox(
            store: database, transport: database, retention: .days(7), environment: .system)
        for (endpoint, type) in [("till", "Pay"), ("orders", "Paid")] {
            _ = try await database.register(Registration(endpoint: endpoint, types: [type]))
        }
        let message = try Envelope.outside(Pay(account: "a", amount: 1), id: "m")
        try await database.send([Outgoing(message, to: "till")])
        let delivery = try #require(try await database.takeNow(from: "till").first)
        let work = try #require(try till.byType["Pay"]?.prepare(message, "till"))
        let attempt = Attempt(
            message: message, endpoint: "till", work: work, router: Router(transport: database),
            environment: .system)
        do {
            return (database, try await outbox.process(attempt, delivery.receipt))
        } catch {
            #expect(try await database.read(DocumentKey(kind: "Purse", id: "a"), in: "a") == nil)
            throw error
        }
    }

    @Test("saves nothing when the entity with its ledger would be too large, and says so")
    func tooLarge() async throws {
        let error = await #expect(throws: PawlError.self) { try await pay(largestDocument: 40) }
        #expect(error?.code == .documentTooLarge)
        #expect(error?.message.contains("Nothing was changed") == true)
    }

    @Test("keeps messages that don't fit into the entity beside it, and leaves nothing there")
    func staged() async throws {
        let (database, outcome) = try await pay(largestDocument: 150)
        #expect(outcome == .processed)
        #expect(try await database.takeNow(from: "orders").count == 1)
        let purse = DocumentKey(kind: "Purse", id: "a")
        let ledger = try Ledger(try await database.read(purse, in: "a"))
        #expect(ledger.entries.map(\.state) == [.unstaged])
        let rest = try await database.list(kind: StagedMessages.kind, after: nil, limit: 10)
        #expect(rest.map(\.key.id) == ["fence"])
        #expect(rest.allSatisfy { $0.document.content.expires != nil })
    }
}
