/// The order of the steps between store and transport that makes the whole exactly-once.
///
/// An algorithm is written for one message at a time, straight down the page. Batching lies behind
/// the boundaries; decoding, routing, retries, leases and dead letters lie before it. Pawl's own
/// are ``Deduplication/outbox``, ``Deduplication/inbox``, ``Deduplication/natural`` and, on a
/// ``Database``, `transactional`.
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

/// Which algorithm an endpoint runs, for endpoints whose store and transport are apart.
public struct Deduplication: Sendable {
    /// The algorithm's name, for logs and reports.
    public let name: String
    /// For how long a processed message is remembered; `nil` for ever. A dead letter that is older
    /// is not retried unless that is forced.
    public let retention: Duration?
    /// What handlers have to be like, for the whole to be exactly-once.
    public let demand: HandlerDemand
    /// How many documents it writes as one with the entities of a message.
    let documentsBeside: Int
    package let make:
        @Sendable (any Store, any Transport, Environment) -> any DeduplicationAlgorithm

    /// Names an algorithm of your own.
    ///
    /// - Parameters:
    ///   - name: Its name, for logs and reports.
    ///   - retention: For how long it remembers a processed message; `nil` for ever.
    ///   - demand: What handlers have to be like.
    ///   - make: Makes the algorithm for a store and a transport.
    public init(
        name: String, retention: Duration?, demand: HandlerDemand = .nothing,
        make:
            @escaping @Sendable (any Store, any Transport, Environment)
            -> any DeduplicationAlgorithm
    ) {
        self.init(
            name: name, retention: retention, demand: demand, documentsBeside: 0, making: make)
    }

    private init(
        name: String, retention: Duration?, demand: HandlerDemand, documentsBeside: Int,
        making make:
            @escaping @Sendable (any Store, any Transport, Environment)
            -> any DeduplicationAlgorithm
    ) {
        self.name = name
        self.retention = retention
        self.demand = demand
        self.documentsBeside = documentsBeside
        self.make = make
    }

    /// Processed ids and outgoing messages are kept in the entity itself; the ids for 7 days.
    public static let outbox = outbox(retention: .days(7))

    /// Processed ids and outgoing messages are kept in the entity itself.
    ///
    /// - Parameter retention: For how long an id is kept. A duplicate that comes later is processed
    ///   again.
    /// - Returns: The algorithm.
    public static func outbox(retention: Duration) -> Deduplication {
        Deduplication(name: "outbox", retention: retention) { store, transport, environment in
            Outbox(
                store: store, transport: transport, retention: retention, environment: environment)
        }
    }

    /// Outgoing messages are kept in the entity until they are sent, processed ids in records of
    /// their own; those for 7 days.
    public static let inbox = inbox(retention: .days(7))

    /// Outgoing messages are kept in the entity until they are sent, processed ids in records of
    /// their own, so that entities stay small.
    ///
    /// - Parameters:
    ///   - retention: For how long an id is kept. A duplicate that comes later is processed again.
    ///   - records: Where the records are; `nil` for the endpoint's own store.
    ///   - reads: What reads of the records are good for. With ``ReadConsistency/eventual`` a
    ///     message costs two more writes.
    /// - Returns: The algorithm.
    public static func inbox(
        retention: Duration, in records: (any Store)? = nil, reads: ReadConsistency = .strong
    ) -> Deduplication {
        Deduplication(name: "inbox", retention: retention) { store, transport, environment in
            switch reads {
            case .strong:
                Inbox(
                    store: store, records: records ?? store, transport: transport,
                    retention: retention, environment: environment)
            case .eventual:
                ClaimInbox(
                    store: store, records: records ?? store, transport: transport,
                    retention: retention, environment: environment)
            }
        }
    }

    /// What the handler of a message was given is kept for 7 days, and a duplicate makes the same
    /// messages again from it.
    public static let replay = replay(retention: .days(7))

    /// What the handler of a message was given is kept, and a duplicate makes the same messages
    /// again from it: the entities as they were, and the time. Nothing is kept of what is still to
    /// be sent, so a message takes a single write.
    ///
    /// Handlers have to be deterministic, and code that is deployed must make the same messages of
    /// what older code has met; see ``HandlerDemand/determinism``. `checkDeterminism` in
    /// `PawlCheck` finds those that are not. A message whose handler makes something else than
    /// before is given up, with the code ``PawlError/Code/notDeterministic``.
    ///
    /// The store has to write one document more than a handler has entities as one, and to hold an
    /// entity twice over while it is kept. What ``Perform`` handlers and sessions do is not made
    /// again: their messages are kept as ``outbox`` keeps them.
    ///
    /// - Parameter retention: For how long that is kept. A message that comes again later is
    ///   processed again, even if its messages were never sent: it has to be longer than any
    ///   message waits in its queue.
    /// - Returns: The algorithm.
    public static func replay(retention: Duration) -> Deduplication {
        Deduplication(
            name: "replay", retention: retention, demand: .determinism, documentsBeside: 1
        ) { store, transport, environment in
            Replay(
                store: store, transport: transport, retention: retention, environment: environment)
        }
    }

    /// A message is processed only while its token exists, which its sender has made; there is no
    /// time after which a duplicate passes, and nothing to be remembered of what was processed.
    ///
    /// ```swift
    /// let endpoint = Endpoint(
    ///     billing, store: store, transport: queues, deduplication: .tokens(in: shared))
    /// ```
    ///
    /// Endpoints that send messages to one another use the same tokens. To go there from
    /// ``outbox``, deploy all of them with `isIssuing: false` first, then without; to go back, the
    /// same way, and wait between until no tokens are left: ``Store/countTokens()``.
    ///
    /// - Parameters:
    ///   - shared: Where the tokens are, which sender and receiver share; `nil` for the endpoint's
    ///     own store, where all have the same. It has to write at least two documents of a
    ///     partition as one.
    ///   - blobs: Where bodies are laid that are too large for the transport; `nil` if there is no
    ///     such place, so that sending them fails.
    ///   - isIssuing: Whether messages are sent with tokens. Those that come with one are processed
    ///     only while it exists, either way.
    ///   - retention: For how long the id of a message that comes without a token is kept. A
    ///     duplicate of it that comes later is processed again.
    /// - Returns: The algorithm.
    public static func tokens(
        in shared: (any Store)? = nil, blobs: (any BlobStore)? = nil, isIssuing: Bool = true,
        retention: Duration = .days(7)
    ) -> Deduplication {
        Deduplication(name: "tokens", retention: retention) { store, transport, environment in
            Tokens(
                store: store, tokens: shared ?? store, blobs: blobs, transport: transport,
                isIssuing: isIssuing, retention: retention, environment: environment)
        }
    }

    /// Nothing is remembered of a message: for state in which applying twice is applying once, made
    /// of sets, registers and facts such as ``ObservedRemoveSet``, and outputs that follow from the
    /// message alone.
    ///
    /// It is up to the handlers to be like that; the checker tells whether they are. A copy of a
    /// message may come any time. Work without an entity, and submissions of sessions, are
    /// remembered for 7 days. All copies of what a handler sends are the same in every byte of their
    /// envelope but the headers: ``Envelope/sentAt`` is a moment after that of the message that has
    /// caused it, whenever it really was.
    public static let natural = Deduplication(
        name: "natural", retention: nil, demand: .idempotence
    ) { store, transport, environment in
        Natural(store: store, transport: transport, environment: environment)
    }
}

/// What an algorithm asks of the handlers that it runs.
public enum HandlerDemand: Hashable, Sendable {
    /// Nothing: an attempt that does not win leaves no trace, and one that wins is never made again.
    case nothing
    /// The same state and the same message give the same state and the same messages, in any
    /// process, at any time.
    case determinism
    /// Applying a message twice is applying it once, whatever comes between, and what is sent
    /// follows from the message alone.
    case idempotence
}

/// What a read of a store may answer.
public enum ReadConsistency: Hashable, Sendable {
    /// It shows every write that was answered before, as ``Store`` demands.
    case strong
    /// It may show what was there some time before. Compare-and-set still compares with what is
    /// there now.
    case eventual
}
