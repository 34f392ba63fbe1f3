import Foundation
import Logging
import Pawl
import PawlCheck
import PawlSQLite

/// A run of several endpoints on SQLite, each in its own environment as in a process of its own,
/// written down as a trace of a spec.
struct RecordedRun {
    /// What could not be recorded.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let spec: SpecScope.Spec
    let consumers: Int
    let messages: Int
    /// How many copies of the first message there are.
    let copies: Int
    let outputs: Int
    /// Whether the first message is turned down, so that it changes nothing.
    let rejects: Bool
    /// What faults are drawn from.
    let seed: UInt64
    let folder: URL

    private static let queue = "tallying"
    private static let outbound = "outbound"
    private static let key = DocumentKey(kind: Tally.kind, id: "all")
    /// A run that is not over by then never will be.
    private static let longest: Duration = .seconds(120)

    /// Runs until all messages are gone and everybody has come to the end of what he does.
    ///
    /// - Returns: The trace.
    /// - Throws: A ``Failure`` if that takes too long; what the queues threw when they were set up.
    func trace() async throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let base = try base()
        var envelopes: [Envelope] = []
        for index in 0..<messages { envelopes.append(try await envelope(index, base)) }
        let names = Dictionary(
            uniqueKeysWithValues: envelopes.enumerated().map { ($1.id, "m\($0 + 1)") })
        let recorder = Recorder(names, total: messages + copies - 1)
        for (endpoint, type) in [(Self.queue, Count.typeName), (Self.outbound, Counted.typeName)] {
            _ = try await base.transport.register(Registration(endpoint: endpoint, types: [type]))
        }
        let all = Array(repeating: envelopes[0], count: copies - 1) + envelopes
        try await base.transport.send(all.map { Outgoing($0, to: Self.queue) })
        try await run(base, recorder)
        // Those of messages that are not processed, and of those that were sent: nobody has them.
        let tokens = spec == .tokens ? [("tokens", "\(try await base.store.countTokens())")] : []
        recorder.note("rest", by: "", tokens)
        return recorder.trace
    }

    private func envelope(_ index: Int, _ base: RecordedDatabase.Base) async throws -> Envelope {
        let count = Count(
            name: "m\(index + 1)", outputs: outputs, isTurnedDown: rejects && index == 0)
        var envelope = Envelope(
            id: MessageID("message \(index + 1)"), type: Count.typeName,
            body: try JSON.encode(count), sentAt: Environment.system.now())
        guard spec == .tokens else { return envelope }
        let token = Token(attempt: MessageID("sender of \(envelope.id)"), ordinal: 0)
        envelope.headers[Token.header] = token.description
        let records = TokenRecords(store: base.store, environment: .system)
        guard try await records.issue(1, for: token.attempt) else {
            throw Failure(description: "There was a token of \(count.name) before it was made.")
        }
        return envelope
    }

    /// One file for everything, or one for the store and one for the queues.
    private func base() throws -> RecordedDatabase.Base {
        let options = SQLiteOptions(synchronous: .normal)
        if spec == .transactional {
            let database = try SQLiteDatabase.open(
                folder.appending(path: "all.sqlite").path, options: options)
            return RecordedDatabase.Base(store: database, transport: database, database: database)
        }
        return RecordedDatabase.Base(
            store: try SQLiteStore.open(
                folder.appending(path: "store.sqlite").path, options: options),
            transport: try SQLiteTransport.open(
                folder.appending(path: "queues.sqlite").path, options: options), database: nil)
    }

    private func run(_ base: RecordedDatabase.Base, _ recorder: Recorder) async throws {
        let isOver = try await withThrowingTaskGroup(of: Bool?.self) { group in
            for index in 0..<consumers {
                // One lives on and does what the others leave behind.
                let fate: RecordedDatabase.Fate =
                    index == 0 ? .nothing : [.nothing, .death, .stall][Int(seed % 3)]
                let database = RecordedDatabase(
                    base, spec, "c\(index + 1)", key: Self.key, fate: fate,
                    seed: seed &* 1_000 &+ UInt64(index), recorder)
                let endpoint = endpoint(on: database)
                group.addTask {
                    // A dead process is restless: it is told again and again that it can't.
                    try? await endpoint.run()
                    return nil
                }
            }
            group.addTask {
                for await _ in recorder.isDone {}
                return true
            }
            group.addTask {
                try await Environment.system.sleep(Self.longest)
                return false
            }
            defer { group.cancelAll() }
            for try await result in group {
                if let result { return result }
            }
            return false
        }
        guard isOver else {
            throw Failure(
                description: """
                    Not all messages are gone after \(Self.longest). Look where it stands still; what \
                    was seen: \(recorder.trace)
                    """)
        }
    }

    private func endpoint(on database: RecordedDatabase) -> Endpoint {
        let options = EndpointOptions(concurrency: 1, lease: .seconds(5))
        let system = Environment.system
        let environment = Environment(now: system.now, sleep: system.sleep, random: system.random)
        // That calls fail is what is wanted.
        let logger = Logger(label: "recorded") { _ in SwiftLogNoOpLogHandler() }
        guard let deduplication else {
            return Endpoint(
                handlers, database: database, options: options, environment: environment,
                logger: logger)
        }
        return Endpoint(
            handlers, store: database, transport: database, deduplication: deduplication,
            options: options, environment: environment, logger: logger)
    }

    /// The algorithm; `nil` if it is the one over a database.
    private var deduplication: Deduplication? {
        switch spec {
        case .transactional: nil
        case .outbox, .outboxStaged, .session: .outbox
        case .inbox: .inbox
        case .claimInbox: .inbox(retention: .days(7), reads: .eventual)
        case .tokens: .tokens()
        case .replay: .replay
        case .natural: .natural
        }
    }

    private var handlers: Handlers {
        let isIdempotent = spec == .natural
        return Handlers(Self.queue) {
            Handle(Count.self, by: \.all) { (message, tally: inout Tally, context) in
                // What it makes follows from all that it is given; of an idempotent handler, from
                // the message.
                let given = isIdempotent ? [] : tally.applied
                // No guard against doing it twice but in an idempotent handler: that is what is
                // looked at.
                if !isIdempotent || !tally.applied.contains(message.name) {
                    tally.applied.append(message.name)
                }
                if message.isTurnedDown { context.reject() }
                for number in 0..<message.outputs {
                    context.publish(Counted(name: message.name, number: number, given: given))
                }
            }
        }
    }
}

/// What the entity of a recorded run holds: the messages that were applied, in order.
struct Tally: Entity {
    var applied: [String] = []
}

private struct Count: Command {
    let name: String
    let outputs: Int
    let isTurnedDown: Bool
    var all = "all"
}

/// What the messages of a recorded run cause.
struct Counted: Event {
    let name: String
    let number: Int
    /// What was applied before.
    let given: [String]
}
