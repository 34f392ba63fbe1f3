/// A store and queues in one database, so that one transaction can cover both.
///
/// An endpoint on a `Database` runs the `transactional` algorithm. Everything that a ``Store`` and
/// a ``Transport`` must do holds here too.
public protocol Database: Store, Transport {
    /// Commits one message's whole effect in one transaction: the message removed from its queue,
    /// its id remembered where that is needed, the documents written, the new messages sent.
    ///
    /// - Parameter transaction: What to commit.
    /// - Returns: What became of it; anything but ``TransactionResult/committed`` left no effect,
    ///   except that a duplicate was removed from its queue.
    /// - Throws: ``BackendError``.
    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult

    /// Whether an id is remembered as processed. A message that a transaction of the same database
    /// has sent never is: its row in the queue says that it is not processed yet.
    ///
    /// - Parameters:
    ///   - id: The id of a message or of a submission.
    ///   - endpoint: The endpoint that may have processed it.
    /// - Returns: Whether a transaction with this id has been committed, strongly consistently.
    /// - Throws: ``BackendError``.
    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool

    /// For how long processed ids are remembered; `nil`, the default, for ever.
    var processedRetention: Duration? { get }
}

extension Database {
    /// For ever.
    public var processedRetention: Duration? { nil }
}

/// The whole effect of one message, or of one submission from outside.
public struct Transaction: Sendable {
    /// The delivery that is consumed; `nil` for a submission from outside.
    public var receipt: Receipt?
    /// The id of the message or the submission.
    public var id: MessageID
    /// The endpoint on whose behalf it is committed.
    public var endpoint: String
    /// The partition of the writes.
    public var partition: PartitionKey
    /// The documents to write.
    public var writes: [Write]
    /// The messages to send.
    public var messages: [Outgoing]

    /// Creates a transaction.
    ///
    /// - Parameters:
    ///   - receipt: The delivery that is consumed; `nil` for a submission from outside.
    ///   - id: The id of the message or the submission.
    ///   - endpoint: The endpoint on whose behalf it is committed.
    ///   - partition: The partition of the writes.
    ///   - writes: The documents to write.
    ///   - messages: The messages to send.
    public init(
        receipt: Receipt?, id: MessageID, endpoint: String, partition: PartitionKey,
        writes: [Write], messages: [Outgoing]
    ) {
        self.receipt = receipt
        self.id = id
        self.endpoint = endpoint
        self.partition = partition
        self.writes = writes
        self.messages = messages
    }
}

/// What became of a transaction.
public enum TransactionResult: Hashable, Sendable {
    /// Everything is done and durable.
    case committed
    /// The id had been processed before. The delivered copy is gone from its queue.
    case duplicate
    /// A document was no longer at the expected version. No effect.
    case conflict
    /// The delivery's lease had passed on. No effect.
    case leaseLost
}
