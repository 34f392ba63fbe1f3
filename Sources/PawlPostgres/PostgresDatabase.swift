public import Pawl
public import ServiceLifecycle

/// A store and queues in one PostgreSQL database, so that one transaction covers both.
///
/// ```swift
/// let database = try await PostgresDatabase.open("postgres://shop@db.example.com/shop")
/// ```
///
/// What ``PostgresStore`` and ``PostgresTransport`` say holds here too.
public final class PostgresDatabase: Database, Service {
    private let documents: Documents
    private let queues: Queues
    private let committing: Committing
    private let sweeping: Sweeping

    private init(_ pool: Pool) {
        let documents = Documents(pool)
        let queues = Queues(pool)
        let committing = Committing(queues: queues)
        self.documents = documents
        self.queues = queues
        self.committing = committing
        sweeping = Sweeping(
            environment: pool.environment,
            sweeps: [documents.sweep(atMost:), committing.sweep(atMost:)])
    }

    /// Connects, and makes the tables if there are none.
    ///
    /// - Parameters:
    ///   - url: A URL or another connection string of libpq. What it leaves out comes from the
    ///     environment's variables `PGHOST`, `PGUSER`, `PGPASSWORD` and so on, as everywhere with
    ///     PostgreSQL; an empty one leaves out everything.
    ///   - options: How the database is used.
    ///   - environment: Where waiting and randomness come from.
    /// - Returns: The database, ready to be used.
    /// - Throws: `BackendError` if there is no connection or the tables are not as they have to be.
    public static func open(
        _ url: String = "", options: PostgresOptions = PostgresOptions(),
        environment: Environment = .system
    ) async throws(BackendError) -> PostgresDatabase {
        PostgresDatabase(try await Pool.open(url, options: options, environment: environment))
    }

    /// Removes what has expired, once a minute, until it is shut down gracefully or cancelled.
    /// Everything else works without it.
    public func run() async {
        await sweeping.run()
        documents.pool.closeIdle()
    }

    /// What a database can hold, as the options say.
    public var limits: StoreLimits { documents.pool.options.storeLimits }

    /// What a database can carry, as the options say.
    public var transportLimits: TransportLimits { queues.pool.options.transportLimits }

    /// Commits one message's whole effect in one transaction.
    public func commit(
        _ transaction: Transaction
    ) async throws(BackendError) -> TransactionResult {
        try await committing.commit(transaction)
    }

    /// Whether an id is remembered as processed.
    public func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await committing.isProcessed(id, by: endpoint)
    }

    /// For how long processed ids are remembered, as the options say.
    public var processedRetention: Duration? { documents.pool.options.processedRetention }
}

extension PostgresDatabase {
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
        try await queues.changing.write(writes, in: partition)
    }

    /// Lists the documents of one kind across all partitions.
    public func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await documents.list(kind: kind, after: after, limit: limit)
    }
}

extension PostgresDatabase {
    /// Creates the endpoint's queue and makes known what it handles.
    public func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        try await queues.register(registration)
    }

    /// Which queues exist and which types of messages go there.
    public func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await queues.directory(fresh: fresh)
    }

    /// Sends messages.
    public func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await queues.send(messages)
    }

    /// Takes messages from a queue; waits until there is at least one.
    public func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await queues.receive(from: queue, max: max, lease: lease)
    }

    /// Removes a delivered message for good.
    @discardableResult
    public func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await queues.acknowledge(receipt)
    }

    /// Gives a message back.
    @discardableResult
    public func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        try await queues.release(receipt, after: delay)
    }

    /// Extends leases, counted from now.
    @discardableResult
    public func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try await queues.extend(receipts, by: lease)
    }
}
