/// The order of the steps between store and transport that makes the whole exactly-once.
///
/// An algorithm is written for one message at a time, straight down the page. Batching lies behind
/// the boundaries; decoding, routing, retries, leases and dead letters lie before it. Pawl's own
/// are ``Deduplication/outbox``, ``Deduplication/inbox``,
/// ``Deduplication/tokens(in:blobs:isIssuing:retention:)``, ``Deduplication/replay``,
/// ``Deduplication/natural`` and, on a ``Database``, `transactional`.
public protocol DeduplicationAlgorithm: Sendable {
    /// Makes a message complete before it is read. By default it is as it came.
    ///
    /// - Parameter envelope: The message as it came.
    /// - Returns: The whole message; `nil` if what it lacks is gone because it was processed before.
    /// - Throws: What a boundary threw; a ``PawlError`` with the code
    ///   ``PawlError/Code/unsupportedMessage``, by default for any message that has a token, which
    ///   would never be removed.
    func open(_ envelope: Envelope) async throws -> Envelope?

    /// Moves the system by one delivered message and removes the message from its queue.
    ///
    /// - Parameters:
    ///   - attempt: The message and what it asks for.
    ///   - receipt: The delivery.
    /// - Returns: What became of it.
    /// - Throws: What the handler or a boundary threw. The message is still there then.
    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome

    /// Saves a change and sends messages atomically without an incoming message.
    ///
    /// - Parameter attempt: The submission, whose id identifies it, and what it does.
    /// - Returns: What became of it.
    /// - Throws: What the handler or a boundary threw.
    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome

    /// Finishes a submission that may have been saved, but whose messages may not have been sent.
    ///
    /// - Parameters:
    ///   - submission: Which submission, and where its traces are.
    ///   - isLastTry: Whether a submission that is not saved by now must never be saved as it is.
    /// - Returns: Whether nothing is left to be done; otherwise it is called again, later.
    /// - Throws: What a boundary threw.
    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool
}

extension DeduplicationAlgorithm {
    /// The message as it came, unless it has a token.
    public func open(_ envelope: Envelope) async throws -> Envelope? {
        guard envelope.headers[Token.header] == nil, envelope.claim == nil else {
            throw PawlError(
                .unsupportedMessage,
                """
                Message \(envelope.id) (\(envelope.type)) has a token, but this endpoint's algorithm \
                knows of none. Deploy the endpoint with `.tokens(in:)`, over the sender's tokens.
                """)
        }
        return envelope
    }
}

/// What became of an attempt at a message.
public enum Outcome: Hashable, Sendable {
    /// Its effect is saved and sent, by this attempt; the message is gone.
    case processed
    /// It had been processed before; the message is gone.
    case duplicate
    /// Something else changed the entity meanwhile: the attempt left no effect, make another one.
    case conflict
    /// The message is somebody else's by now; the attempt left no effect.
    case leaseLost
}

/// What became of an attempt at a submission.
public enum SubmissionOutcome: Hashable, Sendable {
    /// It is saved, and its messages are on their way.
    case committed
    /// A submission with this id had been saved before; nothing was changed.
    case alreadyCommitted
    /// Something else changed the entity meanwhile: the attempt left no effect, make another one.
    case conflict
}

/// Where the traces of a submission are.
public struct Submission: Codable, Hashable, Sendable {
    /// The id of the submission.
    public let id: MessageID
    /// The partition that it changes.
    public let partition: String
    /// The kind of the document that carries its ledger.
    public let kind: String
    /// The id of the document that carries its ledger.
    public let document: String
    /// How often it has been looked for.
    public var tries = 0
    /// The endpoint that it belongs to. It does not travel: the message goes to that endpoint.
    public internal(set) var endpoint = ""

    private enum CodingKeys: CodingKey {
        case id, partition, kind, document, tries
    }

    package init(
        id: MessageID, partition: String, kind: String, document: String, tries: Int = 0
    ) {
        self.id = id
        self.partition = partition
        self.kind = kind
        self.document = document
        self.tries = tries
    }

    /// The traces that an attempt at a submission leaves.
    package init(of attempt: Attempt) {
        id = attempt.message.id
        partition = attempt.partition.name
        kind = attempt.keys[0].kind
        document = attempt.keys[0].id
        endpoint = attempt.endpoint
    }

    /// The key of the document that carries its ledger.
    public var key: DocumentKey { DocumentKey(kind: kind, id: document) }
}
