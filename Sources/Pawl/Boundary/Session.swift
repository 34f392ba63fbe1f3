/// Changes state and sends messages, atomically, from outside of a handler: an HTTP request, a
/// command-line tool.
///
/// ```swift
/// let session = Session(carts, store: store, transport: queues, deduplication: .outbox)
/// let result = try await session.change(Cart.self, "42", id: "submit-cart-42") { cart, context in
///     cart.isSubmitted = true
///     context.send(PlaceOrder(cart: "42", items: cart.items))
/// }
/// ```
///
/// A session belongs to an endpoint: it works on that endpoint's store, in its name, and the
/// endpoint's processes finish what a session that died left half done.
public struct Session: Sendable {
    /// What became of a submission.
    public enum Result: Hashable, Sendable {
        /// It is saved, and its messages are on their way.
        case committed
        /// A submission with the same id was saved before; nothing was changed.
        case alreadyCommitted
    }

    /// After so many conflicts the session gives up.
    private static let maximumConflicts = 100

    /// Looks over a session's shoulder: the checker does.
    package struct Watch: Sendable {
        let work: @Sendable (Work, Envelope) -> Work
        let answered: @Sendable (MessageID) -> Void

        /// Creates a watch.
        ///
        /// - Parameters:
        ///   - work: Puts something around what a submission does.
        ///   - answered: Told of each submission that was answered as saved.
        package init(
            work: @escaping @Sendable (Work, Envelope) -> Work,
            answered: @escaping @Sendable (MessageID) -> Void
        ) {
            self.work = work
            self.answered = answered
        }
    }

    private let endpoint: Endpoint
    package var watch: Watch?

    /// A session of an endpoint that runs in this process, or could.
    ///
    /// - Parameter endpoint: The endpoint.
    public init(of endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// A session over a store and a transport that are apart.
    ///
    /// - Parameters:
    ///   - handlers: The handlers of the endpoint that the session belongs to.
    ///   - store: The endpoint's store.
    ///   - transport: The endpoint's transport.
    ///   - deduplication: The endpoint's algorithm.
    ///   - environment: Where time and randomness come from.
    public init(
        _ handlers: Handlers, store: any Store, transport: any Transport,
        deduplication: Deduplication, environment: Environment = .system
    ) {
        endpoint = Endpoint(
            handlers, store: store, transport: transport, deduplication: deduplication,
            environment: environment)
    }

    /// A session over one database that holds both the entities and the queues.
    ///
    /// - Parameters:
    ///   - handlers: The handlers of the endpoint that the session belongs to.
    ///   - database: The endpoint's database.
    ///   - environment: Where time and randomness come from.
    public init(
        _ handlers: Handlers, database: any Database, environment: Environment = .system
    ) {
        endpoint = Endpoint(handlers, database: database, environment: environment)
    }

    /// Changes an entity and sends messages: all of it, or nothing.
    ///
    /// - Parameters:
    ///   - type: The entity's type.
    ///   - entity: The entity's id.
    ///   - partition: The entity's partition, if it is not named like its id.
    ///   - existence: How the entity is to be there before.
    ///   - id: What identifies the submission: a second one with the same id, for the same entity,
    ///     changes nothing. `nil` draws a fresh one.
    ///   - body: Changes the state and sends messages. Like a handler it may run several times.
    /// - Returns: Whether this submission was saved, or an earlier one with the same id.
    /// - Throws: What `body` threw; a ``BackendError``: if it says
    ///   ``BackendError/Effect/mayHaveHappened``, submit again with the same id.
    @discardableResult
    public func change<E: Entity>(
        _ type: E.Type, _ entity: some EntityID, in partition: String? = nil,
        _ existence: Existence = .any, id: String? = nil,
        _ body: @escaping @Sendable (inout E, Context) throws -> Void
    ) async throws -> Result {
        let key = DocumentKey(kind: E.kind, id: entity.entityID)
        let partition = partition ?? key.id
        return try await submit(id, about: [partition, key.kind, key.id]) { _ in
            Work(partition: PartitionKey(partition), keys: [key]) { bodies, context in
                var cell = try Cell<E>(key, body: bodies[0], existence: existence)
                try body(&cell.state, context)
                return [try cell.encoded()]
            }
        }
    }

    /// Sends messages, all of them or none, without changing an entity.
    ///
    /// - Parameters:
    ///   - id: What identifies the submission: a second one with the same id sends nothing. `nil`
    ///     draws a fresh one.
    ///   - body: Sends the messages. It may run several times.
    /// - Returns: Whether this submission was saved, or an earlier one with the same id.
    /// - Throws: As ``change(_:_:in:_:id:_:)``.
    @discardableResult
    public func send(
        id: String? = nil, _ body: @escaping @Sendable (Context) throws -> Void
    ) async throws -> Result {
        try await submit(id, about: []) { Work(on: $0, at: endpoint.name) { try body($0) } }
    }

    /// Reads an entity as it is now.
    ///
    /// - Parameters:
    ///   - type: The entity's type.
    ///   - entity: The entity's id.
    ///   - partition: The entity's partition, if it is not named like its id.
    /// - Returns: The entity, or `nil` if there is none.
    /// - Throws: A ``BackendError``, or a ``PawlError`` if the stored document can't be read.
    public func read<E: Entity>(
        _ type: E.Type, _ entity: some EntityID, in partition: String? = nil
    ) async throws -> E? {
        try await endpoint.store.read(type, entity, in: partition)
    }

    private func submit(
        _ id: String?, about entity: [String], _ work: (Envelope) -> Work
    ) async throws -> Result {
        let environment = endpoint.environment
        // The ids of the messages that it sends follow from it: two entities need two.
        let message = Envelope(
            id: id.map { MessageID(submission: $0, about: entity, at: endpoint.name) }
                ?? MessageID(from: environment),
            type: "pawl.session", body: [], sentAt: environment.now())
        let attempt = Attempt(
            message: message, endpoint: endpoint.name,
            work: watch.map { $0.work(work(message), message) } ?? work(message),
            router: Router(transport: endpoint.transport), environment: environment,
            logger: endpoint.logger)
        for conflicts in 0..<Self.maximumConflicts {
            switch try await endpoint.algorithm.submit(attempt) {
            case .committed:
                watch?.answered(message.id)
                return .committed
            case .alreadyCommitted:
                watch?.answered(message.id)
                return .alreadyCommitted
            case .conflict:
                try await environment.sleep(
                    environment.jittered(.milliseconds(1 << min(conflicts, 6))))
            }
        }
        throw PawlError(
            .contention,
            """
            The submission was not saved: others changed \(attempt.keys[0]) before it could, \
            \(Self.maximumConflicts) times. Submit it again.
            """)
    }
}

extension Store {
    /// Reads an entity as it is now.
    ///
    /// - Parameters:
    ///   - type: The entity's type.
    ///   - entity: The entity's id.
    ///   - partition: The entity's partition, if it is not named like its id.
    /// - Returns: The entity, or `nil` if there is none.
    /// - Throws: A ``BackendError``, or a ``PawlError`` if the stored document can't be read.
    public func read<E: Entity>(
        _ type: E.Type, _ entity: some EntityID, in partition: String? = nil
    ) async throws -> E? {
        let key = DocumentKey(kind: E.kind, id: entity.entityID)
        let document = try await read(key, in: PartitionKey(partition ?? key.id))
        return try document?.content.body.map { try E(storedAs: $0, at: key) }
    }
}
