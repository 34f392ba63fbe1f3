import Pawl
import PawlContracts
import PawlSQLite
import Testing

@Suite("What every backend must do, by SQLite", .timeLimit(.minutes(2)))
struct ContractTests {
    let bench: Workbench
    let clock = ManualClock()

    init() throws { bench = try Workbench() }

    private func open<Backend: Sendable>(
        _ open: @escaping @Sendable (String, SQLiteOptions, Environment) throws -> Backend
    ) throws -> (first: Backend, second: @Sendable () async throws -> Backend) {
        let path = bench.path()
        let environment = clock.environment
        let openNow: @Sendable () throws -> Backend = {
            try open(path, SQLiteOptions(), environment)
        }
        return (try openNow(), { try openNow() })
    }

    @Test("store", arguments: StoreContract.checks)
    func store(check: Check<StoreSubject>) async throws {
        let (store, second) = try open(SQLiteStore.open)
        let outcome = try await check.run(
            StoreSubject(store, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("transport", arguments: TransportContract.checks)
    func transport(check: Check<TransportSubject>) async throws {
        let (transport, second) = try open(SQLiteTransport.open)
        let outcome = try await check.run(
            TransportSubject(transport, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("database", arguments: DatabaseContract.checks)
    func database(check: Check<DatabaseSubject>) async throws {
        let (database, second) = try open(SQLiteDatabase.open)
        let outcome = try await check.run(
            DatabaseSubject(database, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("database as a store", arguments: StoreContract.checks)
    func databaseAsStore(check: Check<StoreSubject>) async throws {
        let (database, second) = try open(SQLiteDatabase.open)
        let outcome = try await check.run(
            StoreSubject(database, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }

    @Test("database as a transport", arguments: TransportContract.checks)
    func databaseAsTransport(check: Check<TransportSubject>) async throws {
        let (database, second) = try open(SQLiteDatabase.open)
        let outcome = try await check.run(
            TransportSubject(database, openSecond: second, clock: clock))
        #expect(outcome == .passed)
    }
}
