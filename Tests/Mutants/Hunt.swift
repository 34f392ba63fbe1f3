package import PawlCheck

/// What has become of the search for a mutant's mistake.
package struct Hunt: Sendable {
    /// The mutant.
    package let mutant: Mutant
    /// The scopes that were explored, in order; in the last one the mistake was found, if it was.
    package private(set) var explored: [(scope: AlgorithmScope, summary: CheckSummary)] = []
    /// The execution that shows it, as it was found.
    private var failure: Findings.Failure?

    /// After so many executions a scope is left for the next one.
    package static let patience = 8_000

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
            let (findings, summary) = Self.examination(of: scope, strategy) { _, choices in choices
            }
            .explore { progress(scope, $0) }
            explored.append((scope, summary))
            failure = findings.failure
        }
    }

    private static func examination(
        of scope: AlgorithmScope, _ strategy: Strategy = .exhaustive(),
        replay: @escaping @Sendable (_ name: String, _ choices: String) -> String
    ) -> Examination {
        Examination(scope, strategy.with(scope.budgets), replay: replay)
    }

    /// Whether the mistake was found.
    package var isFound: Bool { failure != nil }
    /// The property that does not hold; `nil` if the mistake was not found.
    package var violated: String? { failure?.violation.property }
    /// How many executions it took, in all scopes.
    package var executions: Int { explored.reduce(0) { $0 + $1.summary.executions } }

    /// Makes the execution that shows the mistake as small as can be.
    ///
    /// - Parameter replay: The command that makes it again, from the scope and the choices.
    /// - Returns: The smallest one; `nil` if the mistake was not found.
    package func counterexample(
        replay: @escaping @Sendable (_ scope: AlgorithmScope, _ choices: String) -> String
    ) -> Counterexample? {
        guard let failure, let scope = explored.last?.scope else { return nil }
        return Self.examination(of: scope) { _, choices in replay(scope, choices) }
            .counterexample(failure)
    }
}
