public import Pawl

/// The tables that ``PostgresStore``, ``PostgresTransport`` and ``PostgresDatabase`` use.
public enum PostgresTables {
    /// The version that this version of Pawl needs.
    public static var version: Int { Int(Migration.newest) }

    /// Makes the tables, or brings them to what this version needs: what happens at opening too,
    /// unless ``PostgresOptions/Setup/verify`` leaves it to somebody with the right to do it. Any
    /// number of processes may do so at the same time.
    ///
    /// - Parameters:
    ///   - url: As for ``PostgresDatabase/open(_:options:environment:)``.
    ///   - options: Where the tables are.
    /// - Returns: The version of the tables before; 0 if there were none.
    /// - Throws: `BackendError` if there is no connection, if it may not be done, or if the tables
    ///   are of a newer version than ``version``; they are then as they were.
    @discardableResult
    public static func migrate(
        _ url: String = "", options: PostgresOptions = PostgresOptions()
    ) async throws(BackendError) -> Int {
        let pool = try Pool(url: url, options: options, environment: .system)
        defer { pool.closeIdle() }
        return Int(try await Migration(pool: pool).run(.migrate))
    }
}
