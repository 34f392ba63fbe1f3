public import Pawl
public import ServiceLifecycle

/// A store in a PostgreSQL database.
///
/// ```swift
/// let store = try await PostgresStore.open("postgres://shop@db.example.com/shop")
/// ```
///
/// Any number of processes on any number of machines may use it at the same time.
public final class PostgresStore: Store, Service {
    private let documents: Documents
    private let changing: Changing
    private let sweeping: Sweeping

    private init(_ pool: Pool) {
        let documents = Documents(pool)
        self.documents = documents
        changing = Changing(pool) { _ in }
        sweeping = Sweeping(environment: pool.environment, sweeps: [documents.sweep(atMost:)])
    }

    /// Connects, and makes the tables if there are none.
    ///
    /// - Parameters:
    ///   - url: A URL or another connection string of libpq. What it leaves out comes from the
    ///     environment's variables `PGHOST`, `PGUSER`, `PGPASSWORD` and so on, as everywhere with
    ///     PostgreSQL; an empty one leaves out everything.
    ///   - options: How the database is used.
    ///   - environment: Where waiting and randomness come from.
    /// - Returns: The store, ready to be used.
    /// - Throws: `BackendError` if there is no connection or the tables are not as they have to be.
    public static func open(
        _ url: String = "", options: PostgresOptions = PostgresOptions(),
        environment: Environment = .system
    ) async throws(BackendError) -> PostgresStore {
        PostgresStore(try await Pool.open(url, options: options, environment: environment))
    }

    /// Removes what has expired, once a minute, until it is shut down gracefully or cancelled.
    /// Everything else works without it.
    public func run() async {
        await sweeping.run()
        documents.pool.closeIdle()
    }

    /// What a database can hold, as the options say.
    public var limits: StoreLimits { documents.pool.options.storeLimits }

    /// Reads one document.
    public func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await documents.read(key, in: partition)
    }

    /// Reads the documents of one kind in one partition.
    public func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await documents.read(kind: kind, in: partition, after: after, limit: limit)
    }

    /// Writes several documents of one partition, all or none.
    public func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try await changing.write(writes, in: partition)
    }

    /// Lists the documents of one kind across all partitions.
    public func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await documents.list(kind: kind, after: after, limit: limit)
    }
}

extension Pool {
    /// Connects, so that what is wrong shows at once, and sees to the tables.
    static func open(
        _ url: String, options: PostgresOptions, environment: Environment
    ) async throws(BackendError) -> Pool {
        let pool = try Pool(url: url, options: options, environment: environment)
        try await Migration(pool: pool).run(options.setup)
        return pool
    }
}
