import PawlContracts
import Synchronization
import Testing

@testable import Pawl

@Suite("The natural algorithm", .timeLimit(.minutes(1)))
struct NaturalTests {
    private static let key = DocumentKey(kind: Slips.kind, id: "a")

    private func hand(_ handlers: Handlers = idempotentTill) async throws -> Hand {
        var hand = Hand(handlers)
        hand.deduplication = .natural
        hand.retention = nil
        try await hand.register(["orders": ["Paid"]])
        return hand
    }

    @Test("remembers nothing, and sends the same bytes for a copy that comes years later")
    func copies() async throws {
        let hand = try await hand()
        let message = try Envelope.outside(
            Pay(account: "a", amount: 5), id: "m", sentAt: hand.clock.now)
        try await hand.database.send([Outgoing(message, to: "till")])
        try await hand.drain()
        let before = try #require(try await hand.database.read(Self.key, in: "a"))
        await hand.clock.advance(by: .days(1_000))
        try await hand.database.send([Outgoing(message, to: "till")])
        #expect(try await hand.drain() == 1)
        // Not even the version has changed.
        let document = try #require(try await hand.database.read(Self.key, in: "a"))
        #expect(document == before)
        #expect(document.content.ledger.isEmpty)
        #expect(try await hand.database.read(Slips.self, "a")?.paid.total == 5)
        let sent = try await hand.database.takeNow(from: "orders").map(\.message)
        #expect(sent.count == 2)
        #expect(Set(sent).count == 1)
        // What follows is later than what it follows from, by the time that registers go by.
        #expect(try Envelope(decoding: sent[0]).sentAt > message.sentAt)
    }

    @Test("makes the calls that are needed, and no more")
    func calls() async throws {
        let hand = try await hand()
        for expected in [
            ["read", "directory", "write", "send", "acknowledge"],
            ["read", "directory", "send", "acknowledge"],
        ] {
            try await hand.send(Pay(account: "a", amount: 5), id: "m")
            let boundary = Boundary()
            try await hand.drain(boundary)
            #expect(boundary.names == expected)
        }
    }

    @Test("sends for whoever has saved and died")
    func death() async throws {
        let hand = try await hand()
        try await hand.send(Pay(account: "a", amount: 5), id: "m")
        try await hand.drain(Boundary(.crashAfter, at: 2))
        #expect(try await hand.database.read(Slips.self, "a")?.paid.total == 5)
        #expect(try await hand.database.takeNow(from: "orders").isEmpty)
        try await hand.drain(for: .seconds(60))
        #expect(try await hand.database.takeNow(from: "orders").count == 1)
    }

    @Test("leaves alone what sessions have put into an entity, which are done once")
    func sessions() async throws {
        let hand = try await hand()
        let session = Session(
            idempotentTill, store: hand.database, transport: hand.database,
            deduplication: .natural, environment: hand.clock.impatient)
        for expected in [Session.Result.committed, .alreadyCommitted] {
            let result = try await session.change(Slips.self, "a", id: "s") { slips, context in
                try slips.paid.add(7, by: context.message)
            }
            #expect(result == expected)
        }
        let ledger = try #require(try await hand.database.read(Self.key, in: "a")).content.ledger
        #expect(!ledger.isEmpty)
        try await hand.send(Pay(account: "a", amount: 5), id: "m")
        try await hand.drain()
        let document = try #require(try await hand.database.read(Self.key, in: "a"))
        #expect(document.content.ledger == ledger)
        #expect(try await hand.database.read(Slips.self, "a")?.paid.total == 12)
    }

    @Test("remembers work without an entity, whose result would be another one")
    func memos() async throws {
        let performed = Mutex(0)
        let hand = try await hand(
            Handlers("till") {
                Perform(Pay.self) { message, _ in
                    let times = performed.withLock { performed in
                        performed += 1
                        return performed
                    }
                    return Paid(account: message.account, amount: 1, balance: times)
                }
            })
        for _ in 0..<2 { try await hand.send(Pay(account: "a", amount: 5), id: "m") }
        try await hand.drain()
        let sent = try await hand.database.takeNow(from: "orders").map(\.message)
        #expect(sent.count == 1)
        #expect(performed.withLock { $0 } == 1)
    }

    @Test("two entities are saved as they were read together, even if they are not changed")
    func severalEntities() async throws {
        let hand = try await hand(
            Handlers("till") {
                Handle(Pay.self, in: \.account, Slips.by(\.account), Purse.by(\.account)) {
                    (message, slips: inout Slips, purse: inout Purse, context) in
                    try slips.paid.add(message.amount, by: context.message)
                    purse.balance = 1
                }
            })
        for _ in 0..<2 {
            try await hand.send(Pay(account: "a", amount: 5), id: "m")
            let boundary = Boundary()
            try await hand.drain(boundary)
            #expect(boundary.names.contains("write"))
        }
        #expect(try await hand.database.read(Slips.self, "a")?.paid.total == 5)
    }
}
