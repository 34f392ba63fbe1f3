import CoreMetrics
import Foundation
import Logging
import Pawl
import PawlSQLite
import ServiceLifecycle

/// Measures Pawl on SQLite, and beside it the same statements by hand.
///
/// Both start from a copy of the same files, and each handles all messages before the other does.
public struct SQLiteBenchmark: Sendable {
    /// An algorithm that can be measured.
    public enum Algorithm: String, Sendable, CaseIterable {
        /// Store and queues in one file.
        case transactional
        /// Store and queues in files of their own.
        case outbox
        /// The same, with processed ids in records of their own.
        case inbox
        /// The same, with tokens in the store's file.
        case tokens
        /// The same, with what handlers were given beside their entities.
        case replay
        /// The same, where nothing is remembered, and a handler that bears it.
        case natural
    }

    /// What is measured.
    public var algorithm: Algorithm
    /// How many messages.
    public var messages: Int
    /// How many messages are left in the queue.
    public var backlog: Int
    /// How many messages the endpoint handles at once.
    public var concurrency: Int
    /// How many single messages are sent to the idle system.
    public var latencySamples: Int
    /// A folder for the files, removed at the end; it should be on the disk that is meant.
    public var folder: String
    /// Starts the program again, as a sender for the measurement across two processes. The
    /// arguments are what ``send(over:)`` needs.
    public var sender: [String]

    /// Creates a benchmark.
    ///
    /// - Parameters:
    ///   - algorithm: What is measured.
    ///   - messages: How many messages.
    ///   - backlog: How many messages are left in the queue.
    ///   - concurrency: How many messages the endpoint handles at once.
    ///   - latencySamples: How many single messages are sent to the idle system.
    ///   - folder: A folder for the files.
    ///   - sender: The program and arguments that run ``send(over:)``; the path is added.
    public init(
        algorithm: Algorithm, messages: Int, backlog: Int, concurrency: Int, latencySamples: Int,
        folder: String, sender: [String]
    ) {
        self.algorithm = algorithm
        self.messages = messages
        self.backlog = backlog
        self.concurrency = concurrency
        self.latencySamples = latencySamples
        self.folder = folder
        self.sender = sender
    }

    private var environment: Environment { .system }

    /// Runs the benchmark.
    ///
    /// - Parameter progress: Told what is being done.
    /// - Returns: What was measured.
    /// - Throws: What the files or the endpoint throw.
    public func run(progress: @Sendable (String) -> Void) async throws -> Report {
        let metrics = CountingMetrics()
        MetricsSystem.bootstrap(metrics)
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? manager.removeItem(atPath: folder) }

        progress("Filling the queue with \(messages + backlog) messages")
        let filled = Files(folder: folder + "/pawl", algorithm: algorithm)
        try manager.createDirectory(atPath: filled.folder, withIntermediateDirectories: true)
        try await fill(filled)
        let copy = Files(folder: folder + "/raw", algorithm: algorithm)
        try manager.createDirectory(atPath: copy.folder, withIntermediateDirectories: true)
        for path in Set([\Files.store, \Files.queues]) where copy.isThere(path) == false {
            try RawLimit.copy(filled[keyPath: path], to: copy[keyPath: path])
        }

        progress("By hand")
        let raw = try RawLimit(
            store: copy.store, queue: copy.queues, algorithm: algorithm)
        let body = String(decoding: try JSONEncoder().encode(Player()), as: UTF8.self)
        let outgoing = try envelope(of: PointsAdded(player: 1, points: 1, total: 1)).encoded()
        // One half before Pawl and one after it, since the speed of a shared machine drifts.
        let half = max(1, messages / 2)
        func runByHand() throws -> Double {
            Double(
                try raw.run(messages: half, body: body, outgoing: outgoing, clock: environment))
        }
        let before = try runByHand()

        progress("Pawl")
        let throughput = try await handle(filled, metrics)

        progress("By hand")
        let after = try runByHand()
        let rawThroughput = Int(2 / (1 / max(1, before) + 1 / max(1, after)))

        progress("Single messages")
        let rawCommits = try raw.commits(latencySamples, clock: environment)
        let idle = try await measureIdle(metrics)
        return Report(
            backend: "sqlite", algorithm: algorithm.rawValue, messages: messages, backlog: backlog,
            messages_per_second: throughput.perSecond, raw_messages_per_second: rawThroughput,
            ratio: (Double(throughput.perSecond) / Double(max(1, rawThroughput)) * 100).rounded()
                / 100,
            latency_ms: Report.Latency(idle.oneProcess),
            latency_two_processes_ms: Report.Latency(idle.twoProcesses),
            raw_commit_ms: Report.Latency(rawCommits),
            peak_rss_mb: throughput.peakMemory, concurrency: concurrency,
            batch: throughput.batch, fsyncs_per_message: throughput.syncs)
    }

    /// Sends one message over the queue file for each line of the standard input: what the other
    /// process does.
    ///
    /// - Parameter path: The queue file.
    /// - Throws: What the file throws.
    public static func send(over path: String) async throws {
        let queues = try SQLiteTransport.open(path)
        print("ready")
        fflush(nil)
        while readLine() != nil {
            let command = AddPoints(player: 1, points: 1, reason: "sent by another process")
            try await queues.send([Outgoing(try envelope(of: command), to: Handlers.scores.name)])
        }
    }
}

// MARK: - The parts

extension SQLiteBenchmark {
    struct Files: Sendable {
        let folder: String
        let algorithm: Algorithm

        /// Whether store and queues are two files.
        var isApart: Bool { algorithm != .transactional }
        var store: String { folder + (isApart ? "/store.sqlite" : "/shop.sqlite") }
        func isThere(_ path: KeyPath<Files, String>) -> Bool {
            FileManager.default.fileExists(atPath: self[keyPath: path])
        }

        var queues: String { folder + (isApart ? "/queues.sqlite" : "/shop.sqlite") }
    }

    /// An endpoint over opened files.
    struct Deployment {
        let store: any Store
        let transport: any Transport
        let endpoint: Endpoint
        /// Sends messages with tokens; `nil` where there are none.
        let session: Session?

        init(_ files: Files, concurrency: Int) throws {
            let options = EndpointOptions(concurrency: concurrency)
            var logger = Logger(label: "bench")
            logger.logLevel = .warning
            switch files.algorithm {
            case .transactional:
                let database = try SQLiteDatabase.open(files.store)
                store = database
                transport = database
                endpoint = Endpoint(.scores, database: database, options: options, logger: logger)
                session = nil
            case .outbox, .inbox, .tokens, .replay, .natural:
                store = try SQLiteStore.open(files.store)
                transport = try SQLiteTransport.open(files.queues)
                let deduplication: Deduplication =
                    switch files.algorithm {
                    case .inbox: .inbox
                    case .tokens: .tokens()
                    case .replay: .replay
                    case .natural: .natural
                    default: .outbox
                    }
                endpoint = Endpoint(
                    files.algorithm == .natural ? .idempotentScores : .scores, store: store,
                    transport: transport, deduplication: deduplication, options: options,
                    logger: logger)
                session =
                    files.algorithm == .tokens
                    ? Session(
                        .sink, store: store, transport: transport,
                        deduplication: deduplication) : nil
            }
        }
    }

    /// Puts the players into the store and the messages into the queue. Under `transactional` the
    /// messages are sent by transactions of the same database, as an endpoint there would.
    private func fill(_ files: Files) async throws {
        let deployment = try Deployment(files, concurrency: concurrency)
        try await deployment.endpoint.register()
        let sink = Registration(endpoint: Handlers.sink.name, types: Handlers.sink.types)
        _ = try await deployment.transport.register(sink)
        let body = Array(try JSONEncoder().encode(Player()))
        try await inGroups(of: 500, upTo: Handlers.players) { range in
            try await withThrowingDiscardingTaskGroup { group in
                for player in range {
                    group.addTask {
                        let key = DocumentKey(kind: Player.kind, id: String(player))
                        _ = try await deployment.store.write(
                            [.put(key, Content(body: body), if: .absent)],
                            in: PartitionKey(key.id))
                    }
                }
            }
        }
        if let session = deployment.session {
            return try await inGroups(of: 500, upTo: messages + backlog) { range in
                try await session.send { context in
                    for number in range {
                        context.send(
                            AddPoints(
                                player: number % Handlers.players, points: 7,
                                reason: "game \(number)"), to: Handlers.scores.name)
                    }
                }
            }
        }
        try await inGroups(of: 1000, upTo: messages + backlog) { range in
            let batch = try range.map { number in
                Outgoing(
                    try envelope(
                        of: AddPoints(
                            player: number % Handlers.players, points: 7, reason: "game \(number)")),
                    to: Handlers.scores.name)
            }
            guard let database = deployment.store as? any Database else {
                return try await deployment.transport.send(batch)
            }
            _ = try await database.commit(
                Transaction(
                    receipt: nil, id: MessageID(from: environment), endpoint: "filling",
                    partition: "filling", writes: [], messages: batch))
        }
    }

    private func inGroups(
        of size: Int, upTo count: Int, _ body: (Range<Int>) async throws -> Void
    ) async throws {
        for start in stride(from: 0, to: count, by: size) {
            try await body(start..<min(count, start + size))
        }
    }

    private func handle(
        _ files: Files, _ metrics: CountingMetrics
    ) async throws -> (perSecond: Int, peakMemory: Double, batch: Double, syncs: Double) {
        let deployment = try Deployment(files, concurrency: concurrency)
        let done = metrics.count("messaging.client.consumed.messages", endpoint: "scores")
        let commits = metrics.count("pawl.sqlite.commits")
        let operations = metrics.count("pawl.sqlite.operations")
        for count in [done, commits, operations] { count.reset() }
        Memory.resetPeak()
        let start = environment.now()
        let throughput = try await whileRunning(deployment) {
            await done.reaches(Int64(messages))
            return perSecond(Int(done.value), since: start, environment)
        }
        return (
            throughput, Memory.peak,
            (Double(operations.value) / Double(max(1, commits.value)) * 10).rounded() / 10,
            (Double(commits.value) / Double(max(1, done.value)) * 1000).rounded() / 1000
        )
    }

    private func whileRunning<Value: Sendable>(
        _ deployment: Deployment, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "bench")
        logger.logLevel = .warning
        let group = ServiceGroup(services: [deployment.endpoint], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let value = try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    private func measureIdle(
        _ metrics: CountingMetrics
    ) async throws -> (oneProcess: [Double], twoProcesses: [Double]) {
        let files = Files(folder: folder + "/idle", algorithm: algorithm)
        try FileManager.default.createDirectory(
            atPath: files.folder, withIntermediateDirectories: true)
        let empty = SQLiteBenchmark(
            algorithm: algorithm, messages: 0, backlog: 0, concurrency: concurrency,
            latencySamples: 0, folder: files.folder, sender: [])
        try await empty.fill(files)
        let deployment = try Deployment(files, concurrency: concurrency)
        let done = metrics.count("messaging.client.consumed.messages", endpoint: "scores")
        done.reset()
        return try await whileRunning(deployment) {
            var goal: Int64 = 0
            func time(_ send: () async throws -> Void) async throws -> Double {
                let start = environment.now()
                try await send()
                goal += 1
                await done.reaches(goal)
                return Double((environment.now() - start).components.attoseconds) / 1e15
            }
            var one: [Double] = []
            var two: [Double] = []
            for sample in 0..<latencySamples {
                let command = AddPoints(player: sample % 10, points: 1, reason: "alone")
                let message = Outgoing(try envelope(of: command), to: Handlers.scores.name)
                one.append(try await time { try await deployment.transport.send([message]) })
            }
            let other = try OtherProcess(sender + [files.queues])
            for _ in 0..<latencySamples { two.append(try await time { try other.sendOne() }) }
            other.end()
            return (one, two)
        }
    }
}

func envelope(of message: some Message) throws -> Envelope {
    let body = try JSONEncoder().encode(message)
    return Envelope(
        id: MessageID(from: .system), type: type(of: message).typeName, body: Array(body),
        sentAt: Environment.system.now())
}
