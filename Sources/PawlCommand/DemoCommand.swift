import ArgumentParser
import Foundation
import Webshop

/// `pawl demo`: a webshop under chaos, without Pawl and with it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a webshop under chaos, first without Pawl, then with it.",
        discussion: """
            Carts, orders, billing and shipping run as processes of their own. A chaos monkey \
            duplicates, delays and reorders their messages and kills them. In the end an audit of \
            their stores counts what was lost, what happened twice, and which events speak of \
            something that was never saved.
            """)

    @Option(help: "How many carts are submitted.")
    var orders = 300

    @Option(help: "How many processes are killed in each run.")
    var kills = 20

    @Option(help: "What chaos draws its numbers from.")
    var seed: UInt64 = 1

    @Option(help: "An empty or new folder to keep the stores in.")
    var data: String?

    @Option(
        help: """
            'outbox', 'inbox', 'tokens', 'replay': a store file for each service. 'natural': the same, \
            with handlers that bear copies. 'transactional': one file for all.
            """,
        transform: algorithm(named:))
    var algorithm = DemoOptions.Algorithm.outbox

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    private var options: DemoOptions {
        DemoOptions(
            orders: orders, kills: kills, seed: seed, data: data, algorithm: algorithm,
            isJSON: json)
    }

    func validate() throws {
        do {
            try options.validate()
        } catch let error as DemoError {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        let demo = Demo(options, executable: Self.thisCommand)
        if try await !demo.run() { throw ExitCode.failure }
    }

    private static func algorithm(named name: String) throws -> DemoOptions.Algorithm {
        guard let algorithm = DemoOptions.Algorithm(rawValue: name) else {
            let known = DemoOptions.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("The demo knows these algorithms: \(known).")
        }
        return algorithm
    }

    /// The `pawl` command itself, wherever it was called from.
    private static var thisCommand: URL {
        Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    }
}

/// One process of the demo's shop.
struct WebshopServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webshop-service", abstract: "One process of the demo's webshop.",
        shouldDisplay: false)

    @Argument(help: "What `pawl demo` tells it to be.")
    var assignment: String

    func run() async throws {
        try await ServiceProcess(assignment).run()
    }
}
