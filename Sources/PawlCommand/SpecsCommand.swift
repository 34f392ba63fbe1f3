import ArgumentParser
import Foundation
import PawlCheck

/// `pawl specs`: what the specs in `Specs/` are compared with. See `make specs`.
struct SpecsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "specs",
        abstract: "Writes down what the algorithms' code does, for comparison with their specs.",
        shouldDisplay: false, subcommands: [States.self, Traces.self, Runs.self])

    /// The options of the scope, and the spec that it belongs to.
    struct Scope: ParsableArguments {
        @OptionGroup var options: CheckScopeOptions

        @Flag(help: "The first message changes nothing.")
        var rejects = false

        @Option(help: "The file to write to.")
        var to: String

        func validate() throws {
            try options.validate()
            guard let name = options.algorithm?.shipped.name, options.level != .endpoint else {
                throw ValidationError("Say which --algorithm; its endpoint has no spec.")
            }
            let compared = [
                "outbox", "outbox-staged", "transactional", "inbox", "inbox-eventual", "tokens",
                "replay", "natural",
            ]
            guard compared.contains(name) else {
                throw ValidationError("\(name) is not compared with a spec: see Specs/README.md.")
            }
        }

        var numbers: AlgorithmScope {
            var numbers = options.scopes[0].numbers
            numbers.rejects = rejects
            return numbers
        }

        var spec: SpecScope.Spec {
            switch options.algorithm?.shipped.name {
            case "transactional": .transactional
            case "inbox": .inbox
            case "tokens": .tokens
            case "replay": .replay
            case "natural": .natural
            case "outbox-staged": .outboxStaged
            case "inbox-eventual": .claimInbox
            default: numbers.sessions > 0 ? .session : .outbox
            }
        }

        var scope: SpecScope { SpecScope(spec, numbers) }

        func write(_ lines: [String]) throws {
            let text = lines.joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(filePath: to))
        }
    }

    /// `pawl specs states`.
    struct States: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes all states that the code reaches in a scope.")

        @OptionGroup var scope: Scope

        func run() throws {
            let graph = try scope.scope.states()
            try scope.write(graph.lines)
            print("\(graph.count) states, of \(graph.checkerStates) that the checker tells apart")
        }
    }

    /// `pawl specs traces`.
    struct Traces: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes what happens in executions of the checker that are drawn at random.")

        @OptionGroup var scope: Scope

        @Option(help: "How many executions.")
        var count = 100

        @Option(help: "What the draws follow from.")
        var seed: UInt64 = 1

        func run() throws {
            let traces = scope.scope.traces(count, seed: seed)
            try scope.write(traces)
            print("\(traces.count) traces")
        }
    }

    /// `pawl specs runs`.
    struct Runs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes what endpoints do that run on SQLite, with faults drawn at random.")

        @OptionGroup var scope: Scope

        @Option(help: "How many runs.")
        var count = 20

        @Option(help: "What the faults follow from; what happens at once depends on the machine.")
        var seed: UInt64 = 1

        func run() async throws {
            let folder = FileManager.default.temporaryDirectory
                .appending(path: "pawl-specs-\(ProcessInfo.processInfo.processIdentifier)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let numbers = scope.numbers
            let spec = scope.spec
            let traces = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<count {
                    let run = RecordedRun(
                        spec: spec, consumers: numbers.consumers,
                        messages: numbers.messages, copies: numbers.copies,
                        outputs: numbers.outputs, rejects: numbers.rejects,
                        seed: seed &+ UInt64(number),
                        folder: folder.appending(path: "\(number)"))
                    group.addTask { (number, try await run.trace()) }
                }
                return try await group.reduce(into: [(Int, String)]()) { $0.append($1) }
            }
            try scope.write(traces.sorted { $0.0 < $1.0 }.map(\.1))
            print("\(traces.count) traces")
        }
    }
}
