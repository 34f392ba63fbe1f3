/// A check found executions in which a property does not hold.
///
/// Its description is all there is to say for a terminal, since a test that fails prints no more
/// than that: the sequence diagram of every execution found, and the summary of the check.
public struct CheckFailure: Error, CustomStringConvertible {
    /// A property that does not hold.
    public struct Violation: Sendable {
        /// The property's name, for example `no ghosts`, or `finally: one charge` for one of yours.
        public let property: String
        /// What was seen instead, with names and values.
        public let explanation: String
        /// The choices that lead there, each as its place among those that could be made; the part
        /// of a replay behind the colon.
        public let choices: String
        /// The command that replays it; `nil` if there is none.
        public let replay: String?
    }

    /// What the check has looked at.
    public let summary: CheckSummary
    /// The executions that show it.
    package let counterexamples: [Counterexample]

    package init(_ counterexamples: [Counterexample], summary: CheckSummary) {
        self.counterexamples = counterexamples
        self.summary = summary
    }

    /// The properties that do not hold, in the order in which they were found.
    public var violations: [Violation] {
        counterexamples.map {
            Violation(
                property: $0.property, explanation: $0.explanation, choices: $0.choices,
                replay: $0.replay)
        }
    }

    /// The diagrams and the summary, for a terminal.
    public var description: String {
        let diagrams = counterexamples.enumerated().map { index, counterexample in
            let title =
                counterexamples.count > 1
                ? "Counterexample \(index + 1) of \(counterexamples.count)"
                : "Counterexample"
            return "\(title): \(Text.clean(counterexample.property))\n\n\(Diagram(counterexample))"
        }
        // A test's output puts its own words before the first line, which would shift it.
        return "\n" + (diagrams + [summary.description]).joined(separator: "\n\n")
    }

    /// The same as one page for a browser. It needs nothing but itself.
    public func html() -> String {
        Page(counterexamples, summary: summary).html
    }
}
