/// What a check has looked at, and what it has not.
///
/// For example:
///
/// ```
/// scope       outbox, 2 consumers × 1 message
/// budgets     1 crash, 1 other fault, 2 preemptions
/// strategy    depth first
/// executions  12,345, the longest of 87 steps
/// states      4,321 distinct, 12 of them terminal
/// time        3.2 s
/// exhausted
/// ```
public struct CheckSummary: Sendable, CustomStringConvertible {
    /// What was checked, for example `outbox, 2 consumers × 1 message`.
    public let scope: String
    /// How many crashes, faults and preemptions an execution could have.
    public let budgets: String
    /// In which order the executions were tried.
    public let strategy: String
    /// How many executions were run.
    public let executions: Int
    /// How many distinct states they came through.
    public let states: Int
    /// How many of the distinct states had nothing left to do.
    public let terminalStates: Int
    /// Whether every execution within the budgets was covered.
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
