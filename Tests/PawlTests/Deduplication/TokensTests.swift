import PawlCheck
import PawlContracts
import Testing

@testable import Pawl

/// A till and whoever is told of its payments, with tokens between them.
private struct Scene {
    let clock = ManualClock()
    let database: MemoryDatabase
    let algorithm: any DeduplicationAlgorithm

    init(_ deduplication: Deduplication = .tokens(), largestMessage: Int? = nil) async throws {
        database = MemoryDatabase(
            transportLimits: largestMessage.map { TransportLimits(largestMessage: $0) } ?? .memory,
            environment: clock.environment)
        algorithm = deduplication.make(database, database, clock.environment)
        for (endpoint, type) in [("till", "Pay"), ("orders", "Paid"), ("audit", "Paid")] {
            _ = try await database.register(Registration(endpoint: endpoint, types: [type]))
        }
    }

    /// Puts a message into the till's queue, once for each copy, with or without a token.
    func send(_ name: String = "m", amount: Int = 1, copies: Int = 1, hasToken: Bool = true)
        async throws
    {
        var message = try Envelope.outside(Pay(account: "a", amount: amount), id: name)
        if hasToken {
            let token = Token(ofSenderOf: name)
            message.carry(token)
            try await token.make(in: database)
        }
        for _ in 0..<copies { try await database.send([Outgoing(message, to: "till")]) }
    }

    /// Handles the next message in a queue; `nil` if there is none.
    func handle(
        _ queue: String = "till", with handlers: Handlers = till,
        _ other: (any DeduplicationAlgorithm)? = nil
    ) async throws -> Outcome? {
        guard let delivery = try await database.takeNow(from: queue, max: 1).first else {
            return nil
        }
        let algorithm = other ?? algorithm
        guard let message = try await algorithm.open(Envelope(decoding: delivery.message)) else {
            _ = try await database.acknowledge(delivery.receipt)
            return .duplicate
        }
        let work = try #require(try handlers.byType[message.type]?.prepare(message, queue))
        let attempt = Attempt(
            message: message, endpoint: queue, work: work, router: Router(transport: database),
            environment: clock.environment)
        return try await algorithm.process(attempt, delivery.receipt)
    }

    func purse() async throws -> Purse? { try await database.read(Purse.self, "a") }

    func ledger() async throws -> Ledger {
        try Ledger(try await database.read(DocumentKey(kind: "Purse", id: "a"), in: "a"))
    }

    func count(_ kind: String) async throws -> Int {
        try await database.list(kind: kind, after: nil, limit: 1_000).count
    }
}

@Suite("With tokens", .timeLimit(.minutes(1)))
struct TokensTests {
    @Test("a message is processed while its token exists, and nothing is remembered of it")
    func once() async throws {
        let scene = try await Scene()
        try await scene.send(copies: 3)
        #expect(try await scene.handle() == .processed)
        #expect(try await scene.handle() == .duplicate)
        // However late it is.
        await scene.clock.advance(by: .days(1_000))
        #expect(try await scene.handle() == .duplicate)
        #expect(try await scene.purse()?.payments == [1])
        #expect(try await scene.ledger().entries.isEmpty)
        // One for each of the two that are told, and not yet there.
        #expect(try await scene.database.countTokens() == 2)
    }

    @Test("each destination of an event has a token of its own")
    func destinations() async throws {
        let scene = try await Scene()
        try await scene.send()
        #expect(try await scene.handle() == .processed)
        let orders = try await scene.database.takeNow(from: "orders")
        let audit = try await scene.database.takeNow(from: "audit")
        let tokens = try (orders + audit).map { try Envelope(decoding: $0.message).token() }
        #expect(Set(tokens).count == 2 && !tokens.contains(nil))
        for token in tokens {
            let token = try #require(token)
            let document = try await scene.database.read(token.key, in: token.partition)
            #expect(document != nil)
        }
    }

    @Test("a message whose sender makes no tokens is remembered for the retention")
    func tokenless() async throws {
        let scene = try await Scene(.tokens(retention: .days(2)))
        try await scene.send(copies: 2, hasToken: false)
        #expect(try await scene.handle() == .processed)
        #expect(try await scene.handle() == .duplicate)
        await scene.clock.advance(by: .days(3))
        // When another message is saved, what is older than the retention is forgotten.
        try await scene.send("other", amount: 2, hasToken: false)
        #expect(try await scene.handle() == .processed)
        try await scene.send(hasToken: false)
        #expect(try await scene.handle() == .processed)
        #expect(try await scene.purse()?.payments == [1, 2, 1])
    }

    @Test("no tokens are made where none are to be issued, and those that come are honoured")
    func accepting() async throws {
        let scene = try await Scene(.tokens(isIssuing: false))
        try await scene.send(copies: 2)
        #expect(try await scene.handle() == .processed)
        #expect(try await scene.handle() == .duplicate)
        #expect(try await scene.database.countTokens() == 0)
        let told = try await scene.database.takeNow(from: "orders")
        #expect(try told.map { try Envelope(decoding: $0.message).token() } == [nil])
    }

    @Test("work without an entity is remembered by the token, and goes with it")
    func perform() async throws {
        let scene = try await Scene()
        let mail = Handlers("till") {
            Perform(Pay.self) { message, context in
                Paid(account: message.account, amount: message.amount, balance: 0)
            }
        }
        try await scene.send(copies: 2)
        #expect(try await scene.handle(with: mail) == .processed)
        #expect(try await scene.handle(with: mail) == .duplicate)
        #expect(try await scene.count(Work.memoKind) == 0)
        #expect(try await scene.database.countTokens() == 2)
        #expect(try await scene.database.takeNow(from: "orders").count == 1)
    }

    @Test("a message with a token is turned away by an algorithm that knows of none")
    func unsupported() async throws {
        let scene = try await Scene()
        try await scene.send()
        let outbox = Deduplication.outbox.make(
            scene.database, scene.database, scene.clock.environment)
        let error = await #expect(throws: PawlError.self) {
            try await scene.handle("till", with: till, outbox)
        }
        #expect(error?.code == .unsupportedMessage)
        #expect(error?.message.contains("tokens(in:)") == true)
        #expect(try await scene.purse() == nil)
    }

    @Test("a token that can't be read is said to be none")
    func malformed() async throws {
        for text in ["", "x", "/", "12/1", "\(MessageID("a"))/-1", "\(MessageID("a"))/1/2"] {
            var message = try Envelope.outside(Pay(account: "a", amount: 1), id: "m")
            message.headers[Token.header] = text
            let error = #expect(throws: PawlError.self) { try message.token() }
            #expect(error?.code == .malformedMessage)
        }
        let token = Token(attempt: MessageID("a"), ordinal: 12)
        #expect(Token(token.description) == token)
    }

    @Test("what is too large to travel lies in a blob until it was processed")
    func claims() async throws {
        let blobs = MemoryStore()
        let scene = try await Scene(
            .tokens(blobs: StoreBlobs(in: blobs)), largestMessage: 600)
        let text = String(repeating: "x", count: 5_000)
        let echo = Handlers("till") {
            Handle(Pay.self, by: \.account) { (message, purse: inout Purse, context) in
                purse.payments.append(message.amount)
                context.publish(Noted(text: text))
            }
        }
        _ = try await scene.database.register(
            Registration(endpoint: "notes", types: [Noted.typeName]))
        try await scene.send()
        #expect(try await scene.handle(with: echo) == .processed)
        func count() async throws -> Int {
            try await blobs.list(kind: "pawl.blob", after: nil, limit: 9).count
        }
        #expect(try await count() == 1)
        let notes = Handlers("notes") {
            Handle(Noted.self, by: \.key) { (message, page: inout Page, context) in
                page.texts.append(message.text)
            }
        }
        // The message that travelled is small.
        let delivery = try #require(try await scene.database.takeNow(from: "notes").first)
        #expect(delivery.message.count < 600)
        _ = try await scene.database.release(delivery.receipt, after: .zero)
        try await scene.database.send([
            Outgoing(try Envelope(decoding: delivery.message), to: "notes")
        ])
        #expect(try await scene.handle("notes", with: notes) == .processed)
        #expect(try await count() == 0)
        #expect(try await scene.handle("notes", with: notes) == .duplicate)
        #expect(try await scene.database.read(Page.self, "all")?.texts == [text])
        #expect(try await scene.database.countTokens() == 0)
    }

    @Test("a body that is missing while its message was not processed is no duplicate")
    func missingBody() async throws {
        let scene = try await Scene(.tokens(blobs: StoreBlobs(in: MemoryStore())))
        var message = try Envelope.outside(Pay(account: "a", amount: 1), id: "m")
        let token = Token(ofSenderOf: "m")
        message.headers = [Token.header: token.description, ClaimCheck.header: "nowhere"]
        try await token.make(in: scene.database)
        let error = await #expect(throws: BackendError.self) {
            try await scene.algorithm.open(message)
        }
        #expect(error?.message.contains("nowhere") == true)
        // Without its token it was processed, and so is the body gone.
        try await TokenRecords(
            store: scene.database, environment: scene.clock.environment
        ).consume(token)
        #expect(try await scene.algorithm.open(message) == nil)
        // Without ever having had one, nobody can tell.
        message.headers = [ClaimCheck.header: "nowhere"]
        let doubt = await #expect(throws: PawlError.self) {
            try await scene.algorithm.open(message)
        }
        #expect(doubt?.code == .malformedMessage)
    }

    @Test("an entity that comes into being beside another one does not expire")
    func secondEntity() async throws {
        let scene = try await Scene()
        let handlers = Handlers("till") {
            Handle(Pay.self, by: \.account) { (message, purse: inout Purse, context) in
                context.reject()
                context.publish(Paid(account: message.account, amount: 0, balance: 0))
            }
        }
        // It was turned down, so that there is a document without an entity.
        try await scene.send()
        #expect(try await scene.handle(with: handlers) == .processed)
        let key = DocumentKey(kind: Purse.kind, id: "a")
        let before = try #require(try await scene.database.read(key, in: "a"))
        #expect(before.content.body == nil && before.content.expires != nil)
        let other = DocumentKey(kind: "Other", id: "a")
        let work = Work(partition: "a", keys: [other, key]) { _, _ in
            [Array("1".utf8), Array("2".utf8)]
        }
        let message = try Envelope.outside(Pay(account: "a", amount: 1), id: "two")
        try await scene.database.send([Outgoing(message, to: "till")])
        let delivery = try #require(try await scene.database.takeNow(from: "till").first)
        let attempt = Attempt(
            message: message, endpoint: "till", work: work,
            router: Router(transport: scene.database), environment: scene.clock.environment)
        #expect(try await scene.algorithm.process(attempt, delivery.receipt) == .processed)
        let after = try #require(try await scene.database.read(key, in: "a"))
        #expect(after.content.body == Array("2".utf8) && after.content.expires == nil)
    }

    @Test("messages of work without an entity that don't fit into the token lie beside it, and go")
    func largePerform() async throws {
        let tokens = MemoryStore(limits: StoreLimits(largestDocument: 700, largestBatch: 100))
        let scene = try await Scene(.tokens(in: tokens))
        try await Token(ofSenderOf: "m").make(in: tokens)
        let mail = Handlers("till") {
            Perform(Pay.self) { message, context in
                Noted(text: String(repeating: "x", count: 500))
            }
        }
        for queue in ["n1", "n2"] {
            _ = try await scene.database.register(
                Registration(endpoint: queue, types: [Noted.typeName]))
        }
        try await scene.send()
        #expect(try await scene.handle(with: mail) == .processed)
        #expect(try await scene.database.takeNow(from: "n2").count == 1)
        let left = try await tokens.list(kind: StagedMessages.kind, after: nil, limit: 9)
        #expect(left.allSatisfy { $0.document.content.expires != nil })
        #expect(try await tokens.countTokens() == 2)
    }

    @Test("attempts that fail on and on don't pile up")
    func bounded() async throws {
        let scene = try await Scene(
            .tokens(blobs: BrokenBlobs()), largestMessage: 600)
        let echo = Handlers("till") {
            Handle(Pay.self, by: \.account) { (message, purse: inout Purse, context) in
                context.publish(Noted(text: String(repeating: "x", count: 5_000)))
            }
        }
        _ = try await scene.database.register(
            Registration(endpoint: "notes", types: [Noted.typeName]))
        for _ in 0..<100 {
            try await scene.send("m")
            await #expect(throws: BackendError.self) { try await scene.handle(with: echo) }
            await scene.clock.advance(by: .seconds(30))
        }
        #expect(try await scene.ledger().entries.count <= 32)
        #expect(try await scene.database.countTokens() <= 33)
    }

    @Test("what is too large to travel is refused where there is no place for it")
    func tooLarge() async throws {
        let scene = try await Scene(largestMessage: 200)
        try await scene.send()
        let error = await #expect(throws: PawlError.self) { try await scene.handle() }
        #expect(error?.code == .messageTooLarge)
        #expect(try await scene.purse() == nil)
        #expect(try await scene.database.countTokens() == 1)
    }

    @Test("a store that can't hold tokens is refused when the endpoint starts")
    func unfit() async throws {
        let single = MemoryStore(limits: StoreLimits(largestDocument: 1_000, largestBatch: 1))
        let queues = MemoryTransport()
        for (store, shared) in [(MemoryStore(), single), (single, nil)] {
            let endpoint = Endpoint(
                till, store: store, transport: queues, deduplication: .tokens(in: shared))
            let error = await #expect(throws: PawlError.self) { try await endpoint.register() }
            #expect(error?.code == .storeUnfit)
        }
        let fit = Endpoint(
            till, store: single, transport: queues, deduplication: .tokens(in: MemoryStore()))
        try await fit.register()
    }

    @Test("an attempt that has lost makes nothing any more")
    func shutOut() async throws {
        let scene = try await Scene()
        let records = TokenRecords(
            store: scene.database, environment: scene.clock.environment)
        let attempt = MessageID("attempt")
        #expect(try await records.issue(3, for: attempt))
        try await records.revoke(3, of: attempt)
        #expect(try await scene.database.countTokens() == 0)
        #expect(try await !records.issue(3, for: attempt))
        #expect(try await scene.database.countTokens() == 0)
        // It is shut out for longer than any process stands still, not for ever.
        await scene.clock.advance(by: TokenRecords.shutFor)
        #expect(try await scene.count(Token.kind) == 0)
    }

    @Test("the number of tokens at rest does not grow with the messages that were")
    func atRest() async throws {
        let scene = try await Scene(.tokens())
        let quiet = Handlers("till") {
            Handle(Pay.self, by: \.account) { (message, purse: inout Purse, context) in
                purse.balance -= message.amount
            }
        }
        for number in 0..<300 {
            try await scene.send("\(number)")
            #expect(try await scene.handle(with: quiet) == .processed)
        }
        #expect(try await scene.database.countTokens() == 0)
        #expect(try await scene.count(Token.kind) == 0)
        let purse = try await scene.database.read(DocumentKey(kind: "Purse", id: "a"), in: "a")
        #expect(purse?.content.ledger == [])
        #expect(try await scene.purse()?.balance == 100 - 300)
    }
}

extension TokensTests {
    /// The path from the outbox and back: each step is a deployment.
    @Test("a running system goes from the outbox to tokens and back")
    func path() async throws {
        let scene = try await Scene()
        let environment = scene.clock.environment
        func make(_ deduplication: Deduplication) -> any DeduplicationAlgorithm {
            deduplication.make(scene.database, scene.database, environment)
        }
        let steps: [(Deduplication, hasTokens: Bool)] = [
            (.outbox, false), (.tokens(isIssuing: false), false), (.tokens(), true),
            (.tokens(isIssuing: false), true), (.outbox, false),
        ]
        var amounts: [Int] = []
        for (number, step) in steps.enumerated() {
            // What the step before has left in the queue comes to this one, and copies of it.
            try await scene.send("\(number)", amount: number, copies: 3, hasToken: step.hasTokens)
            amounts.append(number)
            #expect(try await scene.handle("till", with: till, make(step.0)) == .processed)
            #expect(try await scene.handle("till", with: till, make(step.0)) == .duplicate)
            // Before the way back is at its end, no tokens are left.
            let next = steps.indices.contains(number + 1) ? steps[number + 1].0 : step.0
            if number == 3 {
                #expect(try await scene.handle("till", with: till, make(step.0)) == .duplicate)
                for queue in ["orders", "audit"] {
                    while let told = try await scene.database.takeNow(from: queue, max: 1).first {
                        let message = try Envelope(decoding: told.message)
                        if let token = try message.token() {
                            try await TokenRecords(
                                store: scene.database, environment: environment
                            ).consume(token)
                        }
                        _ = try await scene.database.acknowledge(told.receipt)
                    }
                }
                #expect(try await scene.database.countTokens() == 0)
            } else {
                #expect(try await scene.handle("till", with: till, make(next)) == .duplicate)
            }
        }
        #expect(try await scene.purse()?.payments == amounts)
    }
}

private struct Noted: Event {
    let text: String
    var key = "all"
}

private struct Page: Entity {
    var texts: [String] = []
}

private struct BrokenBlobs: BlobStore {
    func put(_ bytes: [UInt8], as name: String) async throws(BackendError) {
        throw BackendError(.didNotHappen, "the blobs are down")
    }

    func get(_ name: String) async throws(BackendError) -> [UInt8]? { nil }
    func delete(_ name: String) async throws(BackendError) {}
}
