import Pawl
import PawlCheck
import Synchronization

/// One endpoint over a database in memory, with an algorithm as an endpoint gets it, a clock that is
/// turned by hand, and everything counted.
final class Workplace {
    /// A message of the work.
    struct Step: Equatable {
        /// Which one it is of all, in the order in which they are handled.
        var number: Int
        /// How many messages it still causes, one after the other.
        var left: Int

        init(number: Int, left: Int) {
            self.number = number
            self.left = left
        }

        init(_ body: [UInt8]) throws {
            let parts = String(decoding: body, as: UTF8.self).split(separator: " ").map { Int($0) }
            guard parts.count == 2, let number = parts[0], let left = parts[1] else {
                throw WorkError("The message \(parts) is none of the comparison's.")
            }
            self.init(number: number, left: left)
        }

        var body: [UInt8] { Array("\(number) \(left)".utf8) }
    }

    static let queue = "steps"
    static let type = "Step"
    static let kind = "Account"
    /// How many walks go on at a time: the next message of a walk has a number larger by that.
    static let walks = 10
    /// The size of an entity's own state.
    static let bodySize = 200
    /// How long each message takes, on the clock that is turned by hand.
    static let pace: Duration = .milliseconds(100)

    let subject: AlgorithmUnderCheck
    let entities: Int
    let clock = HandClock()
    let base: MemoryDatabase
    let metered: MeteredDatabase
    private let environment: Environment
    private let algorithm: any DeduplicationAlgorithm
    /// The number of messages in the queue that nobody has received.
    private(set) var waiting = 0

    init(_ subject: AlgorithmUnderCheck, entities: Int) async throws {
        self.subject = subject
        self.entities = entities
        let clock = clock
        environment = Environment(
            now: { clock.now }, sleep: { _ in }, random: { clock.draw() })
        base = MemoryDatabase(environment: environment)
        metered = MeteredDatabase(base: base, entities: Self.kind)
        algorithm = subject.make(metered, environment)
        _ = try await base.register(Registration(endpoint: Self.queue, types: [Self.type]))
    }

    // MARK: What comes

    /// Sends a message as a sender does that is none of the endpoint's, with its token if the
    /// algorithm's senders make any.
    ///
    /// - Returns: What was sent, so that it can be sent again.
    func sendFromOutside(_ step: Step) async throws -> Outgoing {
        var envelope = Envelope(
            id: MessageID("from outside \(step.number)"), type: Self.type, body: step.body,
            sentAt: clock.now)
        if subject.hasTokens {
            let token = Token(ofSenderOf: "\(step.number)")
            envelope.carry(token)
            try await token.make(in: base)
        }
        let message = Outgoing(envelope, to: Self.queue)
        try await send(message)
        return message
    }

    /// Sends a message as it is, for the first time or once more.
    func send(_ message: Outgoing) async throws {
        try await base.send([message])
        waiting += 1
    }

    /// As many messages as there are, up to a batch.
    func receive() async throws -> [(envelope: Envelope, receipt: Receipt)] {
        // Where nothing is, nobody would ever come back from waiting.
        if waiting == 0 { return [] }
        let deliveries = try await base.receive(
            from: Self.queue, max: Prices.largestBatch, lease: .days(1))
        waiting -= deliveries.count
        return try deliveries.map { (try Envelope(decoding: $0.message), $0.receipt) }
    }

    /// Handles a message as an endpoint does.
    ///
    /// - Returns: What it took.
    func handle(_ envelope: Envelope, _ receipt: Receipt) async throws -> CallCounts {
        _ = metered.take()
        clock.advance(by: Self.pace)
        if let whole = try await algorithm.open(envelope) {
            let outcome = try await algorithm.process(
                Attempt(
                    message: whole, endpoint: Self.queue, work: try work(on: whole),
                    router: Router(transport: base), environment: environment), receipt)
            guard outcome == .processed || outcome == .duplicate else {
                throw WorkError(
                    "\(subject.name): nobody else was there, but an attempt came to \(outcome).")
            }
        } else {
            _ = try await metered.acknowledge(receipt)
        }
        let counts = metered.take()
        waiting += counts.sentMessages
        return counts
    }

    /// Handles everything that there is and that it leads to, one message after the other.
    func handleAll() async throws {
        while waiting > 0 {
            for (envelope, receipt) in try await receive() {
                _ = try await handle(envelope, receipt)
            }
        }
    }

    /// What a handler does: an entity of some bytes changes, and the next message is sent.
    ///
    /// It counts what is applied. Where handlers have to be idempotent it can't; it keeps the largest
    /// number then.
    private func work(on envelope: Envelope) throws -> Work {
        let step = try Step(envelope.body)
        let isIdempotent = subject.demand == .idempotence
        let key = key(step)
        return Work(partition: partition(step), keys: [key]) { bodies, context in
            if step.left > 0 {
                let next = Step(number: step.number + Self.walks, left: step.left - 1)
                context.add(type: Self.type, body: next.body, to: .queue(Self.queue))
            }
            let state = bodies[0].flatMap { Self.number(in: $0) } ?? 0
            return [Self.state(isIdempotent ? max(state, step.number + 1) : state + 1)]
        }
    }

    private func key(_ step: Step) -> DocumentKey {
        DocumentKey(kind: Self.kind, id: "\(step.number % entities)")
    }

    private func partition(_ step: Step) -> PartitionKey {
        PartitionKey("account \(step.number % entities)")
    }

    private static func state(_ number: Int) -> [UInt8] {
        let digits = Array("\(number)".utf8)
        return digits + Array(repeating: UInt8(ascii: " "), count: bodySize - digits.count)
    }

    private static func number(in body: [UInt8]) -> Int? {
        Int(String(decoding: body.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self))
    }

    // MARK: What is there

    /// The state of the entity that a message is about.
    func state(of step: Step) async throws -> Int? {
        try await base.read(key(step), in: partition(step))?.content.body
            .flatMap { Self.number(in: $0) }
    }

    /// The bytes that are there only so that copies are known: ledgers, documents that aren't
    /// entities with their addresses, and ids that the database itself remembers.
    func remembered(of ids: some Sequence<MessageID>) async throws -> Int {
        var bytes = 0
        for kind in metered.kinds {
            var last: LocatedDocument?
            while true {
                let page = try await base.list(kind: kind, after: last, limit: 1_000)
                guard let end = page.last else { break }
                for found in page {
                    bytes += found.document.content.ledger.count
                    if kind == Self.kind { continue }
                    bytes += found.document.content.body?.count ?? 0
                    bytes += Prices.address(found.key, found.partition)
                }
                last = end
            }
        }
        for id in ids where try await base.isProcessed(id, by: Self.queue) {
            bytes += Self.bytesOfID
        }
        return bytes
    }

    private static let bytesOfID = 16
}

/// A clock that is turned by hand, and numbers in their order in place of random ones.
final class HandClock: Sendable {
    private let state = Mutex(
        (now: Timestamp(microseconds: 1_767_225_600_000_000), drawn: UInt64(0)))

    var now: Timestamp { state.withLock { $0.now } }

    func advance(by duration: Duration) {
        state.withLock { $0.now = $0.now + duration }
    }

    func draw() -> UInt64 {
        state.withLock { state in
            state.drawn += 1
            return state.drawn
        }
    }
}

/// Why a comparison could not be made.
struct WorkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
