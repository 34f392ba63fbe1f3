import Pawl
import PawlMutants
import Testing

@testable import PawlCheck

@Suite("Replay, in all orders and with all faults of a scope,", .timeLimit(.minutes(3)))
struct ReplayCheckTests {
    private func examine(
        _ algorithm: AlgorithmUnderCheck = .replay, _ budgets: Budgets,
        _ change: (inout AlgorithmScope) -> Void = { _ in }
    ) throws -> CheckSummary {
        var scope = AlgorithmScope(algorithm)
        scope.copies = 2
        change(&scope)
        scope.budgets = budgets
        return try Examination(scope, .exhaustive().with(budgets)) { _, choices in choices }.run()
    }

    @Test(
        "moves the system exactly once",
        arguments: [
            Budgets(crashes: 1, failures: 1), Budgets(failures: 1, redeliveries: 1),
            Budgets(crashes: 1, duplicates: 1), Budgets(crashes: 1, staleReads: 1),
            Budgets(crashes: 1, delays: 1), Budgets(failures: 2),
        ])
    func right(budgets: Budgets) throws {
        #expect(try examine(.replay, budgets).isExhausted)
    }

    @Test("does so with other messages, and sessions, about the same entity")
    func others() throws {
        let messages = try examine(.replay, Budgets(crashes: 1)) { $0.messages = 2 }
        #expect(messages.isExhausted)
        let sessions = try examine(.replay, Budgets(crashes: 1)) {
            $0.consumers = 1
            $0.sessions = 1
        }
        #expect(sessions.isExhausted)
    }

    @Test(
        "does so with messages that are turned down, as all do",
        arguments: AlgorithmUnderCheck.shipped)
    func rejected(algorithm: AlgorithmUnderCheck) throws {
        let alone = try examine(algorithm, Budgets(crashes: 1)) { $0.rejects = true }
        #expect(alone.isExhausted)
        let beside = try examine(algorithm, Budgets()) {
            $0.rejects = true
            $0.messages = 2
        }
        #expect(beside.isExhausted)
    }

    @Test("processes a copy again that comes when its premise has expired, and that is said")
    func expiry() throws {
        let failure = try #require(throws: CheckFailure.self) {
            try examine(.replay, Budgets(expiries: 1)) { $0.consumers = 1 }
        }
        #expect(
            failure.violations.first?.property == "exactly once: no message is applied twice")
        #expect("\(failure)".contains("time goes by until records expire"))
    }

    @Test("is seen to make the same again only where marks follow from what a handler is given")
    func byDelivery() throws {
        // Where they follow from the delivery, the right one makes something else each time, sees
        // that, and never gets to its end.
        let byDelivery = AlgorithmUnderCheck(name: "replay", needsDatabase: false) {
            AlgorithmUnderCheck.replay.make($0, $1)
        }
        let failure = #expect(throws: CheckFailure.self) {
            try examine(byDelivery, Budgets(crashes: 1))
        }
        #expect(failure?.violations.first?.property == "progress")
        #expect(try examine(.replay, Budgets(crashes: 1)).isExhausted)
    }
}
