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
        let envelopes = try (0..<messages).map { index in
            Envelope(
                id: MessageID("message \(index + 1)"), type: Count.typeName,
                body: try JSON.encode(Count(name: "m\(index + 1)", outputs: outputs)),
                sentAt: Environment.system.now())
        }
        let names = Dictionary(
            uniqueKeysWithValues: envelopes.enumerated().map { ($1.id, "m\($0 + 1)") })
        let recorder = Recorder(names, total: messages + copies - 1)
        for (endpoint, type) in [(Self.queue, Count.typeName), (Self.outbound, Counted.typeName)] {
            _ = try await base.transport.register(Registration(endpoint: endpoint, types: [type]))
        }
        let all = Array(repeating: envelopes[0], count: copies - 1) + envelopes
        try await base.transport.send(all.map { Outgoing($0, to: Self.queue) })
        try await run(base, recorder)
        recorder.note("rest", by: "")
        return recorder.trace
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
                    base, "c\(index + 1)", key: Self.key, isInbox: spec == .inbox,
                    fate: fate, seed: seed &* 1_000 &+ UInt64(index), recorder)
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
        if spec == .transactional {
            return Endpoint(
                Self.handlers, database: database, options: options, environment: environment,
                logger: logger)
        }
        return Endpoint(
            Self.handlers, store: database, transport: database,
            deduplication: spec == .inbox ? .inbox : .outbox,
            options: options, environment: environment, logger: logger)
    }

    private static let handlers = Handlers(queue) {
        Handle(Count.self, by: \.all) { (message, tally: inout Tally, context) in
            // No guard against doing it twice: that is what is looked at.
            tally.applied.append(message.name)
            for number in 0..<message.outputs {
                context.publish(Counted(name: message.name, number: number))
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
    var all = "all"
}

private struct Counted: Event {
    let name: String
    let number: Int
}
