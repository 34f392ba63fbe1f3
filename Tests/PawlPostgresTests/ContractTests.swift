import Pawl
import PawlContracts
import PawlPostgres
import PrivatePostgres
import Testing

@Suite("What every backend must do, by PostgreSQL", .timeLimit(.minutes(2)))
struct ContractTests {
    let url: String
    let clock = ManualClock()
    let options: PostgresOptions

    init() throws {
        url = try TestServer.running().url
        var options = TestServer.options()
        options.clock = .environment
        self.options = options
    }

    private func open<Backend: Sendable>(
        _ open: @escaping @Sendable (String, PostgresOptions, Environment) async throws -> Backend
    ) async throws -> (first: Backend, second: @Sendable () async throws -> Backend) {
        let (url, options, environment) = (url, options, clock.environment)
        let openNow: @Sendable () async throws -> Backend = {
            try await open(url, options, environment)
        }
        return (try await openNow(), openNow)
    }

    @Test("store", arguments: StoreContract.checks)
    func store(check: Check<StoreSubject>) async throws {
        let (store, second) = try await open(PostgresStore.open)
        let outcome = try await check.run(
            StoreSubject(store, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("transport", arguments: TransportContract.checks)
    func transport(check: Check<TransportSubject>) async throws {
        let (transport, second) = try await open(PostgresTransport.open)
        let outcome = try await check.run(
            TransportSubject(transport, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("database", arguments: DatabaseContract.checks)
    func database(check: Check<DatabaseSubject>) async throws {
        let (database, second) = try await open(PostgresDatabase.open)
        let outcome = try await check.run(
            DatabaseSubject(database, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("database as a store", arguments: StoreContract.checks)
    func databaseAsStore(check: Check<StoreSubject>) async throws {
        let (database, second) = try await open(PostgresDatabase.open)
        let outcome = try await check.run(
            StoreSubject(database, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("database as a transport", arguments: TransportContract.checks)
    func databaseAsTransport(check: Check<TransportSubject>) async throws {
        let (database, second) = try await open(PostgresDatabase.open)
        let outcome = try await check.run(
            TransportSubject(database, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }
}
