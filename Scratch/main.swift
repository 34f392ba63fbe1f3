import PawlCheck
import PawlMutants
import Glibc
func show(_ m: Mutant, _ which: String?) {
    let e = Examination(m.algorithmScope, Strategy.exhaustive(executions: 300_000).with(m.budgets)) { n, c in "replay \(n):\(c)" }
    let (f, s) = e.explore()
    print(m.name, "|", m.budgets, "|", f.executions, f.states, f.isExhausted, f.caveats, f.failure.map { $0.violation.property + ": " + $0.violation.explanation } ?? "SURVIVED", s.seconds)
    fflush(nil)
    if which == m.id || which == m.name, let failure = f.failure { print(CheckFailure([e.counterexample(failure)], summary: s)) }
}
let which = CommandLine.arguments.dropFirst().first
if which == "scope" {
    let arguments = CommandLine.arguments.dropFirst(2).map { Int($0)! }
    var scope = AlgorithmScope(arguments.count > 7 ? .transactional : .outbox)
    scope.consumers = arguments[0]
    scope.messages = arguments[1]
    scope.copies = arguments[2]
    scope.budgets = Budgets(crashes: arguments[3], failures: arguments[4])
    var limits = ExplorationLimits()
    limits.executions = arguments[6]
    let all: [Reductions] = [.none, .init(sleepSets: true, states: false, symmetry: false), .init(sleepSets: false, states: true, symmetry: false), .init(sleepSets: true, states: true, symmetry: false), .all]
    let start = ContinuousClock.now
    let f = scope.plan.explore(all[arguments[5]], limits)
    let t = ContinuousClock.now - start
    let s = Double(t.components.seconds) + Double(t.components.attoseconds) / 1e18
    print(scope.description, scope.budgets, "executions", f.executions, "states", f.states, "terminals", f.terminals.count, "deepest", f.deepest, f.isExhausted, f.caveats, f.failure?.violation as Any, "\(s) s", Int(Double(f.executions) / s), "/s")
} else if which == "generated" {
    for m in try await Mutants.generated(from: .outbox) + Mutants.generated(from: .transactional) { show(m, which) }
} else {
    for m in Mutants.catalogued where which == nil || m.id == which || m.name == which { show(m, which) }
}
