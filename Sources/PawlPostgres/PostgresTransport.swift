public import Pawl
public import ServiceLifecycle

/// Queues in a PostgreSQL database.
///
/// ```swift
/// let transport = try await PostgresTransport.open("postgres://shop@db.example.com/shop")
/// ```
///
/// Any number of processes on any number of machines may use it at the same time; a message that
/// one sends wakes the others' receivers within milliseconds.
public final class PostgresTransport: Transport, Service {
    private let queues: Queues

    private init(_ pool: Pool) {
        queues = Queues(pool)
    }

    /// Connects, and makes the tables if there are none.
    ///
    /// - Parameters:
    ///   - url: A URL or another connection string of libpq. What it leaves out comes from the
    ///     environment's variables `PGHOST`, `PGUSER`, `PGPASSWORD` and so on, as everywhere with
    ///     PostgreSQL; an empty one leaves out everything.
    ///   - options: How the database is used.
    ///   - environment: Where waiting and randomness come from.
    /// - Returns: The transport, ready to be used.
    /// - Throws: `BackendError` if there is no connection or the tables are not as they have to be.
    public static func open(
        _ url: String = "", options: PostgresOptions = PostgresOptions(),
        environment: Environment = .system
    ) async throws(BackendError) -> PostgresTransport {
        PostgresTransport(try await Pool.open(url, options: options, environment: environment))
    }

    /// Waits until it is shut down gracefully or cancelled, as queues have nothing that expires.
    /// Everything else works without it.
    public func run() async {
        await Sweeping(environment: queues.pool.environment, sweeps: []).run()
        queues.pool.closeIdle()
    }

    /// What a database can carry, as the options say.
    public var transportLimits: TransportLimits { queues.pool.options.transportLimits }

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
