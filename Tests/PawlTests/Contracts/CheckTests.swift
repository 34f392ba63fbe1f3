import Pawl
import PawlContracts
import Testing

@Suite("checks", .timeLimit(.minutes(1)))
struct CheckTests {
    private struct Bare: ContractSubject {
        let capabilities: Set<Capability> = [.clock]
    }

    @Test("a check that requires what the subject lacks is skipped by name")
    func skipped() async throws {
        let check = Check<Bare>("never runs", requires: [.fencing, .clock, .secondHandle]) { _ in
            Issue.record("it ran")
        }
        #expect(try await check.run(Bare()) == .skipped(lacking: [.secondHandle, .fencing]))
    }

    @Test("a violation carries the name of its check")
    func violation() async throws {
        let check = Check<Bare>("the sum is three") { _ in
            throw ContractViolation("expected 3, saw 4")
        }
        let violation = try await #require(throws: ContractViolation.self) {
            try await check.run(Bare())
        }
        #expect(
            "\(violation)" == "\"the sum is three\" does not hold: expected 3, saw 4")
    }

    @Test("an error where there must be none is a violation")
    func error() async throws {
        let check = Check<Bare>("it works") { _ in throw BackendError(.didNotHappen, "no") }
        await #expect(throws: ContractViolation.self) { try await check.run(Bare()) }
    }

    @Test("a check that does not end is given up")
    func endless() async throws {
        let clock = ManualClock()
        let check = Check<Bare>("it ends") { _ in
            try await clock.environment.sleep(.seconds(1))
        }
        let violation = try await #require(throws: ContractViolation.self) {
            try await check.run(Bare(), patience: .milliseconds(10))
        }
        #expect(violation.message.contains("did not end"))
    }

    @Test("no two checks have the same name")
    func names() {
        let names =
            StoreContract.checks.map(\.name) + TransportContract.checks.map(\.name)
            + DatabaseContract.checks.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test("a subject without clock, second handle and fencing runs what is left")
    func bareSubjects() async throws {
        let environment = ManualClock().environment
        let store = StoreSubject(MemoryStore(environment: environment), environment: environment)
        #expect(store.capabilities == [.reachableLimits])
        let transport = TransportSubject(
            MemoryTransport(environment: environment), environment: environment,
            hasFencing: false)
        #expect(transport.capabilities == [.reachableLimits])
        for check in StoreContract.checks {
            let isSkipped = try await check.run(store) != .passed
            #expect(isSkipped == !check.requires.subtracting([.reachableLimits]).isEmpty)
        }
    }
}
