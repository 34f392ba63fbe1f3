/// Handles a message by changing state: synchronous and pure, so that any attempt may be thrown
/// away and made again.
///
/// A handler needs no guard against duplicates; the endpoint's deduplication is one, unless it is
/// ``Deduplication/natural``. What it sends through the ``Context`` leaves only after the state is
/// saved. When it throws, nothing is saved and nothing is sent, and the message is tried again; see
/// ``RetryPolicy``.
///
/// ```swift
/// Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
///     account.balance -= message.amount
///     context.publish(AccountCharged(order: message.order))
/// }
/// ```
///
/// Several entities can be changed by one handler if they are in one partition, which is named
/// then. By default each entity is in a partition of its own, named like its id.
///
/// ```swift
/// Handle(
///     Transfer.self, in: \.bank, Account.by(\.from, .mustExist), Account.by(\.to)
/// ) { (message, from: inout Account, to: inout Account, context) in … }
/// ```
public struct Handle: MessageHandler {
    /// The handler with its types erased.
    public let erased: ErasedHandler

    private init(_ handler: Handler) {
        erased = ErasedHandler(handler: handler)
    }

    /// Handles a message that is about one entity.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - partition: Reads the entity's partition from the message; the entity's id if `nil`.
    ///     All handlers that are about an entity must agree on its partition.
    ///   - id: Reads the entity's id from the message; a key path will do.
    ///   - existence: How the entity is to be there before the handler runs.
    ///   - body: Changes the state and sends messages.
    public init<M: Message, E: Entity>(
        _ type: M.Type, in partition: (@Sendable (M) -> String)? = nil,
        by id: @escaping @Sendable (M) -> some EntityID, _ existence: Existence = .any,
        _ body: @escaping @Sendable (M, inout E, Context) throws -> Void
    ) {
        self.init(
            Handler(type) { message, _, _ in
                let key = DocumentKey(kind: E.kind, id: id(message).entityID)
                let partition = PartitionKey(partition?(message) ?? key.id)
                return Work(partition: partition, keys: [key]) { bodies, context in
                    var cell = try Cell<E>(key, body: bodies[0], existence: existence)
                    try body(message, &cell.state, context)
                    return [try cell.encoded()]
                }
            })
    }

    /// Handles a message that is about two entities of one partition.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - partition: Reads the partition of both entities from the message.
    ///   - first: The first entity.
    ///   - second: The second entity, another one than the first.
    ///   - body: Changes the states and sends messages.
    public init<M: Message, E1: Entity, E2: Entity>(
        _ type: M.Type, in partition: @escaping @Sendable (M) -> String,
        _ first: EntityReference<M, E1>, _ second: EntityReference<M, E2>,
        _ body: @escaping @Sendable (M, inout E1, inout E2, Context) throws -> Void
    ) {
        self.init(
            Handler(type) { message, _, _ in
                let keys = try distinct([first.key(for: message), second.key(for: message)])
                return Work(partition: PartitionKey(partition(message)), keys: keys) {
                    bodies, context in
                    var one = try first.cell(at: keys[0], bodies[0])
                    var two = try second.cell(at: keys[1], bodies[1])
                    try body(message, &one.state, &two.state, context)
                    return [try one.encoded(), try two.encoded()]
                }
            })
    }

    /// Handles a message that is about three entities of one partition.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - partition: Reads the partition of all three entities from the message.
    ///   - first: The first entity.
    ///   - second: The second entity.
    ///   - third: The third entity. No two may be the same.
    ///   - body: Changes the states and sends messages.
    public init<M: Message, E1: Entity, E2: Entity, E3: Entity>(
        _ type: M.Type, in partition: @escaping @Sendable (M) -> String,
        _ first: EntityReference<M, E1>, _ second: EntityReference<M, E2>,
        _ third: EntityReference<M, E3>,
        _ body: @escaping @Sendable (M, inout E1, inout E2, inout E3, Context) throws -> Void
    ) {
        self.init(
            Handler(type) { message, _, _ in
                let keys = try distinct([
                    first.key(for: message), second.key(for: message), third.key(for: message),
                ])
                return Work(partition: PartitionKey(partition(message)), keys: keys) {
                    bodies, context in
                    var one = try first.cell(at: keys[0], bodies[0])
                    var two = try second.cell(at: keys[1], bodies[1])
                    var three = try third.cell(at: keys[2], bodies[2])
                    try body(message, &one.state, &two.state, &three.state, context)
                    return [try one.encoded(), try two.encoded(), try three.encoded()]
                }
            })
    }

    /// Handles a message that is about no entity: it only causes other messages.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - body: Sends messages.
    public init<M: Message>(
        _ type: M.Type, _ body: @escaping @Sendable (M, Context) throws -> Void
    ) {
        self.init(
            Handler(type) { message, envelope, endpoint in
                Work(on: envelope, at: endpoint) { try body(message, $0) }
            })
    }
}

extension EntityReference {
    fileprivate func key(for message: M) -> DocumentKey {
        DocumentKey(kind: E.kind, id: id(message).entityID)
    }

    fileprivate func cell(at key: DocumentKey, _ body: [UInt8]?) throws -> Cell<E> {
        try Cell<E>(key, body: body, existence: existence)
    }
}

/// Two states of one entity would overwrite each other.
private func distinct(_ keys: [DocumentKey]) throws -> [DocumentKey] {
    for (index, key) in keys.enumerated() where keys[..<index].contains(key) {
        throw PawlError(
            .sameEntityTwice,
            "The handler changes several entities, but the message names \(key) twice.")
    }
    return keys
}
