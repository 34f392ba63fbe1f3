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
        let context = Context(message: message, now: environment.now())
        let before = documents.map { $0?.content.body }
        let after = try await work.run(before, context)
        if let failure = context.failure { throw failure }
        return Effects(
            bodies: context.isRejected ? before : after,
            messages: try await router.address(
                context.sent, from: endpoint, because: message, at: context.now,
                isAnySize: isAnySize))
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
}
