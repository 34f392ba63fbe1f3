import PawlContracts
import Testing

@testable import Pawl

/// The till, with another algorithm if that is wanted, and a session of it.
struct Desk: Sendable {
    let hand: Hand

    init(_ deduplication: Deduplication = .outbox) async throws {
        var hand = Hand(till)
        hand.deduplication = deduplication
        self.hand = hand
        try await hand.register(["orders": ["Paid"]])
    }

    /// A session of a process that sees its backends through a boundary.
    func session(_ boundary: Boundary = Boundary()) -> Session {
        let bounded = BoundedDatabase(base: hand.database, boundary: boundary)
        return Session(
            till, store: bounded, transport: bounded, deduplication: hand.deduplication,
            environment: hand.clock.impatient)
    }

    @discardableResult
    func pay(
        _ session: Session, _ account: String = "a", id: String? = "pay"
    ) async throws -> Session.Result {
        try await session.change(Purse.self, account, id: id) { purse, context in
            purse.balance -= 7
            purse.payments.append(7)
            context.publish(Paid(account: account, amount: 7, balance: purse.balance))
        }
    }

    func payments(of account: String = "a") async throws -> [Int] {
        let purse = try await hand.database.read(Purse.self, account)
        return purse?.payments ?? []
    }

    /// The different messages in the queue of the orders.
    func events() async throws -> [Paid] {
        try await Set(hand.database.takeNow(from: "orders").map(\.message)).map {
            try value(Paid.self, from: Envelope(decoding: $0).body)
        }
    }

    /// Whether anything is still to be done.
    func isAtRest() async throws -> Bool {
        let ledger = try Ledger(
            await hand.database.read(DocumentKey(kind: Purse.kind, id: "a"), in: "a"))
        let isPending = ledger.entries.contains {
            if case .pending = $0.state { true } else { false }
        }
        await hand.clock.advance(by: .days(1))
        let left = try await hand.database.takeNow(from: "till")
        return !isPending && left.isEmpty
    }
}

private let paid = Paid(account: "a", amount: 7, balance: 93)

@Suite("A session", .timeLimit(.minutes(1)))
struct SessionTests {
    @Test("changes an entity and sends messages as one")
    func changeAndSend() async throws {
        let desk = try await Desk()
        #expect(try await desk.pay(desk.session()) == .committed)
        #expect(try await desk.payments() == [7])
        #expect(try await desk.events() == [paid])
        try await desk.hand.drain(for: .seconds(15))
        #expect(try await desk.isAtRest())
    }

    @Test("answers a submission with the same id that it was saved already")
    func resubmission() async throws {
        let desk = try await Desk()
        #expect(try await desk.pay(desk.session()) == .committed)
        #expect(try await desk.pay(desk.session()) == .alreadyCommitted)
        try await desk.hand.drain()
        #expect(try await desk.pay(desk.session()) == .alreadyCommitted)
        try await desk.hand.drain(for: .seconds(90))
        #expect(try await desk.payments() == [7])
        #expect(try await desk.events() == [paid])
    }

    @Test("without an id is a submission of its own each time")
    func withoutID() async throws {
        let desk = try await Desk()
        for _ in 0..<2 { try await desk.pay(desk.session(), id: nil) }
        #expect(try await desk.payments() == [7, 7])
    }

    @Test("of another entity is another submission, and so are its messages")
    func otherEntity() async throws {
        let desk = try await Desk()
        #expect(try await desk.pay(desk.session(), "a") == .committed)
        #expect(try await desk.pay(desk.session(), "b") == .committed)
        let sent = try await desk.session().send(id: "pay") {
            $0.publish(Paid(account: "none", amount: 0, balance: 0))
        }
        #expect(sent == .committed)
        try await desk.hand.drain()
        let ids = try await desk.hand.database.takeNow(from: "orders").map {
            try Envelope(decoding: $0.message).id
        }
        #expect(Set(ids).count == 3, "whoever gets two of the same id drops one")
    }

    @Test("of another entity is another submission on one database, too")
    func otherEntityTransactional() async throws {
        let database = MemoryDatabase()
        let session = Session(till, database: database)
        for account in ["a", "b"] {
            let result = try await session.change(Purse.self, account, id: "pay") { purse, _ in
                purse.payments.append(1)
            }
            #expect(result == .committed)
        }
        #expect(try await session.read(Purse.self, "b")?.payments == [1])
    }

    @Test("whose body throws leaves nothing behind")
    func failure() async throws {
        let desk = try await Desk()
        await #expect(throws: Failure.self) {
            try await desk.session().change(Purse.self, "a", id: "x") { _, _ in
                throw Failure("no")
            }
        }
        try await desk.hand.drain(for: .seconds(90))
        let document = try await desk.hand.database.read(
            DocumentKey(kind: Purse.kind, id: "a"), in: "a")
        #expect(document == nil)
    }

    @Test("that dies at any call has done everything or nothing", arguments: [true, false])
    func crash(before: Bool) async throws {
        var call = 0
        while true {
            let desk = try await Desk()
            let boundary = Boundary(before ? .crashBefore : .crashAfter, at: call)
            _ = try? await desk.pay(desk.session(boundary))
            guard boundary.wasDisturbed else { break }
            try await desk.hand.drain(for: .seconds(90))
            let isDone = try await desk.payments() == [7]
            #expect(try await desk.events() == (isDone ? [paid] : []), "call \(call)")
            #expect(try await desk.isAtRest(), "call \(call)")
            call += 1
        }
        #expect(call >= 3)
    }

    @Test(
        "that fails at any call, and is then repeated, has done everything once",
        arguments: [0, 5, 30, 90])
    func repetition(pause: Int) async throws {
        let disturbances: [Disturbance] = [
            .crashBefore, .crashAfter, .failBefore(.mayHaveHappened), .failAfter(.mayHaveHappened),
        ]
        for disturbance in disturbances {
            var call = 0
            while true {
                let desk = try await Desk()
                let boundary = Boundary(disturbance, at: call)
                _ = try? await desk.pay(desk.session(boundary))
                guard boundary.wasDisturbed else { break }
                try await desk.hand.drain(for: .seconds(pause))
                try await desk.pay(desk.session())
                try await desk.hand.drain(for: .seconds(90))
                #expect(try await desk.payments() == [7], "\(disturbance), call \(call)")
                #expect(try await desk.events() == [paid], "\(disturbance), call \(call)")
                #expect(try await desk.isAtRest(), "\(disturbance), call \(call)")
                call += 1
            }
            #expect(call >= 3)
        }
    }

    @Test("that is given up before it is saved is saved after all, once, and announced anew")
    func late() async throws {
        var call = 0
        while true {
            let desk = try await Desk()
            // So slow at one call that it is looked for six times meanwhile.
            let boundary = Boundary(
                .meanwhile { try? await desk.hand.drain(for: .seconds(90)) }, at: call)
            #expect(try await desk.pay(desk.session(boundary)) == .committed)
            guard boundary.wasDisturbed else { break }
            try await desk.hand.drain(for: .seconds(90))
            #expect(try await desk.payments() == [7], "call \(call)")
            #expect(try await desk.events() == [paid], "call \(call)")
            #expect(try await desk.isAtRest(), "call \(call)")
            call += 1
        }
        #expect(call >= 3)
    }

    @Test("that is never saved is looked for six times, ten seconds apart, then given up")
    func tombstone() async throws {
        let desk = try await Desk()
        let boundary = Boundary(.crashBefore, at: 3)
        _ = try? await desk.pay(desk.session(boundary))
        #expect(boundary.names == ["read", "directory", "send", "write"])
        func state() async throws -> Ledger.State? {
            try Ledger(
                await desk.hand.database.read(DocumentKey(kind: Purse.kind, id: "a"), in: "a")
            ).entries.first?.state
        }
        try await desk.hand.drain(for: .seconds(59), step: .seconds(1))
        #expect(try await state() == nil)
        try await desk.hand.drain(for: .seconds(3), step: .seconds(1))
        #expect(try await state() == .tombstone)
        #expect(try await desk.hand.database.read(Purse.self, "a") == nil)
        #expect(try await desk.isAtRest())
    }

    @Test("without an entity that is never saved leaves nothing for ever")
    func tombstoneOfNothing() async throws {
        let desk = try await Desk()
        let boundary = Boundary(.crashBefore, at: 3)
        _ = try? await desk.session(boundary).send(id: "s") { $0.publish(paid) }
        try await desk.hand.drain(for: .seconds(90))
        #expect(
            try await desk.hand.database.list(kind: Work.memoKind, after: nil, limit: 9).count == 1)
        await desk.hand.clock.advance(by: .days(8))
        #expect(
            try await desk.hand.database.list(kind: Work.memoKind, after: nil, limit: 9).isEmpty)
    }

    @Test("whose entity others change again and again gives up, having changed nothing")
    func contention() async throws {
        let desk = try await Desk()
        let others = desk.session()
        let meanwhile = Disturbance.meanwhile {
            _ = try? await others.change(Purse.self, "a") { purse, _ in purse.balance += 1 }
        }
        let error = await #expect(throws: PawlError.self) {
            try await desk.pay(desk.session(Boundary(meanwhile, at: 0, count: 10_000)))
        }
        #expect(error?.code == .contention)
        #expect(error?.message.contains("Purse/a") == true)
        #expect(try await desk.payments() == [])
        try await desk.hand.drain(for: .seconds(90))
        #expect(try await desk.events() == [])
    }
}
