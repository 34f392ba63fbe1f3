public import Logging

/// One try at handling one message. Several may run at once, in several processes; one wins.
public struct Attempt: Sendable {
    /// The message, or the submission, that is being handled.
    public let message: Envelope
    /// The endpoint that handles it.
    public let endpoint: String
    let work: Work
    let router: Router
    let environment: Environment
    /// Where an algorithm says what is out of the ordinary.
    public let logger: Logger

    package init(
        message: Envelope, endpoint: String, work: Work, router: Router, environment: Environment,
        logger: Logger = Attempt.silence
    ) {
        self.message = message
        self.endpoint = endpoint
        self.work = work
        self.router = router
        self.environment = environment
        self.logger = logger
    }

    /// A logger that says nothing.
    package static let silence = Logger(label: "pawl") { _ in SwiftLogNoOpLogHandler() }

    /// The partition of everything that is changed.
    public var partition: PartitionKey { work.partition }

    /// The documents that are changed, at least one. The first one carries the ledger.
    public var keys: [DocumentKey] { work.keys }

    /// Whether there is no entity: the one document only remembers that the work was done.
    public var isMemo: Bool { work.isMemo }

    /// Reads the documents from a store, in the order of ``keys``.
    func load(from store: any Store) async throws -> [Document?] {
        var documents: [Document?] = []
        for key in keys { documents.append(try await store.read(key, in: partition)) }
        return documents
    }

    /// Runs the handler. Nothing is saved and nothing is sent by that.
    ///
    /// - Parameter documents: The documents as they were read, in the order of ``keys``.
    /// - Returns: The new state and the messages, addressed and known to be sendable.
    /// - Throws: What the handler threw, or a ``PawlError`` about a message that can't be sent.
    public func handle(_ documents: [Document?]) async throws -> Effects {
        try await handle(documents, isAnySize: false)
    }

    /// Runs the handler.
    ///
    /// - Parameters:
    ///   - documents: The documents as they were read, in the order of ``keys``.
    ///   - isAnySize: Whether messages may be larger than the transport can carry.
    /// - Returns: The new state and the messages, addressed.
    /// - Throws: What the handler threw, or a ``PawlError`` about a message that can't be sent.
    package func handle(_ documents: [Document?], isAnySize: Bool) async throws -> Effects {
        let now = environment.now()
        let derived = try await derive(from: documents.map { $0?.content.body }, at: now)
        if derived.sent.isEmpty { return Effects(bodies: derived.bodies, messages: []) }
        let queues = try await destinations(of: derived)
        return Effects(
            bodies: derived.bodies,
            messages: try address(
                derived, to: queues, Trace.currentHeaders(), at: now, isAnySize: isAnySize))
    }

    /// Runs the handler on given states, as of a given time. Its messages are not addressed yet.
    ///
    /// - Parameters:
    ///   - bodies: The states, in the order of ``keys``.
    ///   - now: The time that the handler is told.
    /// - Returns: What it made.
    /// - Throws: What it threw.
    package func derive(
        from bodies: [[UInt8]?], at now: Timestamp
    ) async throws -> Derivation {
        let context = Context(message: message, now: now)
        let after = try await work.run(bodies, context)
        if let failure = context.failure { throw failure }
        return Derivation(of: context, from: bodies, to: after)
    }

    /// Where the messages that a handler made go, as things stand.
    package func destinations(of derived: Derivation) async throws -> [[String]] {
        try await router.destinations(of: derived.sent)
    }

    /// Puts the messages that a handler made into envelopes.
    ///
    /// - Parameters:
    ///   - derived: What the handler made.
    ///   - queues: For each message the queues that it goes to.
    ///   - headers: The headers of all of them.
    ///   - now: When they are sent.
    ///   - isAnySize: Whether they may be larger than the transport can carry.
    /// - Returns: The messages, known to be sendable.
    /// - Throws: A ``PawlError`` about a message that can't be sent.
    package func address(
        _ derived: Derivation, to queues: [[String]], _ headers: [String: String],
        at now: Timestamp, isAnySize: Bool = false
    ) throws -> [Outgoing] {
        try router.envelopes(
            derived.sent, to: queues, headers, from: endpoint, because: message, at: now,
            isAnySize: isAnySize)
    }

    /// The same attempt, with one other document in place of the one that remembers it.
    func moved(to key: DocumentKey, in partition: PartitionKey) -> Attempt {
        Attempt(
            message: message, endpoint: endpoint,
            work: Work(partition: partition, key: key, like: work), router: router,
            environment: environment, logger: logger)
    }

    /// The writes that save a new state, each under the condition that the document is as it was
    /// read.
    ///
    /// - Parameters:
    ///   - effects: The new state.
    ///   - documents: The documents as they were read, in the order of ``keys``.
    ///   - ledger: The new ledger of the first document; `nil` leaves it as it is.
    ///   - expires: When the first document expires, if it does.
    ///   - limits: What the store can hold.
    /// - Returns: The writes; fewer than documents where one was absent and stays so.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/documentTooLarge``.
    public func writes(
        saving effects: Effects, over documents: [Document?], ledger: [UInt8]? = nil,
        expires: Timestamp? = nil, within limits: StoreLimits
    ) throws -> [Write] {
        try keys.indices.compactMap { index in
            let old = documents[index]
            var content = old?.content ?? Content(body: nil)
            content.body = effects.bodies[index]
            if index == 0 {
                content.ledger = ledger ?? content.ledger
                content.expires = expires
            } else if content.body != nil {
                // Of an entity that was not there only a ledger may have been, which expires.
                content.expires = nil
            }
            // An entity that was not there and that the handler turned down stays absent.
            if old == nil, content.size == 0 { return nil }
            guard content.size <= limits.largestDocument else {
                throw PawlError(
                    .documentTooLarge,
                    """
                    \(keys[index]) would have \(content.size) bytes (\(content.ledger.count) of \
                    them its ledger) after message \(message.id) (\(message.type)); the store \
                    holds at most \(limits.largestDocument). Nothing was changed. Split the \
                    entity, or keep processed ids for a shorter time.
                    """)
            }
            return .put(keys[index], content, if: old.map { .version($0.version) } ?? .absent)
        }
    }
}

/// What a handler did: the new state and the messages.
public struct Effects: Sendable {
    /// The new bodies of the documents, in the order of ``Attempt/keys``.
    public let bodies: [[UInt8]?]
    /// The messages, one for each destination, with ids that follow from the message handled.
    public let messages: [Outgoing]

    package init(bodies: [[UInt8]?], messages: [Outgoing]) {
        self.bodies = bodies
        self.messages = messages
    }
}
