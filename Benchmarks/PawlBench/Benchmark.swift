import CoreMetrics
import Foundation
import Logging
import Pawl
import PawlPostgres
import PawlSQLite
import ServiceLifecycle

/// Measures Pawl on a backend, and beside it the same statements by hand.
///
/// Both start from copies of the same data.
public struct Benchmark: Sendable {
    /// An algorithm that can be measured.
    public enum Algorithm: String, Sendable, CaseIterable {
        /// Store and queues in one database.
        case transactional
        /// Store and queues apart.
        case outbox
        /// The same, with processed ids in records of their own.
        case inbox
        /// The same, with tokens in the store.
        case tokens
        /// The same, with what handlers were given beside their entities.
        case replay
        /// The same, where nothing is remembered, and a handler that bears it.
        case natural
    }

    /// Where it is measured.
    public enum Backend: Sendable {
        /// Files in a folder, removed at the end; it should be on the disk that is meant.
        case sqlite(folder: String)
        /// Schemas in a PostgreSQL database, removed at the end.
        case postgres(url: String)
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
    /// Where it is measured.
    public var backend: Backend
    /// Starts the program again, as a sender for the measurement across two processes. The
    /// argument is what ``send(over:)`` needs.
    public var sender: [String]

    /// Creates a benchmark.
    ///
    /// - Parameters:
    ///   - algorithm: What is measured.
    ///   - messages: How many messages.
    ///   - backlog: How many messages are left in the queue.
    ///   - concurrency: How many messages the endpoint handles at once.
    ///   - latencySamples: How many single messages are sent to the idle system.
    ///   - backend: Where it is measured.
    ///   - sender: The program and arguments that run ``send(over:)``; the place is added.
    public init(
        algorithm: Algorithm, messages: Int, backlog: Int, concurrency: Int, latencySamples: Int,
        backend: Backend, sender: [String]
    ) {
        self.algorithm = algorithm
        self.messages = messages
        self.backlog = backlog
        self.concurrency = concurrency
        self.latencySamples = latencySamples
        self.backend = backend
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
        let places: any BenchmarkPlaces =
            switch backend {
            case .sqlite(let folder): try SQLitePlaces(folder: folder, algorithm: algorithm)
            case .postgres(let url): try await PostgresPlaces(url: url, algorithm: algorithm)
            }
        do {
            let report = try await run(in: places, metrics, progress: progress)
            try await places.remove()
            return report
        } catch {
            // What has failed is what counts; what can't be removed lies in a temporary place.
            try? await places.remove()
            throw error
        }
    }

    private func run(
        in places: any BenchmarkPlaces, _ metrics: CountingMetrics,
        progress: @Sendable (String) -> Void
    ) async throws -> Report {
        progress("Filling the queue with \(messages + backlog) messages")
        try await fill(places.open(.pawl, concurrency: concurrency), messages + backlog)
        try await places.copy()

        progress("By hand")
        let raw = try await places.byHand()
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
        let throughput = try await handle(
            places.open(.pawl, concurrency: concurrency), places.name, metrics)

        progress("By hand")
        let after = try runByHand()
        let rawThroughput = Int(2 / (1 / max(1, before) + 1 / max(1, after)))

        progress("Single messages")
        let rawCommits = try raw.commits(latencySamples, clock: environment)
        let idle = try await measureIdle(places, metrics)
        return Report(
            backend: places.name, algorithm: algorithm.rawValue, messages: messages,
            backlog: backlog,
            messages_per_second: throughput.perSecond, raw_messages_per_second: rawThroughput,
            ratio: (Double(throughput.perSecond) / Double(max(1, rawThroughput)) * 100).rounded()
                / 100,
            latency_ms: Report.Latency(idle.oneProcess),
            latency_two_processes_ms: Report.Latency(idle.twoProcesses),
            raw_commit_ms: Report.Latency(rawCommits),
            peak_rss_mb: throughput.peakMemory, concurrency: concurrency,
            batch: throughput.batch, fsyncs_per_message: throughput.syncs)
    }

    /// Sends one message for each line of the standard input: what the other process does.
    ///
    /// - Parameter place: A queue file, or the URL of a PostgreSQL database.
    /// - Throws: What the queue throws.
    public static func send(over place: String) async throws {
        let queues: any Transport =
            place.contains("://")
            ? try await PostgresTransport.open(place, options: PostgresPlaces.options(.idle))
            : try SQLiteTransport.open(place)
        print("ready")
        fflush(nil)
        while readLine() != nil {
            let command = AddPoints(player: 1, points: 1, reason: "sent by another process")
            try await queues.send([Outgoing(try envelope(of: command), to: Handlers.scores.name)])
        }
    }
}

// MARK: - The parts

extension Benchmark {
    /// Puts the players into the store and the messages into the queue. Under `transactional` the
    /// messages are sent by transactions of the same database, as an endpoint there would.
    private func fill(_ deployment: Deployment, _ count: Int) async throws {
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
            return try await inGroups(of: 500, upTo: count) { range in
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
        try await inGroups(of: 1000, upTo: count) { range in
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
        _ deployment: Deployment, _ backend: String, _ metrics: CountingMetrics
    ) async throws -> (perSecond: Int, peakMemory: Double, batch: Double, syncs: Double) {
        let done = metrics.count("messaging.client.consumed.messages", endpoint: "scores")
        let commits = metrics.count("pawl.\(backend).commits")
        let operations = metrics.count("pawl.\(backend).operations")
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
        _ places: any BenchmarkPlaces, _ metrics: CountingMetrics
    ) async throws -> (oneProcess: [Double], twoProcesses: [Double]) {
        let deployment = try await places.open(.idle, concurrency: concurrency)
        try await fill(deployment, 0)
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
            let other = try OtherProcess(sender + [places.sender])
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
