package import PawlCheck

/// What has become of the search for a mutant's mistake.
package struct Hunt: Sendable {
    /// The mutant.
    package let mutant: Mutant
    /// The scopes that were explored, in order; in the last one the mistake was found, if it was.
    package private(set) var explored: [Explored] = []
    /// The execution that shows it, as it was found.
    private var failure: Findings.Failure?

    /// A scope, and what has become of the search in it.
    package struct Explored: Sendable {
        /// The scope.
        package let scope: AlgorithmScope
        /// How it was searched.
        package let strategy: Strategy
        /// What was looked at.
        package let summary: CheckSummary
    }

    /// After so many executions a scope is left for the next one.
    package static let patience = 8_000
    /// So many executions are drawn where no small scope shows it, or it is known to take long.
    private static let samples = 20_000

    /// Looks for a mutant's mistake, in one scope after the other, until it is found.
    ///
    /// - Parameters:
    ///   - mutant: The mutant.
    ///   - scopes: Where to look; `nil` for the mutant's own.
    ///   - strategy: How to look; its budgets don't count.
    ///   - progress: Told from time to time how far it is in a scope.
    package init(
        for mutant: Mutant, in scopes: [AlgorithmScope]? = nil,
        _ strategy: Strategy = .exhaustive(executions: Hunt.patience),
        progress: @escaping @Sendable (AlgorithmScope, Findings) -> Void = { _, _ in }
    ) {
        self.mutant = mutant
        for scope in scopes ?? mutant.scopes where failure == nil {
            explore(scope, strategy) { progress(scope, $0) }
        }
        if scopes != nil || strategy.executions < Self.patience { return }
        for scope in mutant.largeScopes where failure == nil {
            explore(scope, .sampled(Self.samples)) { progress(scope, $0) }
        }
    }

    private mutating func explore(
        _ scope: AlgorithmScope, _ strategy: Strategy,
        progress: @escaping @Sendable (Findings) -> Void
    ) {
        var strategy = strategy.with(scope.budgets)
        if mutant.scope.isLarge, strategy.executions == Self.patience, strategy.isExhaustive {
            strategy = .sampled(Self.samples).with(scope.budgets)
        }
        let (findings, summary) = Examination(scope, strategy) { _, choices in choices }
            .explore(progress)
        explored.append(Explored(scope: scope, strategy: strategy, summary: summary))
        failure = findings.failure
    }

    /// Whether the mistake was found.
    package var isFound: Bool { failure != nil }
    /// The property that does not hold; `nil` if the mistake was not found.
    package var violated: String? { failure?.violation.property }
    /// How many executions it took, in all scopes.
    package var executions: Int { explored.reduce(0) { $0 + $1.summary.executions } }

    /// Makes the execution that shows the mistake as small as can be.
    ///
    /// - Parameter replay: The command that makes it again, from where it was found and the choices.
    /// - Returns: The smallest one; `nil` if the mistake was not found.
    package func counterexample(
        replay: @escaping @Sendable (_ found: Explored, _ choices: String) -> String
    ) -> Counterexample? {
        guard let failure, let found = explored.last else { return nil }
        return Examination(found.scope, found.strategy) { _, choices in replay(found, choices) }
            .counterexample(failure)
    }
}
