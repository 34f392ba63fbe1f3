import PawlContracts
import Testing

@testable import Pawl

private struct Withdraw: Command {
    let account: String
    var into: String?
    var amount = 1
}

private struct Withdrawn: Event, Equatable {
    let account: String
    let balance: Int
    var note: String?
}

private struct Vault: Entity, Equatable {
    var balance = 100
    var text = ""
}

/// The handlers as some version of the code has them.
private func vaults(_ publish: @escaping @Sendable (Vault, Withdraw, Context) -> Void) -> Handlers {
    Handlers("vaults") {
        Handle(Withdraw.self, by: \.account) { (message, vault: inout Vault, context) in
            vault.balance -= message.amount
            publish(vault, message, context)
        }
    }
}

private let code = vaults { vault, message, context in
    context.publish(Withdrawn(account: message.account, balance: vault.balance))
}

@Suite("Replay", .timeLimit(.minutes(1)))
struct ReplayTests {
    private let clock = ManualClock()
    private let database: MemoryDatabase

    init() async throws {
        database = MemoryDatabase(
            limits: StoreLimits(largestDocument: 4096, largestBatch: 3),
            environment: clock.environment)
        for (endpoint, type) in [("vaults", "Withdraw"), ("orders", "Withdrawn")] {
            _ = try await database.register(Registration(endpoint: endpoint, types: [type]))
        }
    }

    /// Delivers a message once, and handles it. If it is lost, the process dies before it has sent
    /// anything.
    @discardableResult
    private func handle(
        _ message: Withdraw, id: String = "m", with handlers: Handlers = code,
        isLost: Bool = false, headers: [String: String] = [:]
    ) async throws -> Outcome {
        let envelope = try Envelope.outside(message, id: id, headers: headers)
        try await database.send([Outgoing(envelope, to: "vaults")])
        let delivery = try #require(try await database.takeNow(from: "vaults").last)
        let work = try #require(try handlers.byType["Withdraw"]?.prepare(envelope, "vaults"))
        let attempt = Attempt(
            message: envelope, endpoint: "vaults", work: work,
            router: Router(transport: database), environment: clock.environment)
        let bounded = BoundedDatabase(
            base: database,
            // Its calls: the premise, the entities, the write; the fourth one sends.
            boundary: isLost
                ? Boundary(.crashBefore, at: 2 + work.keys.count) : Boundary())
        return try await Deduplication.replay.make(bounded, bounded, clock.environment)
            .process(attempt, delivery.receipt)
    }

    /// Saves the state, and dies before anything is sent.
    private func die(
        _ message: Withdraw, id: String = "m", with handlers: Handlers = code
    ) async throws {
        await #expect(throws: BackendError.self) {
            try await handle(message, id: id, with: handlers, isLost: true)
        }
        #expect(try await told().isEmpty)
    }

    private func told() async throws -> [Envelope] {
        try await database.takeNow(from: "orders").map { try Envelope(decoding: $0.message) }
    }

    private func vault(_ id: String) async throws -> Vault? {
        try await database.read(Vault.self, id)
    }

    private func premises() async throws -> Int {
        try await database.list(kind: Premises.kind, after: nil, limit: 9).count
    }

    // MARK: What is right

    @Test("a duplicate makes its messages from the state that the message met first, at that time")
    func latest() async throws {
        try await die(Withdraw(account: "a"))
        await clock.advance(by: .seconds(60))
        try await handle(Withdraw(account: "a", amount: 50), id: "another")
        let other = try await told()
        #expect(try other.map { try value(Withdrawn.self, from: $0.body).balance } == [49])

        #expect(try await handle(Withdraw(account: "a")) == .duplicate)
        let late = try #require(try await told().first)
        #expect(try value(Withdrawn.self, from: late.body).balance == 99)
        #expect(other[0].sentAt - late.sentAt == .seconds(60))
        #expect(try await vault("a")?.balance == 49)
    }

    @Test("all copies of what it sends have the same bytes, whatever is traced")
    func identical() async throws {
        #expect(try await handle(Withdraw(account: "a")) == .processed)
        await clock.advance(by: .seconds(1))
        #expect(try await handle(Withdraw(account: "a"), headers: ["b": "c"]) == .duplicate)
        let copies = try await told()
        #expect(copies.count == 2)
        #expect(copies[0].encoded() == copies[1].encoded())
    }

    @Test("what was sent goes where it went, whoever subscribes by now")
    func subscribers() async throws {
        try await die(Withdraw(account: "a"))
        _ = try await database.register(Registration(endpoint: "audit", types: ["Withdrawn"]))
        _ = try await database.directory(fresh: true)
        #expect(try await handle(Withdraw(account: "a")) == .duplicate)
        #expect(try await told().count == 1)
        #expect(try await database.takeNow(from: "audit").isEmpty)
        try await handle(Withdraw(account: "a"), id: "later")
        #expect(try await database.takeNow(from: "audit").count == 1)
    }

    @Test("it remembers a message that changes nothing")
    func unchanged() async throws {
        let refusing = Handlers("vaults") {
            Handle(Withdraw.self, by: \.account) { (message, vault: inout Vault, context) in
                if vault.balance >= message.amount { return vault.balance -= message.amount }
                context.reject()
                context.publish(Withdrawn(account: message.account, balance: vault.balance))
            }
        }
        let message = Withdraw(account: "a", amount: 1000)
        try await die(message, with: refusing)
        #expect(try await vault("a") == nil)
        try await handle(Withdraw(account: "a"), id: "another", with: refusing)
        #expect(try await handle(message, with: refusing) == .duplicate)
        let late = try #require(try await told().first)
        #expect(try value(Withdrawn.self, from: late.body).balance == 100)
    }

    @Test("several entities are one premise")
    func several() async throws {
        let transfer = Handlers("vaults") {
            Handle(
                Withdraw.self, in: { _ in "bank" }, Vault.by(\.account), Vault.by { $0.into ?? "" }
            ) { (message, from: inout Vault, to: inout Vault, context) in
                from.balance -= message.amount
                to.balance += message.amount
                context.publish(
                    Withdrawn(account: message.account, balance: from.balance - to.balance))
            }
        }
        let message = Withdraw(account: "a", into: "b", amount: 10)
        try await die(message, with: transfer)
        try await handle(
            Withdraw(account: "b", into: "a", amount: 30), id: "another", with: transfer)
        #expect(try await told().count == 1)
        #expect(try await handle(message, with: transfer) == .duplicate)
        let late = try #require(try await told().first)
        #expect(try value(Withdrawn.self, from: late.body).balance == -20)
        #expect(try await database.read(Vault.self, "a", in: "bank")?.balance == 120)
        #expect(try await premises() == 2)
    }

    @Test("a session keeps its messages in the entity, and messages leave them there")
    func sessions() async throws {
        let bounded = BoundedDatabase(
            base: database, boundary: Boundary(.crashBefore, at: 4))
        let session = Session(
            code, store: bounded, transport: bounded, deduplication: .replay,
            environment: clock.environment)
        // It has loaded, looked up who is told, announced and saved, and dies before it sends.
        try await session.change(Vault.self, "a", id: "s") { vault, context in
            vault.balance = 500
            context.publish(Withdrawn(account: "a", balance: 500))
        }
        #expect(try await told().isEmpty)
        #expect(try await handle(Withdraw(account: "a")) == .processed)
        #expect(try await told().count == 1)
        let key = DocumentKey(kind: "Vault", id: "a")
        let ledger = try Ledger(try await database.read(key, in: "a"))
        #expect(ledger.entries.count == 1)
        let submission = Submission(
            id: try #require(ledger.entries.first?.id), partition: "a", kind: "Vault",
            document: "a")
        let replay = Deduplication.replay.make(database, database, clock.environment)
        #expect(try await replay.complete(submission, isLastTry: false))
        let late = try #require(try await told().first)
        #expect(try value(Withdrawn.self, from: late.body).balance == 500)
        #expect(try await vault("a")?.balance == 499)
    }

    // MARK: Where it ends

    @Test("a premise goes when the retention is over; who comes later is new")
    func truncation() async throws {
        #expect(try await handle(Withdraw(account: "a")) == .processed)
        await clock.advance(by: .days(7) - .seconds(1))
        #expect(try await premises() == 1)
        #expect(try await handle(Withdraw(account: "a")) == .duplicate)
        await clock.advance(by: .seconds(1))
        #expect(try await premises() == 0)
        #expect(try await handle(Withdraw(account: "a")) == .processed)
        #expect(try await vault("a")?.balance == 98)
    }

    @Test("an entity that can't be kept twice over is left as it is")
    func tooLarge() async throws {
        let growing = Handlers("vaults") {
            Handle(Withdraw.self, by: \.account) { (message, vault: inout Vault, _) in
                vault.text = String(repeating: "x", count: message.amount)
            }
        }
        // It fits as an entity, but not with what else a premise holds.
        try await handle(Withdraw(account: "a", amount: 4050), id: "1", with: growing)
        let error = await #expect(throws: PawlError.self) {
            try await handle(Withdraw(account: "a", amount: 1), id: "2", with: growing)
        }
        #expect(error?.code == .documentTooLarge)
        #expect(error?.message.contains("Vault/a would have to be kept as it is now") == true)
        #expect(try await vault("a")?.text.count == 4050)
    }

    @Test("a handler with more entities than the store can write beside a premise is told")
    func tooMany() async throws {
        let three = Handlers("vaults") {
            Handle(
                Withdraw.self, in: { _ in "bank" }, Vault.by(\.account),
                Vault.by { "\($0.account)b" },
                Vault.by { "\($0.account)c" }
            ) { (_, first: inout Vault, _: inout Vault, _: inout Vault, _) in first.balance = 0 }
        }
        let error = await #expect(throws: PawlError.self) {
            try await handle(Withdraw(account: "a"), with: three)
        }
        #expect(error?.code == .storeUnfit)
        #expect(try await database.read(Vault.self, "a", in: "bank") == nil)
    }

    @Test("an endpoint does not start on a store that writes one document at a time")
    func unfit() async throws {
        let store = MemoryStore(limits: StoreLimits(largestDocument: 4096, largestBatch: 1))
        func register(_ deduplication: Deduplication) async throws {
            try await Endpoint(
                code, store: store, transport: database, deduplication: deduplication
            ).register()
        }
        let error = await #expect(throws: PawlError.self) { try await register(.replay) }
        #expect(error?.code == .storeUnfit)
        #expect(
            error?.message.contains("writes 2 documents as one, and its store at most 1") == true)
        try await register(.outbox)
    }
}

/// What happens when code changes between two copies of a message.
extension ReplayTests {
    private func refused(
        by newer: Handlers, after older: Handlers = code, saying words: String
    ) async throws {
        let message = Withdraw(account: "a")
        try await die(message, with: older)
        let error = try await #require(throws: PawlError.self) {
            try await handle(message, with: newer)
        }
        #expect(error.code == .notDeterministic)
        #expect(error.message.contains("(Withdraw) was processed before"))
        #expect(error.message.contains("the same state of Vault/a"))
        #expect(error.message.contains(words), "\(error.message)")
        #expect(
            RetryPolicy().action(after: error, retriesNow: 0, retriesLater: 0) == .deadLetter)
        // Nothing was sent. With the old code it is.
        #expect(try await told().isEmpty)
        #expect(try await handle(message, with: older) == .duplicate)
        #expect(try await !told().isEmpty)
        #expect(try await vault("a")?.balance == 99)
    }

    @Test("code that makes something else of an old premise is refused, and says which output")
    func changed() async throws {
        let newer = vaults { vault, message, context in
            context.publish(
                Withdrawn(account: message.account, balance: vault.balance, note: "new"))
        }
        try await refused(by: newer, saying: "output 1 (Withdrawn) is not what it was.")
    }

    @Test("so is code that sends less")
    func less() async throws {
        let silent = vaults { _, _, _ in }
        try await refused(
            by: silent, saying: "the number of outputs was 1 and is 0 now: Withdrawn is missing")
    }

    @Test("so is code that sends more")
    func more() async throws {
        let eager = vaults { vault, message, context in
            for _ in 0..<2 {
                context.publish(Withdrawn(account: message.account, balance: vault.balance))
            }
        }
        try await refused(
            by: eager, saying: "the number of outputs was 1 and is 2 now: Withdrawn came to it")
    }

    @Test("so is code that sends later")
    func later() async throws {
        let patient = vaults { vault, message, context in
            context.publish(
                Withdrawn(account: message.account, balance: vault.balance), after: .seconds(1))
        }
        try await refused(by: patient, saying: "output 1 (Withdrawn) is not what it was.")
    }

    @Test("so is code that throws where it did not")
    func throwing() async throws {
        let failing = Handlers("vaults") {
            Handle(Withdraw.self, by: \.account, .mustExist) { (_, _: inout Vault, _) in }
        }
        try await refused(by: failing, saying: "it throws now: missingEntity")
    }

    @Test("code that makes the same messages may do anything else")
    func compatible() async throws {
        try await die(Withdraw(account: "a"))
        let newer = Handlers("vaults") {
            Handle(Withdraw.self, by: \.account) { (message, vault: inout Vault, context) in
                vault.text = "new"
                vault.balance -= message.amount
                context.publish(Withdrawn(account: message.account, balance: vault.balance))
            }
        }
        #expect(try await handle(Withdraw(account: "a"), with: newer) == .duplicate)
        #expect(try await told().count == 1)
        #expect(try await vault("a")?.text == "")
    }

    @Test("a handler that differs from run to run is told where")
    func random() async throws {
        let dicing = vaults { vault, message, context in
            let note = "\(UInt64.random(in: 0 ... .max))"
            context.publish(
                Withdrawn(account: message.account, balance: vault.balance, note: note))
        }
        try await die(Withdraw(account: "a"), with: dicing)
        let error = try await #require(throws: PawlError.self) {
            try await handle(Withdraw(account: "a"), with: dicing)
        }
        #expect(
            error.message.contains(
                "Run twice in this process, output 1 (Withdrawn) differs at $.note: "),
            "\(error.message)")
    }

    @Test("a damaged premise is named")
    func damaged() async throws {
        try await handle(Withdraw(account: "a"))
        let located = try #require(
            try await database.list(kind: Premises.kind, after: nil, limit: 9).first)
        for bytes in [[], [9], Array(located.document.content.ledger.dropLast())] {
            let content = Content(
                body: nil, ledger: bytes, expires: located.document.content.expires)
            _ = try await database.write(
                [.put(located.key, content, if: .any)], in: located.partition)
            let error = await #expect(throws: PawlError.self) {
                try await handle(Withdraw(account: "a"))
            }
            #expect(error?.code == .malformedDocument)
            #expect(error?.message.contains("\(located.key)") == true)
        }
    }
}
