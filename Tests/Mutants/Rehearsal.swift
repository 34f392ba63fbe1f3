import Pawl
import PawlCheck
internal import Synchronization

/// A tiny system in which an algorithm can be run once: one entity that counts, one endpoint, and
/// two that are told of every count.
struct Rehearsal {
    private struct Counted: Event {
        let count: Int
        /// Makes it so long that two of them fill a document of the smallest store, and fit into it.
        var text = ""
    }

    private static let endpoint = "counter"
    private static let subscribers = ["first", "second"]
    private static let key = DocumentKey(kind: "Counter", id: "a")
    private static let partition: PartitionKey = "a"

    let database: MemoryDatabase
    private let algorithm: AlgorithmUnderCheck
    private let environment: Environment

    init(_ algorithm: AlgorithmUnderCheck) async throws {
        // Time stands still, and random numbers are the same in every run.
        let drawn = Counter()
        environment = Environment(
            now: { Timestamp(microseconds: 1_767_225_600_000_000) }, sleep: { _ in },
            random: { drawn.next() })
        self.algorithm = algorithm
        let limits = algorithm.largestDocument.map {
            StoreLimits(largestDocument: $0, largestBatch: 100)
        }
        database = MemoryDatabase(limits: limits ?? .memory, environment: environment)
        _ = try await database.register(Registration(endpoint: Self.endpoint, types: ["Count"]))
        for subscriber in Self.subscribers {
            _ = try await database.register(
                Registration(endpoint: subscriber, types: [Counted.typeName]))
        }
    }

    // MARK: What is done

    func send(copies: Int) async throws {
        let message = Outgoing(envelope("message"), to: Self.endpoint)
        try await message.envelope.token()?.make(in: database)
        for _ in 0..<copies { try await database.send([message]) }
    }

    func process(over database: RecordingDatabase) async throws -> Outcome {
        let deliveries = try await database.receive(
            from: Self.endpoint, max: 1, lease: .seconds(30))
        return try await algorithm.make(database, environment)
            .process(attempt("message"), deliveries[0].receipt)
    }

    func submit(over database: RecordingDatabase) async throws -> SubmissionOutcome {
        try await algorithm.make(database, environment).submit(attempt("submission"))
    }

    func complete(
        over database: RecordingDatabase, isLastTry: Bool = false
    ) async throws -> Bool {
        let submission = Submission(
            id: MessageID("submission"), partition: Self.partition.name, kind: Self.key.kind,
            document: Self.key.id)
        return try await algorithm.make(database, environment)
            .complete(submission, isLastTry: isLastTry)
    }

    private func envelope(_ id: String) -> Envelope {
        var envelope = Envelope(
            id: MessageID(id), type: "Count", body: [], sentAt: environment.now())
        if algorithm.hasTokens, id == "message" {
            envelope.carry(Token(ofSenderOf: id))
        }
        return envelope
    }

    private func attempt(_ id: String) -> Attempt {
        let isIdempotent = algorithm.demand == .idempotence
        let work = Work(partition: Self.partition, keys: [Self.key]) { bodies, context in
            let count = isIdempotent ? 1 : (bodies[0]?.count ?? 0) + 1
            context.publish(Counted(count: count))
            return [Array(repeating: 1, count: count)]
        }
        return Attempt(
            message: envelope(id), endpoint: Self.endpoint, work: work,
            router: Router(transport: database), environment: environment)
    }

    // MARK: What has become of it

    func outcome(
        _ calls: [Mutation.CallKind], _ answer: String
    ) async throws -> CallRecorder.Run {
        CallRecorder.Run(
            calls: calls, answer: answer,
            entity: try await database.read(Self.key, in: Self.partition)?.content,
            beside: try await beside(),
            sent: try await everything(in: Self.subscribers[1]),
            left: try await everything(in: Self.endpoint).count)
    }

    /// What an algorithm keeps in documents of its own.
    private func beside() async throws -> [DocumentKey: Content] {
        var found: [DocumentKey: Content] = [:]
        for kind in [InboxRecords.kind, StagedMessages.kind, Premises.kind, Token.kind] {
            for located in try await database.list(kind: kind, after: nil, limit: 100) {
                let key = DocumentKey(
                    kind: kind, id: "\(located.partition) \(located.key.id)")
                found[key] = located.document.content
            }
        }
        return found
    }

    /// All messages that can be had from a queue.
    private func everything(in queue: String) async throws -> [[UInt8]] {
        // Behind a last one of our own nobody waits for more.
        let last = envelope("last")
        try await database.send([Outgoing(last, to: queue)])
        var messages: [[UInt8]] = []
        while let message = try await database.receive(
            from: queue, max: 1, lease: .seconds(30)
        ).first?.message, message != last.encoded() {
            messages.append(message)
        }
        return messages
    }
}

/// Numbers in their order, in place of random ones.
private final class Counter: Sendable {
    private let last = Mutex<UInt64>(0)

    func next() -> UInt64 {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
