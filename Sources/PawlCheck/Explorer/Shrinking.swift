/// Makes a failure as small as can be: first the fewest crashes, then the fewest other faults, then
/// the fewest changes from one process to another that could have waited.
///
/// Source: M. Musuvathi, S. Qadeer, "Iterative Context Bounding for Systematic Testing of
/// Multithreaded Programs", PLDI 2007: a search with a bound of 0, then of 1, and so on, finds the
/// smallest one first.
struct Shrinker {
    let simulation: Simulation
    /// How many executions each bound is given.
    var executionsPerBound = 20_000
    /// Asked from time to time; `true` leaves the failure as it is.
    var isOver: @Sendable () -> Bool = { false }

    /// The smallest failure of the same property that was found; `nil` if none was.
    func shrink(_ failure: Findings.Failure) -> Findings.Failure? {
        var used = Budgets()
        for kind in failure.choices.compactMap(\.budget) { used[kind] += 1 }
        for budgets in Self.upTo(used) {
            for preemptions in 0...4 {
                if isOver() { return nil }
                var limits = ExplorationLimits()
                limits.executions = executionsPerBound
                limits.preemptions = preemptions
                limits.isOver = isOver
                var plan = simulation.plan
                plan.budgets = budgets
                var search = Search(Simulation(plan, on: simulation.executor), .all, limits)
                search.wanted = failure.violation.property
                let findings = search.run()
                if let found = findings.failure { return found }
            }
        }
        return nil
    }

    /// All budgets within one, those with the fewest crashes first, then those with the fewest
    /// other faults.
    static func upTo(_ budgets: Budgets) -> [Budgets] {
        var all = [Budgets()]
        for kind in Budgets.Kind.allCases {
            all = all.flatMap { smaller in
                (0...budgets[kind]).map { count in
                    var budgets = smaller
                    budgets[kind] = count
                    return budgets
                }
            }
        }
        func rest(_ budgets: Budgets) -> Int {
            Budgets.Kind.allCases.reduce(0) { $0 + ($1 == .crashes ? 0 : budgets[$1]) }
        }
        return all.sorted { ($0.crashes, rest($0)) < ($1.crashes, rest($1)) }
    }
}
