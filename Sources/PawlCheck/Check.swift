#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Runs handlers, algorithms and code against store and queues, unmodified, through the orders of
/// events and the faults that a strategy tries, and checks that what must hold does.
///
/// ```swift
/// @Test("an account is charged once, whatever happens")
/// func chargedOnce() throws {
///     try check(.exhaustive(crashes: 1, failures: 1)) { world in
///         world.run(billing, instances: 2, deduplication: .outbox)
///         world.deliver(ChargeAccount(order: "42", customer: "anna", amount: 10), copies: 2)
///         world.finally("one charge") { try $0.state(Account.self, "anna").charges.count == 1 }
///     }
/// }
/// ```
///
/// With every endpoint come the properties that messages have: each is applied exactly once, none is
/// lost, none speaks of a state that was never saved, all copies of an output are identical, nothing
/// is left behind at rest, and everything comes to rest.
///
/// It explores on threads of its own and blocks the calling one until it is done.
///
/// With `PAWL_REPLAY` set to what a failure's report says, the check that it names makes only that
/// execution, and returns if it no longer shows anything.
///
/// - Parameters:
///   - strategy: Which executions are tried.
///   - describe: Says what runs, what is delivered, and what must hold. Called once.
/// - Returns: What was looked at.
/// - Throws: A ``CheckFailure`` with the smallest execution that shows a violation; a ``CheckError``
///   if nothing can be claimed about the code.
@discardableResult
public func check(
    _ strategy: Strategy = .exhaustive(), _ describe: (World) -> Void
) throws -> CheckSummary {
    let examination = Examination(
        strategy,
        replay: { name, choices in
            "PAWL_REPLAY='\(name):\(choices)' swift test --filter <the test's name>"
        }, of: describe)
    if let replay = getenv("PAWL_REPLAY").map({ String(cString: $0) }),
        let choices = examination.choices(in: replay)
    {
        return try examination.replay(choices)
    }
    return try examination.run()
}

/// A check that could not be made as it should be, so that nothing is claimed.
public struct CheckError: Error, CustomStringConvertible {
    /// What kept the check from being one.
    public enum Code: Sendable {
        /// Something ran outside of the checker's control, or the code did something else when it
        /// was run again with the same choices. What it was, the message says.
        case outOfControl
        /// The scope was too large to be exhausted with as many executions as were allowed.
        case notExhausted
        /// The execution can't be made again: the code, or what it depends on, has changed.
        case noSuchReplay
        /// What was asked for is not there to be checked.
        case notApplicable
    }

    /// What kept the check from being one.
    public let code: Code
    /// What happened and what to do about it.
    public let message: String
    /// What was looked at nevertheless; `nil` if nothing was.
    public let summary: CheckSummary?

    init(notApplicable message: String) {
        code = .notApplicable
        self.message = message
        summary = nil
    }

    init(code: Code, message: String, summary: CheckSummary?) {
        self.code = code
        self.message = message
        self.summary = summary
    }

    /// The message and the summary.
    public var description: String {
        message + (summary.map { "\n\n\($0)" } ?? "")
    }
}

/// One check: explores, makes a failure small, and reports.
package struct Examination: Sendable {
    private(set) var plan: Plan
    let strategy: Strategy
    let scope: String
    /// The command that replays: from the check's name and its choices.
    let replay: @Sendable (_ name: String, _ choices: String) -> String
    /// For how long a failure is made smaller.
    var shrinkingTime: Duration = .seconds(30)

    init(
        plan: Plan, strategy: Strategy, scope: String,
        replay: @escaping @Sendable (_ name: String, _ choices: String) -> String
    ) {
        self.plan = plan
        if case .sampled = strategy.kind { self.plan.failsInAllWays = true }
        self.strategy = strategy
        self.scope = scope
        self.replay = replay
    }

    /// A check of an algorithm alone.
    package init(
        _ scope: AlgorithmScope, _ strategy: Strategy,
        replay: @escaping @Sendable (_ name: String, _ choices: String) -> String
    ) {
        var scope = scope
        scope.budgets = strategy.budgets
        self.init(plan: scope.plan, strategy: strategy, scope: scope.description, replay: replay)
    }

    /// A check of a world.
    package init(
        _ strategy: Strategy,
        replay: @escaping @Sendable (_ name: String, _ choices: String) -> String,
        of describe: (World) -> Void
    ) {
        let world = World()
        describe(world)
        self.init(
            plan: world.plan(strategy.budgets), strategy: strategy, scope: world.scope,
            replay: replay)
    }

    /// Names the check in a replay: the same scope, the same name.
    package var name: String {
        var digest = Digest()
        digest.mix(scope)
        digest.mix(plan.budgets.packed)
        digest.mix(plan.failsInAllWays ? 1 : 0)
        return String(digest.finished.short & 0xFFFF_FFFF, radix: 16)
    }

    /// The choices in a replay, if it is one of this check.
    package func choices(in replay: String) -> [Int]? {
        let parts = replay.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == name else { return nil }
        return ChoiceList.places(String(parts[1]))
    }

    /// Explores; returns the summary, or throws what it has found.
    package func run(progress: @escaping @Sendable (Findings) -> Void = { _ in }) throws
        -> CheckSummary
    {
        let (findings, summary) = explore(progress)
        if let failure = findings.failure {
            let counterexample = counterexample(failure)
            guard counterexample.property != Self.nothing else {
                throw CheckError(
                    code: .outOfControl,
                    message: """
                        "\(failure.violation.property)" did not hold (\
                        \(failure.violation.explanation)), but the same choices, made again, do \
                        not show it: something in the code is out of control, such as real time, \
                        a static variable or the order of a Set.
                        """, summary: summary)
            }
            throw CheckFailure([counterexample], summary: summary)
        }
        if findings.lacksReference {
            throw CheckError(
                code: .notExhausted, message: findings.caveats.joined(separator: "\n"),
                summary: nil)
        }
        if case .exhaustive = strategy.kind, !findings.isExhausted {
            let isTooLarge = findings.executions >= strategy.executions
            throw CheckError(
                code: isTooLarge ? .notExhausted : .outOfControl,
                message: isTooLarge
                    ? """
                    The scope was not exhausted. Take fewer processes, messages or faults, allow \
                    more executions, or sample it.
                    """ : findings.caveats.joined(separator: "\n"), summary: summary)
        }
        if findings.executions < strategy.executions, !findings.isExhausted {
            throw CheckError(
                code: .outOfControl, message: findings.caveats.joined(separator: "\n"),
                summary: summary)
        }
        return summary
    }

    /// Explores, and sums up.
    package func explore(
        _ progress: @escaping @Sendable (Findings) -> Void = { _ in }
    ) -> (Findings, CheckSummary) {
        let clock = ContinuousClock()
        let start = clock.now
        let findings: Findings
        switch strategy.kind {
        case .exhaustive:
            var limits = ExplorationLimits()
            limits.executions = strategy.executions
            findings = plan.explore(.all, limits, progress: progress)
        case .sampled(let seed, let cores):
            findings = plan.sample(
                count: strategy.executions, seed: seed, cores: cores, progress: progress)
        }
        let duration = clock.now - start
        let seconds =
            Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        return (
            findings,
            CheckSummary(
                scope: scope, budgets: plan.budgets.description, strategy: strategy.name,
                executions: findings.executions, states: findings.states,
                terminalStates: findings.terminals.count,
                isExhausted: findings.isExhausted,
                limits: findings.failure == nil
                    ? findings.caveats : ["stopped at the first violation"],
                deepest: findings.deepest, seconds: seconds)
        )
    }

    /// Makes a failure small and tells it.
    package func counterexample(_ failure: Findings.Failure) -> Counterexample {
        // Another examination of the same scope may have found it.
        _ = plan.reference?.prepare(for: plan)
        return ExplorerThread.run { executor in
            let clock = ContinuousClock()
            let end = clock.now + shrinkingTime
            let simulation = Simulation(plan, on: executor)
            let shrunk = Shrinker(simulation: simulation, isOver: { clock.now > end })
                .shrink(failure)
            return tell(simulation.replay((shrunk ?? failure).choices), isShrunk: shrunk != nil)
        }
    }

    /// Makes one execution again: throws what it shows, or that it shows nothing.
    package func replay(_ places: [Int]) throws -> CheckSummary {
        if let reason = plan.reference?.prepare(for: plan) {
            throw CheckError(code: .notExhausted, message: reason, summary: nil)
        }
        let replayed = ExplorerThread.run { executor in
            Simulation(plan, on: executor).replay(places: places)
        }
        let summary = CheckSummary(
            scope: scope, budgets: plan.budgets.description, strategy: "replay", executions: 1,
            states: 0, terminalStates: 0, isExhausted: false, limits: ["one execution only"],
            deepest: replayed.places.count, seconds: 0)
        if let difference = replayed.difference {
            throw CheckError(
                code: .noSuchReplay,
                message: "The execution can't be made again; the code has changed. \(difference)",
                summary: nil)
        }
        guard replayed.violation != nil else { return summary }
        throw CheckFailure([tell(replayed, isShrunk: false)], summary: summary)
    }

    /// In place of a property where none is violated.
    private static let nothing = "no violation"

    private func tell(_ replayed: Replayed, isShrunk: Bool) -> Counterexample {
        let choices = ChoiceList.text(replayed.places)
        let faults = replayed.choices.filter(\.isFault)
        let crashes = faults.count { $0.budget == .crashes }
        return Counterexample(
            property: replayed.violation?.property ?? Self.nothing,
            explanation: replayed.violation?.explanation ?? replayed.difference
                ?? "The execution shows nothing wrong when it is made again.",
            trace: replayed.trace.shortened, choices: choices, crashes: crashes,
            faults: faults.count - crashes, preemptions: replayed.preemptions, isShrunk: isShrunk,
            replay: replay(name, choices))
    }
}
