import Pawl
package import PawlCheck

/// A fault that every algorithm and every model is put to, in the smallest scope in which it can show
/// anything. All orders of events and all places for the fault are tried.
package enum Trial: String, Sendable, CaseIterable {
    /// Two copies of one message, and two processes.
    case copy
    /// One message, and a process that dies at any point and comes back.
    case crash
    /// One message, whose lease ends while it is still being handled.
    case leaseEnds
    /// A copy that comes when 8 days have passed: longer than anybody here remembers by default. There
    /// is another message beside it, since what is too old is often removed only when one comes.
    case lateCopy
    /// A read that answers what was there before the last change, as stores do that are consistent
    /// only in the end; two copies, and two processes.
    case staleRead

    /// How far time leaps.
    package static let late: Duration = .days(8)
    /// After so many executions a scope is given up.
    private static let patience = 200_000

    /// The scope of an algorithm in which it is put to this.
    ///
    /// - Parameter algorithm: The algorithm.
    /// - Returns: The scope.
    package func scope(of algorithm: AlgorithmUnderCheck) -> AlgorithmScope {
        var scope = AlgorithmScope(algorithm)
        scope.leap = Self.late
        switch self {
        case .copy:
            scope.consumers = 2
            scope.copies = 2
        case .crash:
            scope.consumers = 1
            scope.budgets.crashes = 1
        case .leaseEnds:
            scope.consumers = 2
            scope.budgets.redeliveries = 1
        case .lateCopy:
            scope.consumers = 1
            scope.messages = 2
            scope.copies = 2
            scope.budgets.expiries = 1
        case .staleRead:
            scope.consumers = 2
            scope.copies = 2
            scope.budgets.staleReads = 1
        }
        return scope
    }

    /// What has become of a trial.
    package struct Verdict: Sendable {
        /// The property that does not hold; `nil` if none was found.
        package let violated: String?
        /// How many steps the smallest execution has that shows it.
        package let steps: Int?
        /// How many executions were tried.
        package let executions: Int
        /// Whether these were all, if nothing was found.
        package let isExhausted: Bool

        /// Tries all executions of a scope until one shows something.
        ///
        /// - Parameter scope: The scope.
        package init(of scope: AlgorithmScope) {
            let strategy = Strategy.exhaustive(executions: Trial.patience).with(scope.budgets)
            let examination = Examination(scope, strategy) { _, choices in choices }
            let (findings, _) = examination.explore()
            violated = findings.failure?.violation.property
            steps = findings.failure.map { examination.counterexample($0).trace.steps.count }
            executions = findings.executions
            isExhausted = findings.isExhausted
        }
    }

    /// Puts an algorithm to this.
    ///
    /// - Parameter algorithm: The algorithm.
    /// - Returns: What has become of it.
    package func verdict(on algorithm: AlgorithmUnderCheck) -> Verdict {
        Verdict(of: scope(of: algorithm))
    }
}
