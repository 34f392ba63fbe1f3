import ArgumentParser
import Foundation
import PawlBench
import PrivatePostgres

/// `pawl bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures throughput and latency, and the same statements by hand beside it.",
        discussion: """
            Each message is taken from the queue, its entity of 200 bytes (one of 10,000) is loaded \
            and changed by an ordinary handler, one message is sent, the incoming one is removed, \
            all of it durable. Latency is from just before a message is sent to its being done, on \
            an idle system.
            """)

    @Option(help: "The backend: sqlite, postgres.")
    var backend = Backend.sqlite

    @Option(
        help: """
            For postgres: postgres://user@host:port/database. Without it a private server is \
            started from the programs of the distribution.
            """)
    var database: String?

    @Option(
        help:
            "The algorithm: transactional, outbox, inbox, tokens, replay, natural. (default: transactional)",
        transform: algorithm(named:))
    var algorithm = Benchmark.Algorithm.transactional

    @Option(help: "How many messages are measured.")
    var messages = 100_000

    @Option(help: "How many further messages are in the queue meanwhile.")
    var backlog = 0

    @Option(help: "How many messages the endpoint handles at once.")
    var concurrency = 2000

    @Option(help: "How many single messages measure the latency.")
    var samples = 500

    @Option(help: "The folder in which a folder for the files, or the server, is made and removed.")
    var data = FileManager.default.temporaryDirectory.path

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    enum Backend: String, ExpressibleByArgument, CaseIterable {
        case sqlite, postgres
    }

    func validate() throws {
        guard messages > 0, backlog >= 0, concurrency > 0, samples > 0 else {
            throw ValidationError("Counts must be positive; only --backlog may be 0.")
        }
    }

    /// What a server of this size is usually given; everything that concerns safety is as it comes.
    private static let settings = ["shared_buffers=512MB", "max_wal_size=4GB"]

    private static func algorithm(named name: String) throws -> Benchmark.Algorithm {
        guard let algorithm = Benchmark.Algorithm(rawValue: name) else {
            let known = Benchmark.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("These algorithms can be measured: \(known).")
        }
        return algorithm
    }

    func run() async throws {
        let folder = "\(data)/pawl-bench-\(getpid())"
        var server: PrivateServer?
        defer {
            server?.stop()
            // The server's folder; that of the files is gone by now.
            if server != nil { try? FileManager.default.removeItem(atPath: folder) }
        }
        let place: Benchmark.Backend
        switch backend {
        case .sqlite: place = .sqlite(folder: folder)
        case .postgres:
            if database == nil { server = try PrivateServer(in: folder, settings: Self.settings) }
            place = .postgres(url: database ?? server?.url ?? "")
        }
        let benchmark = Benchmark(
            algorithm: algorithm, messages: messages, backlog: backlog, concurrency: concurrency,
            latencySamples: samples, backend: place,
            sender: [CommandLine.executablePath, "bench-sender"])
        let report = try await benchmark.run { step in
            FileHandle.standardError.write(Data("\(step)…\n".utf8))
        }
        guard json else { return print(report.table) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}

/// What the other process of `pawl bench` runs.
struct BenchSenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-sender", abstract: "Sends a message for each line of its input.",
        shouldDisplay: false)

    @Argument var path: String

    func run() async throws {
        try await Benchmark.send(over: path)
    }
}

extension CommandLine {
    /// The file of the program that runs.
    static var executablePath: String {
        let link = "/proc/self/exe"
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
        return path ?? arguments[0]
    }
}
