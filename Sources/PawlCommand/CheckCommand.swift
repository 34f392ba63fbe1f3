import ArgumentParser
import Foundation
import PawlCheck
import PawlMutants

/// `pawl check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Runs the algorithms through all orders of events and all places for faults.",
        discussion: """
            What runs is the code that ships, against a simulated store and simulated queues. \
            Without --algorithm: all that ship, and sessions of them beside one consumer. \
            With --mutants: the same algorithms with mistakes in them, which have to be found.

            It fails if something is wrong with an algorithm that ships, if a scope was too large \
            to be exhausted, or if a mistake was not found.
            """)

    @OptionGroup var scope: CheckScopeOptions

    @Option(help: "Instead of all executions, draw so many at random.")
    var sample: Int?

    @Option(help: "What the draws follow from: the same seed, the same executions.")
    var seed: UInt64 = 1

    @Option(help: "How many threads draw.")
    var cores = 1

    @Option(help: "After so many executions a scope is given up.")
    var executions: Int?

    @Flag(help: "Check that the mistakes are found: those of the catalogue and generated ones.")
    var mutants = false

    @Option(help: "One mutant, by its name or by its number in the catalogue.")
    var mutant: String?

    @Option(help: "Make one execution again, in the same scope: what a failure prints.")
    var replay: String?

    @Option(help: "Write the first failure to a file, as a page for a browser.")
    var html: String?

    @Flag(help: "Print JSON instead of tables and diagrams.")
    var json = false

    func validate() throws {
        try scope.validate()
        guard sample ?? 1 > 0, cores > 0, executions ?? 1 > 0 else {
            throw ValidationError("--sample, --cores and --executions must be positive.")
        }
        if mutants {
            guard mutant == nil, replay == nil, html == nil, scope.isDefault else {
                throw ValidationError(
                    "--mutants goes with --json, --executions, --sample and --seed only.")
            }
        }
        if mutant != nil, scope.algorithm != nil || scope.level == .endpoint {
            throw ValidationError("A mutant is an algorithm: leave out --algorithm and --level.")
        }
        if replay != nil, mutant == nil, scope.algorithm == nil {
            throw ValidationError("Say which --algorithm is to be replayed.")
        }
        if replay != nil, json {
            throw ValidationError("One execution is told in words: leave out --json.")
        }
        if sample != nil, executions != nil {
            throw ValidationError("--sample says how many executions there are already.")
        }
        if cores > 64 { throw ValidationError("--cores is up to 64.") }
        if let html, !FileManager.default.fileExists(atPath: folder(of: html)) {
            throw ValidationError("--html \(html) can't be written: there is no such folder.")
        }
    }

    private func folder(of file: String) -> String {
        URL(filePath: file).deletingLastPathComponent().path()
    }

    func run() async throws {
        let isGood =
            if mutants, let sample {
                try await sampleMutants(sample)
            } else if mutants {
                try await checkMutants()
            } else if let mutant {
                try checkMutant(try await Self.mutant(named: mutant))
            } else {
                try checkShipped()
            }
        if !isGood { throw ExitCode.failure }
    }

    // MARK: The algorithms that ship

    private func checkShipped() throws -> Bool {
        let runs = scope.scopes.map { scope in
            var scope = scope
            scope.isSampled = sample != nil
            return CheckRun(scope: scope, strategy: strategy(in: scope))
        }
        if let replay { return try replayed(replay, runs[0]) }
        var rows: [CheckRow] = []
        var isGood = true
        var isClean = true
        for run in runs {
            let outcome = run.make()
            rows.append(CheckRow(run, outcome))
            if !json {
                print(outcome.report, terminator: "\n\n")
            } else if !outcome.isGood, outcome.failure == nil {
                FileHandle.standardError.write(Data((outcome.report + "\n").utf8))
            }
            if let failure = outcome.failure, isClean {
                try write(failure)
                isClean = false
            }
            isGood = isGood && outcome.isGood
        }
        if json { try printJSON(rows) }
        return isGood
    }

    private func strategy(in scope: CheckedScope) -> Strategy {
        let strategy: Strategy =
            if let sample {
                .sampled(sample, seed: seed, cores: cores)
            } else if let executions {
                .exhaustive(executions: executions)
            } else {
                .exhaustive()
            }
        return strategy.with(scope.numbers.budgets)
    }

    /// Makes one execution again. Returns whether nothing is wrong with it.
    private func replayed(_ choices: String, _ run: CheckRun) throws -> Bool {
        let examination = run.examination
        guard let places = examination.choices(in: "\(examination.name):\(choices)") else {
            throw ValidationError("\(choices) is no list of choices, as 0*4.1 is.")
        }
        do {
            print(try examination.replay(places))
            return true
        } catch let failure as CheckFailure {
            print(failure)
            try write(failure)
            return false
        }
    }

    /// Writes the page of a failure, if that is wanted.
    private func write(_ failure: CheckFailure) throws {
        guard let html else { return }
        try Data(failure.html().utf8).write(to: URL(filePath: html))
    }

    // MARK: Mutants

    private func checkMutants() async throws -> Bool {
        let all = try await Mutants.all()
        let progress = ProgressLine()
        var hunts: [Hunt] = []
        var steps: [Int?] = []
        for (number, mutant) in all.enumerated() {
            let hunt = Hunt(for: mutant, .exhaustive(executions: mutantExecutions)) {
                progress.show(
                    "mutant \(number + 1) of \(all.count), \(mutant.name): "
                        + "\(Words.grouped($1.executions)) executions in \($0.numbers)")
            }
            hunts.append(hunt)
            steps.append(hunt.counterexample { _, _ in "" }?.trace.steps.count)
        }
        progress.clear()
        let rows = zip(hunts, steps).map { MutantRow($0, steps: $1) }
        if json {
            try printJSON(rows)
        } else {
            print(MutantTable(rows))
        }
        return rows.allSatisfy(\.isAsExpected)
    }

    /// Looks for each mistake at random, again and again. Returns whether each was found at least
    /// every second time.
    private func sampleMutants(_ sample: Int) async throws -> Bool {
        let progress = ProgressLine()
        let wanted = try await Mutants.all().filter { Mutants.harmless[$0.name] == nil }
        var rows: [SampledMutant] = []
        for mutant in wanted {
            progress.show("mutant \(rows.count + 1) of \(wanted.count), \(mutant.name)")
            rows.append(SampledMutant(mutant, sample: sample, from: seed, cores: cores))
        }
        progress.clear()
        if json { try printJSON(rows) } else { print(SampledMutant.table(rows)) }
        return rows.allSatisfy(\.found)
    }

    private var mutantExecutions: Int { executions ?? Hunt.patience }

    private static func mutant(named name: String) async throws -> Mutant {
        let found = try await Mutants.all().first { $0.name == name || $0.id == name }
        guard let found else {
            throw ValidationError(
                "There is no mutant \(name). `pawl check --mutants` lists them.")
        }
        return found
    }

    private func checkMutant(_ mutant: Mutant) throws -> Bool {
        // Whoever names a scope means that one.
        let scopes = scope.isDefault ? mutant.scopes : [scope.scope(of: mutant)]
        if let replay {
            let scope = CheckedScope(numbers: scopes[0], mutant: mutant.name)
            return try !replayed(replay, CheckRun(scope: scope, strategy: strategy(in: scope)))
        }
        let progress = ProgressLine()
        let strategy: Strategy =
            sample.map { .sampled($0, seed: seed, cores: cores) }
            ?? .exhaustive(executions: mutantExecutions)
        let hunt = Hunt(for: mutant, in: scopes, strategy) {
            progress.show("\(Words.grouped($1.executions)) executions in \($0.numbers)")
        }
        progress.clear()
        let counterexample = hunt.counterexample { found, choices in
            CheckedScope(
                numbers: found.scope, mutant: mutant.name,
                isSampled: !found.strategy.isExhaustive
            ).command(replaying: choices)
        }
        let row = MutantRow(hunt, steps: counterexample?.trace.steps.count)
        if let counterexample, let summary = hunt.explored.last?.summary {
            let failure = CheckFailure([counterexample], summary: summary)
            if !json { print("\(mutant.name): \(mutant.mistake)\n\(failure)") }
            try write(failure)
        } else if !json {
            print("\(mutant.name): \(mutant.mistake)\n")
            print(hunt.explored.map { "\($0.summary)" }.joined(separator: "\n\n"))
            print("\nNot found. \(row.harmless ?? "It should have been.")")
        }
        if json { try printJSON([row]) }
        return row.isAsExpected
    }

    private func printJSON(_ rows: [some Encodable]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(rows), as: UTF8.self))
    }
}
