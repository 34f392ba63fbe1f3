/// Queues that deliver every message at least once, in any order.
///
/// A queue belongs to the endpoint of the same name. `TransportContract` in `PawlContracts` holds
/// what an implementation must do.
///
/// A call that throws says what happened in ``BackendError/effect``.
public protocol Transport: Sendable {
    /// What this transport can carry. It is checked before the state that produced a message is
    /// committed.
    var transportLimits: TransportLimits { get }

    /// Creates the endpoint's queue where it does not exist yet and makes known what it handles.
    /// Subscriptions are durable: they hold while no process runs the endpoint.
    ///
    /// A running endpoint registers again every ``Registration/refreshInterval``. That is how the
    /// transport tells a deployment (the sets of types of two instances contain one another) from
    /// two endpoints that were given the same name by mistake (they don't).
    ///
    /// - Parameter registration: The endpoint's name and the types of messages that it handles.
    /// - Returns: ``RegistrationResult/refused(handledTypes:)`` if a live endpoint of this name
    ///   handles other types.
    /// - Throws: ``BackendError``.
    func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult

    /// Which queues exist and which types of messages go there.
    ///
    /// - Parameter fresh: Whether to read anew. Without it an answer may be some seconds old.
    /// - Returns: The queues.
    /// - Throws: ``BackendError``.
    func directory(fresh: Bool) async throws(BackendError) -> Directory

    /// Sends messages. When it returns, all of them are durable. It is not atomic: after an error
    /// some may have been sent.
    ///
    /// - Parameter messages: What to send and where to; any number, split by the transport as its
    ///   own limits require.
    /// - Throws: ``BackendError``; ``BackendError/Effect/canNeverHappen`` for a message that
    ///   exceeds a limit or a queue that does not exist.
    func send(_ messages: [Outgoing]) async throws(BackendError)

    /// Takes messages from a queue; they are invisible to others until they are acknowledged,
    /// released, or the lease ends. Waits until there is at least one.
    ///
    /// - Parameters:
    ///   - queue: The queue's name.
    ///   - max: The largest number of messages to take, at least 1.
    ///   - lease: For how long they are the caller's.
    /// - Returns: At least one delivery; none only when the task was cancelled while it waited.
    ///   What has been taken is always returned.
    /// - Throws: ``BackendError``.
    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery]

    /// Removes a delivered message for good, if the lease is still the caller's.
    ///
    /// - Returns: Whether the lease was still the caller's. If not, nothing was changed.
    /// - Throws: ``BackendError``.
    @discardableResult
    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool

    /// Gives a message back, to be delivered again after a delay, as if this delivery had not
    /// been: its attempt is not counted.
    ///
    /// - Returns: Whether the lease was still the caller's. If not, nothing was changed.
    /// - Throws: ``BackendError``.
    @discardableResult
    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool

    /// Extends leases, counted from now.
    ///
    /// - Returns: The receipts whose lease was no longer the caller's.
    /// - Throws: ``BackendError``.
    @discardableResult
    func extend(_ receipts: [Receipt], by lease: Duration) async throws(BackendError) -> [Receipt]
}

/// What a transport can carry.
public struct TransportLimits: Hashable, Sendable {
    /// The largest encoded message, in bytes.
    public let largestMessage: Int

    /// Creates limits.
    ///
    /// - Parameter largestMessage: The largest encoded message, in bytes.
    public init(largestMessage: Int) {
        self.largestMessage = largestMessage
    }
}

/// A message on its way to one queue.
public struct Outgoing: Hashable, Sendable {
    /// The message.
    public var envelope: Envelope
    /// The queue that it goes to.
    public var queue: String
    /// The moment before which it must not be delivered; `nil` for at once.
    public var notBefore: Timestamp?

    /// Creates an outgoing message.
    ///
    /// - Parameters:
    ///   - envelope: The message.
    ///   - queue: The queue that it goes to.
    ///   - notBefore: The moment before which it must not be delivered.
    public init(_ envelope: Envelope, to queue: String, notBefore: Timestamp? = nil) {
        self.envelope = envelope
        self.queue = queue
        self.notBefore = notBefore
    }
}

/// The right to one delivered message, while its lease lasts.
public struct Receipt: Hashable, Sendable {
    /// The queue that the message came from.
    public let queue: String
    /// The transport's own name for this delivery.
    public let handle: String

    /// Creates a receipt.
    ///
    /// - Parameters:
    ///   - queue: The queue that the message came from.
    ///   - handle: The transport's own name for this delivery.
    public init(queue: String, handle: String) {
        self.queue = queue
        self.handle = handle
    }
}

/// A message as a transport hands it over.
public struct Delivery: Sendable {
    /// The right to this message.
    public let receipt: Receipt
    /// One more than the number of leases that ended without the message being acknowledged or
    /// released: 1 unless a process died, or stood still, while it held the message.
    public let attempt: Int
    /// The encoded ``Envelope``; not looked at by the transport.
    public let message: [UInt8]

    /// Creates a delivery.
    ///
    /// - Parameters:
    ///   - receipt: The right to this message.
    ///   - attempt: One more than the number of leases that ended by themselves.
    ///   - message: The encoded envelope.
    public init(receipt: Receipt, attempt: Int, message: [UInt8]) {
        self.receipt = receipt
        self.attempt = attempt
        self.message = message
    }
}
