/// One record for each processed message, until it expires.
///
/// Each is a partition of its own, so that they spread over a store that is distributed by
/// partition.
package struct InboxRecords: Sendable {
    package static let kind = "pawl.inbox"

    let store: any Store
    let environment: Environment
    let retention: Duration

    package init(store: any Store, environment: Environment, retention: Duration) {
        self.store = store
        self.environment = environment
        self.retention = retention
    }

    /// Whether there is a record of a message.
    package func contain(_ id: MessageID, at endpoint: String) async throws(BackendError) -> Bool {
        try await store.read(key(id), in: partition(id, endpoint)) != nil
    }

    /// Adds a record; there may be one already.
    package func add(_ id: MessageID, at endpoint: String) async throws(BackendError) {
        _ = try await store.write(
            [.put(key(id), content([]), if: .any)], in: partition(id, endpoint))
    }

    /// Puts a stamp on a message unless there is one, which then stands.
    ///
    /// - Returns: The stamp that stands; `nil` if it is there, but can't be seen yet.
    package func stamp(
        _ id: MessageID, _ stamp: MessageID, at endpoint: String
    ) async throws -> MessageID? {
        var writer = ByteWriter()
        writer.write(stamp)
        let result = try await store.write(
            [.put(key(id), content(writer.bytes), if: .absent)], in: partition(id, endpoint))
        if result != .conflict { return stamp }
        // It never changes once it is there, so an answer that is out of date can only be none.
        guard let record = try await store.read(key(id), in: partition(id, endpoint)) else {
            return nil
        }
        do {
            return try Self.stamp(in: record.content)
        } catch {
            throw PawlError(
                .malformedDocument,
                """
                The record \(key(id)) of endpoint \(endpoint) can't be read: \(error). It was \
                written by another variant of the algorithm, or is damaged.
                """, underlying: error)
        }
    }

    /// The stamp that is in a record.
    package static func stamp(in record: Content) throws -> MessageID {
        var reader = ByteReader(record.ledger)
        return try reader.readID()
    }

    private func content(_ stamp: [UInt8]) -> Content {
        Content(body: nil, ledger: stamp, expires: environment.now() + retention)
    }

    private func key(_ id: MessageID) -> DocumentKey {
        DocumentKey(kind: Self.kind, id: id.description)
    }

    private func partition(_ id: MessageID, _ endpoint: String) -> PartitionKey {
        PartitionKey("\(Self.kind)/\(endpoint)/\(id)")
    }
}
