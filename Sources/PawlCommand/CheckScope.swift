import ArgumentParser
import PawlCheck
import PawlMutants

/// The options that say what is explored.
struct CheckScopeOptions: ParsableArguments {
    struct Algorithm: ExpressibleByArgument {
        let shipped: AlgorithmUnderCheck

        static let all = AlgorithmUnderCheck.shipped.map(Algorithm.init)

        init(_ shipped: AlgorithmUnderCheck) {
            self.shipped = shipped
        }

        init?(argument: String) {
            guard let known = Self.all.first(where: { $0.shipped.name == argument }) else {
                return nil
            }
            self = known
        }

        static var allValueStrings: [String] { all.map(\.shipped.name) }
        var defaultValueDescription: String { shipped.name }
    }

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case algorithm, endpoint
    }

    @Option(help: "The algorithm.")
    var algorithm: Algorithm?

    @Option(help: "'algorithm': bare consumers. 'endpoint': a whole service with all its parts.")
    var level: Level?

    @Option(help: "How many processes consume. (default: 2)")
    var consumers: Int?

    @Option(help: "How many different messages there are, all about one entity. (default: 1)")
    var messages: Int?

    @Option(help: "How many copies of the first message there are. (default: one a consumer)")
    var copies: Int?

    @Option(help: "How many messages each message causes. (default: 1)")
    var outputs: Int?

    @Option(help: "How many sessions change the entity from outside. (default: 0)")
    var sessions: Int?

    @Option(help: "How many processes make each submission. (default: 1)")
    var resubmissions: Int?

    @Option(help: "How many processes consume what the messages cause. (default: 0)")
    var receivers: Int?

    @Flag(help: "The messages were sent by a commit of the same database.")
    var local = false

    @Option(help: "Processes that die, in each execution. (default: 1)")
    var crashes: Int?

    @Option(help: "Calls that fail: before their effect, or after it. (default: 1)")
    var failures: Int?

    @Option(help: "Leases that end while the message is still being handled. (default: 0)")
    var redeliveries: Int?

    @Option(help: "Messages that come once more than they should. (default: 0)")
    var duplicates: Int?

    @Option(help: "Leaps in time by which records expire. (default: 0)")
    var expiries: Int?

    @Option(help: "Reads that answer what was there before the last change. (default: 0)")
    var staleReads: Int?

    @Option(help: "Calls that hang while time goes by. (default: 0)")
    var delays: Int?

    private var numbers: [Int?] {
        [
            consumers, messages, copies, outputs, receivers, sessions, resubmissions, crashes,
            failures,
            redeliveries, duplicates, expiries, staleReads, delays,
        ]
    }

    /// Whether nothing was said.
    var isDefault: Bool {
        algorithm == nil && level == nil && !local && numbers.allSatisfy { $0 == nil }
    }

    func validate() throws {
        guard numbers.allSatisfy({ $0 ?? 0 >= 0 }), consumers ?? 1 > 0 else {
            throw ValidationError("Counts must not be negative, and somebody has to consume.")
        }
        // Each process has a number of one byte, each budget nine bits.
        guard numbers.allSatisfy({ $0 ?? 0 <= 100 }) else {
            throw ValidationError("Nobody will live to see that explored: counts are up to 100.")
        }
    }

    /// The scopes, small ones of sessions included unless something else is asked for.
    var scopes: [CheckedScope] {
        let algorithms = algorithm.map { [$0] } ?? Algorithm.all
        let plain = algorithms.map { checked($0) }
        // A session at an endpoint that may die takes minutes: whoever wants it has to say so.
        guard algorithm == nil, sessions == nil, level != .endpoint else { return plain }
        return plain
            + algorithms.map { algorithm in
                var scope = checked(algorithm)
                // A small one of its own; with more processes it takes minutes.
                scope.numbers.sessions = 1
                scope.numbers.consumers = 1
                scope.numbers.messages = min(1, scope.numbers.messages)
                // Others take minutes.
                let large = [AlgorithmUnderCheck.inboxEventual, .tokens].map(\.name)
                if large.contains(algorithm.shipped.name) {
                    scope.numbers.messages = 0
                }
                scope.numbers.copies = 1
                return scope
            }
    }

    private func checked(_ algorithm: Algorithm) -> CheckedScope {
        CheckedScope(numbers: scope(of: algorithm.shipped), isEndpoint: level == .endpoint)
    }

    /// The scope, for a mutant.
    func scope(of mutant: Mutant) -> AlgorithmScope {
        var scope = scope(of: mutant.algorithm)
        scope.keepsMemory = mutant.keepsMemory
        scope.leap = mutant.scope.leap
        scope.rejects = mutant.scope.rejects
        return scope
    }

    private func scope(of algorithm: AlgorithmUnderCheck) -> AlgorithmScope {
        var scope = AlgorithmScope(algorithm)
        scope.consumers = consumers ?? 2
        scope.messages = messages ?? 1
        // What a commit has sent has no copies.
        scope.copies = copies ?? (local ? 1 : scope.consumers)
        // One message alone always fits.
        scope.outputs = outputs ?? (algorithm.largestDocument == nil ? 1 : 2)
        scope.receivers = receivers ?? 0
        scope.sessions = sessions ?? 0
        scope.resubmissions = resubmissions ?? 1
        scope.isLocal = local
        scope.budgets = Budgets(
            crashes: crashes ?? 1, failures: failures ?? 1, redeliveries: redeliveries ?? 0,
            duplicates: duplicates ?? 0, expiries: expiries ?? 0, staleReads: staleReads ?? 0,
            delays: delays ?? 0)
        return scope
    }
}

/// A scope, and how to name it on the command line.
struct CheckedScope {
    /// The algorithm and all the counts.
    var numbers: AlgorithmScope
    /// Whether the whole endpoint runs.
    var isEndpoint = false
    /// The mutant that it is about, if it is one.
    var mutant: String?
    /// Whether its executions are drawn, in which a call may fail in more ways.
    var isSampled = false

    /// The algorithm's name, for tables and JSON.
    var name: String {
        numbers.algorithm.name + (numbers.sessions > 0 ? " session" : "")
    }

    /// The command that makes one execution in it again.
    func command(replaying choices: String) -> String {
        let subject = mutant.map { "--mutant '\($0)'" } ?? "--algorithm \(numbers.algorithm.name)"
        let level = isEndpoint ? " --level endpoint" : ""
        let sample = isSampled ? " --sample 1" : ""
        return "pawl check \(subject)\(level) \(numbers.numbers)\(sample) --replay '\(choices)'"
    }
}

extension AlgorithmScope {
    /// The counts as options. What is seldom wanted is left out where it is not.
    var numbers: String {
        var options: [(String, Int)] = [
            ("consumers", consumers), ("messages", messages), ("copies", copies),
        ]
        if outputs != 1 { options.append(("outputs", outputs)) }
        if receivers > 0 { options.append(("receivers", receivers)) }
        if sessions > 0 { options.append(("sessions", sessions)) }
        if sessions > 0, resubmissions != 1 { options.append(("resubmissions", resubmissions)) }
        options += [("crashes", budgets.crashes), ("failures", budgets.failures)]
        let seldom = [
            ("redeliveries", budgets.redeliveries), ("duplicates", budgets.duplicates),
            ("expiries", budgets.expiries), ("stale-reads", budgets.staleReads),
            ("delays", budgets.delays),
        ]
        options += seldom.filter { $0.1 > 0 }
        return options.map { "--\($0.0) \($0.1)" }.joined(separator: " ")
            + (isLocal ? " --local" : "")
    }
}
