/// What a check has looked at, and what it has not.
///
/// For example:
///
/// ```
/// scope       2 × billing; 2 copies of ChargeAccount
/// budgets     1 crash
/// strategy    exhaustive: depth first, sleep sets, states, symmetry
/// executions  1,482, the longest of 24 steps
/// states      3,940 distinct, 14 of them terminal
/// time        0.7 s
/// exhausted
/// ```
public struct CheckSummary: Sendable, CustomStringConvertible {
    /// What was checked, for example `2 × billing; 2 copies of ChargeAccount`.
    public let scope: String
    /// How many faults of each kind an execution could have, for example `1 crash, 1 failure`.
    public let budgets: String
    /// How the executions were chosen: all of them, up to equivalence; drawn from a seed; or one
    /// that was made again.
    public let strategy: String
    /// How many executions were run.
    public let executions: Int
    /// How many distinct states they came through.
    public let states: Int
    /// How many distinct worlds were at rest: documents and messages, whatever is left of the
    /// budgets.
    public let terminalStates: Int
    /// Whether every execution within the budgets was covered, up to equivalence. Never after
    /// sampling, nor if anything ran outside of the checker's control.
    public let isExhausted: Bool
    /// Why not all was covered, or what ran outside of the checker's control; empty if neither.
    public let limits: [String]
    /// The steps of the longest execution.
    public let deepest: Int
    /// How long the check took.
    public let seconds: Double

    package init(
        scope: String, budgets: String, strategy: String, executions: Int, states: Int,
        terminalStates: Int, isExhausted: Bool, limits: [String], deepest: Int, seconds: Double
    ) {
        self.scope = scope
        self.budgets = budgets
        self.strategy = strategy
        self.executions = executions
        self.states = states
        self.terminalStates = terminalStates
        self.isExhausted = isExhausted
        self.limits = limits
        self.deepest = deepest
        self.seconds = seconds
    }

    /// An aligned block; its last line is `exhausted`, or `NOT exhausted` with the reasons.
    public var description: String {
        (fields.flatMap { Fields.lines($0.name, $0.value, width: 100) }
            + [verdict]).joined(separator: "\n")
    }

    /// The figures with their names, in the order in which they are told.
    var fields: [(name: String, value: String)] {
        var fields = [
            ("scope", scope), ("budgets", budgets), ("strategy", strategy),
            (
                "executions",
                "\(Text.grouped(executions)), the longest of \(Text.counted(deepest, "step", "steps"))"
            ),
            (
                "states",
                "\(Text.grouped(states)) distinct, \(Text.grouped(terminalStates)) of them terminal"
            ),
            ("time", "\(Self.rounded(seconds)) s"),
        ]
        // Whoever reads only `exhausted` should have read this before.
        if isExhausted { fields += limits.map { ("but", $0) } }
        return fields
    }

    /// Whether all was covered, and if not, why.
    var verdict: String {
        guard !isExhausted else { return "exhausted" }
        let reasons = limits.map { Text.wrap($0, width: .max).joined() }.joined(separator: "; ")
        return "NOT exhausted: \(reasons.isEmpty ? "for no reason that is known" : reasons)"
    }

    /// With one decimal.
    private static func rounded(_ seconds: Double) -> String {
        let tenths = (seconds * 10).rounded()
        guard let tenths = Int(exactly: tenths) else { return "\(seconds)" }
        return "\(Text.grouped(tenths / 10)).\(tenths.magnitude % 10)"
    }
}
