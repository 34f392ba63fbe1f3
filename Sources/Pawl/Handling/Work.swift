/// What one message asks of a handler, with the message decoded and its entities known; their
/// types are erased.
package struct Work: Sendable {
    /// The partition of all its entities.
    package let partition: PartitionKey
    /// The entities' addresses; the first one carries the ledger. Never empty.
    package let keys: [DocumentKey]
    /// Whether the first document is not an entity but only remembers that the work was done.
    package let isMemo: Bool
    /// Runs the handler over the bodies that were read; returns the new ones, in the same order.
    package var run: @Sendable ([[UInt8]?], Context) async throws -> [[UInt8]?]

    /// Work on entities, by a handler that is synchronous and pure.
    package init(
        partition: PartitionKey, keys: [DocumentKey],
        handle: @escaping @Sendable ([[UInt8]?], Context) throws -> [[UInt8]?]
    ) {
        self.partition = partition
        self.keys = keys
        isMemo = false
        run = handle
    }

    /// Work without an entity. A small document of its own, under the message's id, remembers it,
    /// so that every algorithm treats it like any other work.
    package init(
        on message: Envelope, at endpoint: String,
        run body: @escaping @Sendable (Context) async throws -> Void
    ) {
        let id = message.id.description
        partition = PartitionKey("pawl.done/\(endpoint)/\(id)")
        keys = [DocumentKey(kind: Work.memoKind, id: id)]
        isMemo = true
        run = { _, context in
            try await body(context)
            return [nil]
        }
    }

    /// The same work, remembered by another document, which does not go by itself.
    init(partition: PartitionKey, key: DocumentKey, like work: Work) {
        self.partition = partition
        keys = [key]
        isMemo = false
        run = work.run
    }

    /// The kind of the documents that remember work without an entity.
    package static let memoKind = "pawl.done"
}

/// A handler of one type of message, with all other types erased.
package struct Handler: Sendable {
    /// The wire name of the message's type.
    package let typeName: String
    /// Decodes the message and finds out what it is about. The second argument is the endpoint.
    package var prepare: @Sendable (Envelope, String) throws -> Work

    init<M: Message>(
        _ type: M.Type, prepare: @escaping @Sendable (M, Envelope, String) throws -> Work
    ) {
        typeName = M.typeName
        self.prepare = { envelope, endpoint in
            try prepare(try M(from: envelope), envelope, endpoint)
        }
    }
}

extension Message {
    /// Decodes the message that an envelope carries.
    ///
    /// - Parameter envelope: The message as it travelled.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/malformedMessage``.
    public init(from envelope: Envelope) throws {
        do {
            self = try JSON.decode(Self.self, from: envelope.body) {
                Self.defaults.values.mapValues { AnyEncodable($0) }
            }
        } catch {
            throw PawlError(
                .malformedMessage,
                """
                Message \(envelope.id) can't be read as a \(Self.typeName): \(error). Mend the \
                sender, or give a field that older senders don't write a value in `defaults`.
                """, underlying: error)
        }
    }
}

/// One entity within a handler: decodes the document's body, holds the state, encodes it again.
struct Cell<E: Entity> {
    var state: E

    init(_ key: DocumentKey, body: [UInt8]?, existence: Existence) throws {
        switch (body, existence) {
        case (nil, .mustExist):
            throw PawlError(
                .missingEntity, "\(key) does not exist, and the handler says that it must.")
        case (_?, .create):
            throw PawlError(
                .entityExists, "\(key) exists already, and the handler says that it creates it.")
        case (nil, _): state = E()
        case (let body?, _): state = try E(storedAs: body, at: key)
        }
    }

    func encoded() throws -> [UInt8] {
        try JSON.encode(state)
    }
}

extension Entity {
    /// Reads an entity from its stored body, laid over the type's defaults.
    package init(storedAs body: [UInt8], at key: DocumentKey) throws {
        do {
            self = try JSON.decode(Self.self, from: body) { Self() }
        } catch {
            throw PawlError(
                .malformedDocument,
                """
                The stored \(key) can't be read as a \(Self.self): \(error). Nothing was changed; \
                make the type read what older code wrote.
                """, underlying: error)
        }
    }
}
