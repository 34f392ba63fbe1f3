public import Pawl
public import ServiceLifecycle

/// Queues in a SQLite file.
///
/// ```swift
/// let transport = try SQLiteTransport.open("queues.sqlite")
/// ```
///
/// Any number of processes on one machine may use the file at the same time; a message that one
/// sends wakes the others' receivers within milliseconds, without polling.
public final class SQLiteTransport: Transport, Service {
    let queues: Queues

    init(_ file: SQLiteFile) {
        queues = Queues(file)
    }

    /// Opens a file, and creates it if there is none.
    ///
    /// - Parameters:
    ///   - path: Where the file is. Its directory must exist, on a local disk.
    ///   - options: How the file is used.
    ///   - environment: Where time, waiting and randomness come from.
    /// - Returns: The transport, ready to be used.
    /// - Throws: `BackendError` if the file can't be used; it is then as it was.
    public static func open(
        _ path: String, options: SQLiteOptions = SQLiteOptions(),
        environment: Environment = .system
    ) throws(BackendError) -> SQLiteTransport {
        SQLiteTransport(try SQLiteFile(path: path, options: options, environment: environment))
    }

    /// Waits until it is shut down gracefully or cancelled, as queues have nothing that expires,
    /// and then copies the write-ahead log into the file. Everything else works without it.
    public func run() async {
        await Sweeping(environment: queues.file.environment, sweeps: []).run()
        await queues.file.foldLogIn()
    }

    /// What a file can carry, as the options say.
    public var transportLimits: TransportLimits { queues.file.options.transportLimits }

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
