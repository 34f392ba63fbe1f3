public import ServiceLifecycle

/// Queues that live in memory: for tests, for learning, and for trying things out. What they hold
/// is gone with the process.
///
/// A message that has been visible for longer is delivered sooner. As a `Service` a transport in
/// memory has nothing to do; it may be left out of the group.
public final class MemoryTransport: Transport, Service {
    private let database: MemoryDatabase

    /// Creates a transport without queues; each endpoint creates its own when it registers.
    ///
    /// - Parameters:
    ///   - limits: What the transport accepts.
    ///   - environment: Where time and waiting come from, by which leases end.
    public init(limits: TransportLimits = .memory, environment: Environment = .system) {
        database = MemoryDatabase(transportLimits: limits, environment: environment)
    }

    /// What this transport accepts.
    public var transportLimits: TransportLimits { database.transportLimits }

    /// Creates the endpoint's queue and makes known what it handles.
    ///
    /// - Parameter registration: The endpoint's name and the types of messages that it handles.
    /// - Returns: Whether it is registered, or which other types a live endpoint handles.
    /// - Throws: Nothing but what the protocol declares.
    public func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        try await database.register(registration)
    }

    /// Which queues exist and which types of messages go there.
    ///
    /// - Parameter fresh: Not looked at; every answer is fresh.
    /// - Returns: The directory.
    /// - Throws: Nothing but what the protocol declares.
    public func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await database.directory(fresh: fresh)
    }

    /// Sends messages: all of them, or none.
    ///
    /// - Parameter messages: What to send and where to.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` if one exceeds a limit or its queue does
    ///   not exist.
    public func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await database.send(messages)
    }

    /// Takes messages from a queue, those first that have been visible for longest.
    ///
    /// - Parameters:
    ///   - queue: The queue's name.
    ///   - max: The largest number of messages to take.
    ///   - lease: For how long they are the caller's.
    /// - Returns: At least one delivery; none only when the task was cancelled while it waited.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` if the queue does not exist.
    public func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await database.receive(from: queue, max: max, lease: lease)
    }

    /// Removes a delivered message for good.
    ///
    /// - Parameter receipt: The right to it.
    /// - Returns: Whether the lease was still the caller's.
    /// - Throws: Nothing but what the protocol declares.
    @discardableResult
    public func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await database.acknowledge(receipt)
    }

    /// Gives a message back, to be delivered again after a delay.
    ///
    /// - Parameters:
    ///   - receipt: The right to it.
    ///   - delay: For how long it stays invisible.
    /// - Returns: Whether the lease was still the caller's.
    /// - Throws: Nothing but what the protocol declares.
    @discardableResult
    public func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        try await database.release(receipt, after: delay)
    }

    /// Extends leases, counted from now.
    ///
    /// - Parameters:
    ///   - receipts: The rights to extend.
    ///   - lease: For how long they are the caller's from now on.
    /// - Returns: The receipts whose lease was no longer the caller's.
    /// - Throws: Nothing but what the protocol declares.
    @discardableResult
    public func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try await database.extend(receipts, by: lease)
    }

    /// Waits for the group to shut down.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func run() async throws {
        try await gracefulShutdown()
    }
}

extension TransportLimits {
    /// What a transport in memory accepts unless it is told otherwise: messages of 1 MiB.
    public static let memory = TransportLimits(largestMessage: 1 << 20)
}
