internal import Pawl

/// The documents of a file: a `Store`, for whoever has the file.
struct Documents: Sendable {
    let file: SQLiteFile

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await file.glance { connection in
            try connection.first(
                .readDocument, partition.name, key.kind, key.id, connection.now, as: Document.init)
        }
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await file.read { connection in
            try connection.all(
                .readDocuments, partition.name, kind, after ?? "", after, connection.now, limit
            ) { LocatedDocument($0, kind: kind) }
        }
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let partition = after?.partition.name
        let id = after?.key.id
        return try await file.read { connection in
            try connection.all(
                .listDocuments, kind, partition ?? "", id ?? "", partition, id, connection.now,
                limit
            ) { LocatedDocument($0, kind: kind) }
        }
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try check(writes, in: partition)
        return try await file.write { try write(writes, in: partition, on: $0) }
    }

    /// Refuses what could never be written.
    func check(_ writes: [Write], in partition: PartitionKey) throws(BackendError) {
        let limits = file.options.storeLimits
        guard writes.count <= limits.largestBatch else {
            throw BackendError(
                .canNeverHappen,
                "\(file.path): \(writes.count) writes in one batch are more than "
                    + "\(limits.largestBatch).")
        }
        for write in writes where (write.content?.size ?? 0) > limits.largestDocument {
            throw BackendError(
                .canNeverHappen,
                "\(file.path): document \(partition)/\(write.key) has \(write.content?.size ?? 0) "
                    + "bytes, more than the option `largestDocument`, \(limits.largestDocument).")
        }
        if writes.count > 1, Set(writes.map(\.key)).count < writes.count {
            throw BackendError(
                .canNeverHappen, "\(file.path): a batch writes the same document twice.")
        }
    }

    /// Writes all or, when a condition does not hold, nothing, so that no savepoint is needed.
    func write(
        _ writes: [Write], in partition: PartitionKey, on connection: Connection
    ) throws(SQLiteFailure) -> WriteResult {
        // A single write checks its condition itself and changes nothing if it does not hold.
        if writes.count > 1 {
            for write in writes where !(try holds(write, in: partition, on: connection)) {
                return .conflict
            }
        }
        var versions: [Version?] = []
        versions.reserveCapacity(writes.count)
        for write in writes {
            switch try apply(write, in: partition, on: connection) {
            case .conflict: return .conflict
            case .deleted: versions.append(nil)
            case .written(let version): versions.append(Version(rawValue: String(version)))
            }
        }
        return .committed(versions)
    }

    /// Deletes a few expired documents.
    ///
    /// - Returns: Whether there may be more.
    func sweep(atMost limit: Int) async throws(BackendError) -> Bool {
        try await file.write { connection in
            let versions = try connection.all(.sweepDocuments, connection.now, limit) {
                $0.integer(0)
            }
            if let highest = versions.max() { try connection.run(.raiseFloor, highest) }
            return versions.count == limit
        }
    }

    private enum Outcome {
        case written(Int64)
        case deleted
        case conflict
    }

    private func holds(
        _ write: Write, in partition: PartitionKey, on connection: Connection
    ) throws(SQLiteFailure) -> Bool {
        switch write.condition {
        case .any: true
        case .absent: try version(of: write.key, in: partition, on: connection) == nil
        case .version(let expected):
            try version(of: write.key, in: partition, on: connection) == expected.number
        }
    }

    private func version(
        of key: DocumentKey, in partition: PartitionKey, on connection: Connection
    ) throws(SQLiteFailure) -> Int64? {
        try connection.first(
            .currentVersion, partition.name, key.kind, key.id, connection.now
        ) { $0.integer(0) }
    }

    private func apply(
        _ write: Write, in partition: PartitionKey, on connection: Connection
    ) throws(SQLiteFailure) -> Outcome {
        guard let content = write.content else {
            return try delete(write, in: partition, on: connection)
        }
        let key = write.key
        let body = content.body.map(TextBytes.init)
        let ledger = content.ledger.isEmpty ? nil : content.ledger
        switch write.condition {
        case .version(let expected):
            let count = try connection.run(
                .updateDocument, body, ledger, content.expires, partition.name, key.kind, key.id,
                expected.number, connection.now)
            return count == 1 ? .written(expected.number + 1) : .conflict
        case .absent:
            let version = try connection.first(
                .insertDocument, partition.name, key.kind, key.id, body, ledger, content.expires,
                connection.now
            ) { $0.integer(0) }
            return version.map(Outcome.written) ?? .conflict
        case .any:
            let version = try connection.first(
                .upsertDocument, partition.name, key.kind, key.id, body, ledger, content.expires
            ) { $0.integer(0) }
            return version.map(Outcome.written) ?? .conflict
        }
    }

    private func delete(
        _ write: Write, in partition: PartitionKey, on connection: Connection
    ) throws(SQLiteFailure) -> Outcome {
        guard try holds(write, in: partition, on: connection) else { return .conflict }
        let key = write.key
        // An expired document counts as absent and is left to the sweep.
        guard let version = try version(of: key, in: partition, on: connection) else {
            return .deleted
        }
        try connection.run(.deleteDocument, partition.name, key.kind, key.id)
        try connection.run(.raiseFloor, version)
        return .deleted
    }
}

extension Version {
    /// A version that is not one of ours is no document's.
    fileprivate var number: Int64 { Int64(rawValue) ?? -1 }
}

extension Document {
    /// From the columns version, body, ledger, expires.
    fileprivate init(_ row: Row) {
        self.init(
            version: Version(rawValue: String(row.integer(0))),
            content: Content(
                body: row.bytes(1), ledger: row.bytes(2) ?? [], expires: row.timestamp(3)))
    }
}

extension LocatedDocument {
    /// From the columns version, body, ledger, expires, partition, id.
    fileprivate init(_ row: Row, kind: String) {
        self.init(
            partition: PartitionKey(row.text(4)), key: DocumentKey(kind: kind, id: row.text(5)),
            document: Document(row))
    }
}
