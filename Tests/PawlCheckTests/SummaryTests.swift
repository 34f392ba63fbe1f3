import PawlCheck
import Testing

extension Sample {
    static func summary(isExhausted: Bool, limits: [String] = []) -> CheckSummary {
        CheckSummary(
            scope: "outbox, 2 consumers × 1 message", budgets: "1 crash, 2 other faults",
            strategy: "depth first", executions: 1_234_567, states: 4321, terminalStates: 12,
            isExhausted: isExhausted, limits: limits, deepest: 1, seconds: 3.25)
    }
}

@Suite("The summary of a check")
struct SummaryTests {
    @Test("tells what was covered, and ends with the verdict")
    func exhausted() {
        let expected = """
            scope       outbox, 2 consumers × 1 message
            budgets     1 crash, 2 other faults
            strategy    depth first
            executions  1,234,567, the longest of 1 step
            states      4,321 distinct, 12 of them terminal
            time        3.3 s
            exhausted
            """
        #expect(Sample.summary(isExhausted: true).description == expected)
    }

    @Test("gives the reasons why it is not exhausted")
    func notExhausted() {
        let summary = Sample.summary(
            isExhausted: false, limits: ["60 s were over", "a lock\nwas outside of control"])
        let verdict = "NOT exhausted: 60 s were over; a lock was outside of control"
        #expect(summary.description.hasSuffix("\n\(verdict)"))
    }

    @Test("never passes over that it is not exhausted")
    func noReasons() {
        let last = Sample.summary(isExhausted: false).description.split(separator: "\n").last
        #expect(last == "NOT exhausted: for no reason that is known")
    }

    @Test("tells what limits a check that is exhausted before it says so")
    func limits() {
        let summary = Sample.summary(isExhausted: true, limits: ["the clock ran by itself"])
        #expect(summary.description.hasSuffix("but         the clock ran by itself\nexhausted"))
    }
}

@Suite("The failure of a check")
struct CheckFailureTests {
    @Test("carries the diagram and the summary in its description")
    func description() {
        let counterexample = Sample.counterexample(Sample.race)
        let summary = Sample.summary(isExhausted: true)
        let failure = CheckFailure([counterexample, counterexample], summary: summary)
        let text = failure.description
        #expect(text.contains("Counterexample 2 of 2: exactly once"))
        #expect(text.contains(Diagram(counterexample).description))
        #expect(text.hasSuffix(summary.description))
        #expect(failure.violations.map(\.property) == ["exactly once", "exactly once"])
        #expect(failure.violations.first?.explanation == counterexample.explanation)
        #expect(failure.violations.first?.choices == counterexample.choices)
    }

    @Test("is a page with the summary, too")
    func html() throws {
        let summary = Sample.summary(isExhausted: false, limits: ["60 s were over"])
        let html = CheckFailure([Sample.counterexample(Sample.race)], summary: summary).html()
        try Tags.check(html)
        #expect(html.contains("NOT exhausted: 60 s were over"))
        #expect(html.contains("1,234,567"))
        try Tags.check(CheckFailure([], summary: summary).html())
    }
}
