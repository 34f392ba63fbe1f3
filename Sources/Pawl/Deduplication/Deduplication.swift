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
    /// Another store, which has to write two documents as one, where there is one.
    let companion: (any Store)?
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
        companion: (any Store)? = nil,
        making make:
            @escaping @Sendable (any Store, any Transport, Environment)
            -> any DeduplicationAlgorithm
    ) {
        self.name = name
        self.retention = retention
        self.demand = demand
        self.documentsBeside = documentsBeside
        self.companion = companion
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
    ///     message costs one more write, and one read less.
    /// - Returns: The algorithm.
    public static func inbox(
        retention: Duration, in records: (any Store)? = nil, reads: ReadConsistency = .strong
    ) -> Deduplication {
        Deduplication(name: "inbox", retention: retention) { store, transport, environment in
            let entities = LedgerStore(
                store: store, environment: environment, retention: retention)
            let records = InboxRecords(
                store: records ?? store, environment: environment, retention: retention)
            let outbox = Outbox(
                store: store, transport: transport, retention: retention, environment: environment)
            return switch reads {
            case .strong:
                Inbox(transport: transport, entities: entities, records: records, outbox: outbox)
            case .eventual:
                ClaimInbox(
                    transport: transport, entities: entities, records: records, outbox: outbox)
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
    /// same way, and wait between until no tokens are left (``Store/countTokens()``), nor copies of
    /// messages that had one.
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
        Deduplication(
            name: "tokens", retention: retention, demand: .nothing,
            documentsBeside: shared == nil ? 1 : 0, companion: shared
        ) { store, transport, environment in
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
