import PawlCheck
import PawlContracts

@testable import Pawl

/// Handles three messages about one account — a command, another one, and a copy of the first —
/// once for each call that a process makes, with something going wrong at that call, and says what
/// is wrong afterwards.
struct CrashPoints: Sendable {
    /// Makes the algorithm over what one process sees.
    let algorithm: @Sendable (BoundedDatabase, Environment) -> any DeduplicationAlgorithm
    /// Whether the commands were sent by a commit of the same database, which leaves no copies.
    var isLocal = false
    /// Whether whoever has sent the commands has made tokens for them.
    var hasTokens = false
    /// Whether the handlers are such that applying a message twice is applying it once.
    var isIdempotent = false

    /// All that is wrong after something went wrong at any call.
    func violations() async throws -> [String] {
        var found: [String] = []
        for story in Story.all {
            var call = 0
            while true {
                let world = World(points: self)
                try await world.begin(story.copy)
                guard try await world.tell(story, disturbing: call) else { break }
                found += try await world.violations().map { "\(story.name), call \(call): \($0)" }
                call += 1
            }
        }
        return found
    }
}

/// What goes wrong, and what others do meanwhile.
struct Story: Sendable {
    enum Kind: CaseIterable {
        case crashBefore, crashAfter, failBefore, failAfter, others, othersAfterTheLease
    }

    /// Where the copy of the first command is in the queue.
    enum Copy: CaseIterable { case second, last, none }

    let kind: Kind
    let copy: Copy

    var name: String { "\(kind), copy \(copy)" }

    static let all = Kind.allCases.flatMap { kind in
        Copy.allCases.map { Story(kind: kind, copy: $0) }
    }
}

/// The backends of one run, which outlive the processes.
private struct World: Sendable {
    static let lease: Duration = .seconds(30)

    let points: CrashPoints
    let clock = ManualClock()
    let database: MemoryDatabase

    init(points: CrashPoints) {
        self.points = points
        database = MemoryDatabase(environment: clock.environment)
    }

    func begin(_ copy: Story.Copy) async throws {
        for (endpoint, type) in [("till", "Pay"), ("orders", "Paid"), ("audit", "Paid")] {
            _ = try await database.register(Registration(endpoint: endpoint, types: [type]))
        }
        let first = try command("first", 10)
        let second = try command("second", 5)
        for token in [try first.token(), try second.token()].compactMap(\.self) {
            try await token.make(in: database)
        }
        if points.isLocal {
            let messages = [Outgoing(first, to: "till"), Outgoing(second, to: "till")]
            _ = try await database.commit(
                Transaction(
                    receipt: nil, id: MessageID("sender"), endpoint: "sender", partition: "sender",
                    writes: [], messages: messages))
        } else {
            let messages =
                switch copy {
                case .second: [first, first, second]
                case .last: [first, second, first]
                case .none: [first, second]
                }
            try await database.send(messages.map { Outgoing($0, to: "till") })
        }
    }

    /// Lets one process handle the first delivery, with one call disturbed, then others finish.
    /// Returns whether that call was reached.
    func tell(_ story: Story, disturbing call: Int) async throws -> Bool {
        let boundary = Boundary(disturbance(story.kind), at: call)
        guard let delivery = try await database.takeNow(from: "till", max: 1).first else {
            return false
        }
        await handle(delivery, at: boundary)
        guard boundary.wasDisturbed else { return false }
        // Others go on while the lease still holds, and after it has ended.
        await drain()
        await clock.advance(by: Self.lease)
        await drain()
        // A last copy comes long after all the others.
        if !points.isLocal, story.copy != .none {
            try await database.send([Outgoing(try command("first", 10), to: "till")])
        }
        await drain()
        return true
    }

    private func command(_ name: String, _ amount: Int) throws -> Envelope {
        var message = try Envelope.outside(Pay(account: "a", amount: amount), id: name)
        if points.hasTokens {
            message.carry(Token(ofSenderOf: name))
        }
        return message
    }

    private func disturbance(_ kind: Story.Kind) -> Disturbance {
        switch kind {
        case .crashBefore: .crashBefore
        case .crashAfter: .crashAfter
        case .failBefore: .failBefore(.didNotHappen)
        case .failAfter: .failAfter(.mayHaveHappened)
        case .others: .meanwhile { await drain() }
        case .othersAfterTheLease:
            .meanwhile {
                await clock.advance(by: Self.lease)
                await drain()
            }
        }
    }

    /// A process in good health handles all that is visible.
    private func drain() async {
        while let deliveries = try? await database.takeNow(from: "till", max: 1),
            let delivery = deliveries.first
        {
            await handle(delivery, at: Boundary())
        }
    }

    /// What an endpoint does with a delivery: attempts, until one is no conflict and does not fail.
    private func handle(_ delivery: Delivery, at boundary: Boundary) async {
        let bounded = BoundedDatabase(base: database, boundary: boundary)
        let environment = clock.impatient
        for _ in 0..<4 {
            do {
                let envelope = try Envelope(decoding: delivery.message)
                let handlers = points.isIdempotent ? idempotentTill : till
                guard let handler = handlers.byType[envelope.type] else { return }
                let attempt = Attempt(
                    message: envelope, endpoint: "till",
                    work: try handler.prepare(envelope, "till"),
                    router: Router(transport: bounded), environment: environment)
                let outcome = try await points.algorithm(bounded, environment)
                    .process(attempt, delivery.receipt)
                if outcome != .conflict { return }
            } catch {
                continue  // a backend that failed: another attempt; a dead process: in vain
            }
        }
    }

    func violations() async throws -> [String] {
        var found: [String] = []
        let expected: [Paid]
        if points.isIdempotent {
            let paid = try await database.read(Slips.self, "a")?.paid ?? MessageCounter()
            if paid.total != 15 || paid.count != 2 { found.append("payments \(paid)") }
            expected = [5, 10].map { Paid(account: "a", amount: $0, balance: 0) }
        } else {
            let purse = try await database.read(Purse.self, "a") ?? Purse()
            if purse.payments.sorted() != [5, 10] { found.append("payments \(purse.payments)") }
            expected = purse.events(of: "a")
        }
        let kind = points.isIdempotent ? Slips.kind : Purse.kind
        let ledger = try Ledger(await database.read(DocumentKey(kind: kind, id: "a"), in: "a"))
        for entry in ledger.entries {
            switch entry.state {
            case .pending: found.append("\(entry.id) is still pending")
            case .registered, .doomed: found.append("attempt \(entry.id) is still listed")
            default: break
            }
        }
        var tokens: Set<Token> = []
        for queue in ["orders", "audit"] {
            let bytes = Set(try await database.takeNow(from: queue).map(\.message))
            let messages = try bytes.map { try Envelope(decoding: $0) }
            for token in try messages.compactMap({ try $0.token() }) { tokens.insert(token) }
            if Set(messages.map(\.id)).count != messages.count {
                found.append("\(queue) got messages of one id that differ")
            }
            let events = try messages.map { try value(Paid.self, from: $0.body) }
            let inOrder = events.sorted { ($1.balance, $0.amount) < ($0.balance, $1.amount) }
            if inOrder != expected {
                found.append("\(queue) got \(events), but \(expected) happened")
            }
        }
        let made = try await database.list(kind: Token.kind, after: nil, limit: 100)
            .filter { $0.key != TokenRecords.shutKey }
        if Set(made.map { "\($0.partition)/\($0.key.id)" })
            != Set(tokens.map { "\($0.partition)/\($0.key.id)" })
        {
            found.append("\(made.count) tokens are there, for \(tokens.count) messages")
        }
        await clock.advance(by: Self.lease)
        let left = try await database.takeNow(from: "till").count
        if left > 0 { found.append("\(left) messages are left") }
        return found
    }
}
