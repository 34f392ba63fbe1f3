import Pawl
import PawlContracts
import Testing

@Suite("backends in memory keep the contracts", .timeLimit(.minutes(2)))
struct MemoryContractTests {
    private let clock = ManualClock()

    @Test("store", arguments: StoreContract.checks)
    func store(check: Check<StoreSubject>) async throws {
        // Few enough to be reached by the checks of the limits.
        let limits = StoreLimits(largestDocument: 700_000, largestBatch: 100)
        let store = MemoryStore(limits: limits, environment: clock.environment)
        let subject = StoreSubject(store, openSecond: { store }, clock: clock)
        #expect(try await check.run(subject) == .passed)
    }

    @Test("transport", arguments: TransportContract.checks)
    func transport(check: Check<TransportSubject>) async throws {
        let transport = MemoryTransport(environment: clock.environment)
        let subject = TransportSubject(transport, openSecond: { transport }, clock: clock)
        #expect(try await check.run(subject) == .passed)
    }

    @Test("database as a store", arguments: StoreContract.checks)
    func databaseStore(check: Check<StoreSubject>) async throws {
        #expect(try await check.run(database.store) == .passed)
    }

    @Test("database as a transport", arguments: TransportContract.checks)
    func databaseTransport(check: Check<TransportSubject>) async throws {
        #expect(try await check.run(database.transport) == .passed)
    }

    @Test("database", arguments: DatabaseContract.checks)
    func database(check: Check<DatabaseSubject>) async throws {
        #expect(try await check.run(database) == .passed)
    }

    private var database: DatabaseSubject {
        let database = MemoryDatabase(environment: clock.environment)
        return DatabaseSubject(database, openSecond: { database }, clock: clock)
    }

    @Test("all checks can share one database, one after the other")
    func shared() async throws {
        let subject = database
        for check in StoreContract.checks { try await check.run(subject.store) }
        for check in TransportContract.checks { try await check.run(subject.transport) }
        for check in DatabaseContract.checks { try await check.run(subject) }
    }
}
