import Pawl
import PawlContracts
import Synchronization
import Testing

@testable import PawlCheck

/// The simulated store and queues are a backend like any other.
@Suite("The simulated world keeps the contracts", .timeLimit(.minutes(2)))
struct SimulatedContractTests {
    /// Beyond what a world is made for: every step looks at every message.
    static let transportChecks = TransportContract.checks.filter {
        $0.name != "ten thousand messages are drained without loss"
    }

    @Test("store", arguments: StoreContract.checks)
    func store(check: PawlContracts.Check<StoreSubject>) throws {
        try run { try await check.run($0.store, patience: nil) }
    }

    @Test("transport", arguments: transportChecks)
    func transport(check: PawlContracts.Check<TransportSubject>) throws {
        try run { try await check.run($0.transport, patience: nil) }
    }

    @Test("database", arguments: DatabaseContract.checks)
    func database(check: PawlContracts.Check<DatabaseSubject>) throws {
        try run { try await check.run($0, patience: nil) }
    }

    /// Runs a check as the one process of a world in which nothing goes wrong.
    private func run(
        _ check: @escaping @Sendable (DatabaseSubject) async throws -> CheckOutcome
    ) throws {
        let outcome = Mutex<Result<CheckOutcome, any Error>?>(nil)
        var plan = Plan()
        // Few enough to be reached by the checks of the limits.
        plan.limits = StoreLimits(largestDocument: 70_000, largestBatch: 40)
        plan.transportLimits = TransportLimits(largestMessage: 70_000)
        plan.checksMessages = false
        plan.longest = 1_000_000
        plan.roles = [
            Plan.Role(name: "check") { process in
                let environment = process.environment
                let subject = DatabaseSubject(
                    process.database, openSecond: { process.database }, environment: environment,
                    advance: { try? await environment.sleep($0) })
                let result: Result<CheckOutcome, any Error>
                do {
                    result = .success(try await check(subject))
                } catch {
                    result = .failure(error)
                }
                outcome.withLock { $0 = $0 ?? result }
            }
        ]
        let explored = plan
        let replayed = ExplorerThread.run { executor in
            Simulation(explored, on: executor).replay(places: [])
        }
        #expect(replayed.difference == nil)
        #expect(replayed.violation == nil)
        let result = try #require(outcome.withLock { $0 }, "the check did not end")
        #expect(try result.get() == .passed)
    }
}
