import PawlCheck

/// One scope that is checked.
struct CheckRun {
    let scope: CheckedScope
    let strategy: Strategy

    /// What became of it.
    struct Outcome {
        let summary: CheckSummary?
        /// What a person reads.
        let report: String
        /// What is wrong with the algorithm.
        let failure: CheckFailure?
        /// Whether nothing is wrong, and all was looked at that should be.
        let isGood: Bool
    }

    var examination: Examination {
        let scope = scope
        guard scope.isEndpoint else {
            return Examination(scope.numbers, strategy) { _, choices in
                scope.command(replaying: choices)
            }
        }
        return Examination(
            strategy, replay: { _, choices in scope.command(replaying: choices) },
            of: { CheckedBilling.describe(scope.numbers, in: $0) })
    }

    /// Explores the scope.
    func make() -> Outcome {
        let progress = ProgressLine()
        let name = scope.name
        let result = Result {
            try examination.run {
                progress.show(
                    "\(name): \(Words.grouped($0.executions)) executions, "
                        + "\(Words.grouped($0.states)) states")
            }
        }
        progress.clear()
        switch result {
        case .success(let summary):
            return Outcome(
                summary: summary, report: "\(summary)", failure: nil, isGood: true)
        case .failure(let failure as CheckFailure):
            return Outcome(
                summary: failure.summary, report: "\(failure)", failure: failure, isGood: false)
        case .failure(let error):
            return Outcome(
                summary: (error as? CheckError)?.summary, report: "\(error)", failure: nil,
                isGood: false)
        }
    }
}

/// A scope in JSON.
struct CheckRow: Encodable {
    let algorithm: String
    let consumers: Int
    let messages: Int
    let crashes: Int
    let failures: Int
    let strategy: String
    let executions: Int
    let states: Int
    let exhausted: Bool
    let violations: Int
    let seconds: Double

    init(_ run: CheckRun, _ outcome: CheckRun.Outcome) {
        algorithm = run.scope.name
        consumers = run.scope.numbers.consumers
        messages = run.scope.numbers.messages
        crashes = run.scope.numbers.budgets.crashes
        failures = run.scope.numbers.budgets.failures
        strategy = run.strategy.isExhaustive ? "exhaustive" : "sampled"
        executions = outcome.summary?.executions ?? 0
        states = outcome.summary?.states ?? 0
        exhausted = outcome.summary?.isExhausted ?? false
        violations = outcome.failure?.violations.count ?? 0
        seconds = outcome.summary?.seconds ?? 0
    }
}
