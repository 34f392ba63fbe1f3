import Foundation
import Logging
import Pawl
import ServiceLifecycle
import UnixSignals

/// One process of one service, as `pawl demo` starts it: the other end of a ``Child``.
///
/// On its standard input it gets what customers want, one `submit <request> <cart> <customer>
/// <amount>` a line, and answers `answered <request>` on standard output. When standard input
/// ends, whoever started it is dead, and it ends too.
public struct ServiceProcess: Sendable {
    /// What a process is told on its command line.
    public struct Assignment: Codable, Sendable {
        let service: String
        let mode: String
        let algorithm: String
        let folder: String
        let seed: UInt64
        /// Which process of the service it is, and how often it was started before.
        let instance: Int
        let incarnation: Int
    }

    private let service: ShopService
    private let mode: ShopMode
    private let folder: ShopFolder
    private let assignment: Assignment

    /// Reads an assignment.
    ///
    /// - Parameter text: What ``Child`` put on the command line.
    /// - Throws: A ``DemoError`` if it is none.
    public init(_ text: String) throws {
        guard let assignment = try? JSONDecoder().decode(Assignment.self, from: Data(text.utf8)),
            let service = ShopService(rawValue: assignment.service),
            let mode = ShopMode(rawValue: assignment.mode),
            let algorithm = DemoOptions.Algorithm(rawValue: assignment.algorithm)
        else {
            throw DemoError("This is no assignment of `pawl demo`, which alone uses this: \(text)")
        }
        self.assignment = assignment
        self.service = service
        self.mode = mode
        folder = ShopFolder(path: assignment.folder, algorithm: algorithm)
    }

    /// Runs the service until it is told to end by SIGTERM.
    ///
    /// - Throws: What the service throws.
    public func run() async throws {
        var logger = Logger(label: "webshop") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let purpose = "\(service) \(assignment.instance) \(assignment.incarnation)"
        let chaos = Chaos(
            seed: SeededGenerator.seed(assignment.seed, purpose: purpose),
            tally: try AppendOnlyFile(folder.duplicates))
        let deployment = try Deployment(service, mode, in: folder, chaos: chaos, logger: logger)
        let counter = Counter(
            session: Session(of: deployment.endpoint), requests: Self.linesOfStandardInput(),
            logger: logger)
        try await ServiceGroup(
            services: deployment.backends + [deployment.endpoint, counter],
            gracefulShutdownSignals: [.sigterm], logger: logger
        ).run()
    }

    private static func linesOfStandardInput() -> AsyncStream<String> {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread {
            while let line = readLine() { continuation.yield(line) }
            // Not `exit`: whoever would notice an orderly end is gone.
            _exit(0)
        }
        return lines
    }
}

/// Where customers are served.
private struct Counter: Service {
    let session: Session
    let requests: AsyncStream<String>
    let logger: Logger

    func run() async throws {
        say("ready")
        await withDiscardingTaskGroup { group in
            for await line in requests.cancelOnGracefulShutdown() {
                group.addTask { await serve(line) }
            }
        }
    }

    private func serve(_ line: String) async {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 5, words[0] == "submit", let amount = Int(words[4]) else {
            return logger.error("A request can't be read.", metadata: ["line": "\(line)"])
        }
        do {
            try await Purchase(cart: words[2], customer: words[3], amount: amount)
                .submit(through: session)
            say("answered \(words[1])")
        } catch {
            logger.warning("A cart was not submitted.", metadata: ["error": "\(error)"])
            say("failed \(words[1])")
        }
    }

    private func say(_ line: String) {
        // Nobody listens only if this process is about to end, too.
        try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    }
}
