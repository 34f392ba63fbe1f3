import PawlCheck
let arguments = CommandLine.arguments.dropFirst().map { Int($0)! }
var scope = AlgorithmScope(.outbox)
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
