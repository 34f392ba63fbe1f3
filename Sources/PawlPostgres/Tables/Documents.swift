internal import Pawl

/// Reading documents: the half of a `Store` that changes nothing.
struct Documents: Sendable {
    private struct Address: Sendable {
        let key: DocumentKey
        let partition: PartitionKey
    }

    let pool: Pool
    private let reading: Gathering<Address, Never, Document?>

    init(_ pool: Pool) {
        self.pool = pool
        reading = Gathering(
            pool, limits: BatchLimits(calls: 100, bytes: .max), atOnce: 2, keys: { _ in [] }
        ) {
            [pool] batch, wire in
            let read = Bound(.readDocuments) { parameters in
                parameters.add(pool.now)
                parameters.add(texts: batch.map(\.key.kind))
                parameters.add(texts: batch.map(\.partition.name))
                parameters.add(texts: batch.map(\.key.id))
            }
            do throws(PostgresFailure) {
                let answer = try await wire.run([read])[0]
                var documents = [Document?](repeating: nil, count: batch.count)
                for row in answer.rows {
                    documents[Int(row.integer(0)) - 1] = Document(row, at: 1)
                }
                return documents.map(Result.success)
            } catch {
                let failure = error.backendError(at: pool.place)
                return batch.map { _ in .failure(failure) }
            }
        }
    }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        // No such text can be stored, so there is none.
        if key.hasNull || partition.name.hasNull { return nil }
        return try await reading(Address(key: key, partition: partition))
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        if kind.hasNull || partition.name.hasNull { return [] }
        let page = Bound(.pageOfDocuments) { parameters in
            parameters.add(pool.now)
            parameters.add(kind)
            parameters.add(partition.name)
            parameters.add(after)
            parameters.add(Int64(limit))
        }
        return try await pool.run(page).rows.map { LocatedDocument($0, kind: kind) }
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        if kind.hasNull { return [] }
        let page = Bound(.listDocuments) { parameters in
            parameters.add(pool.now)
            parameters.add(kind)
            parameters.add(after?.partition.name)
            parameters.add(after?.key.id)
            parameters.add(Int64(limit))
        }
        return try await pool.run(page).rows.map { LocatedDocument($0, kind: kind) }
    }

    /// Deletes a few expired documents.
    ///
    /// - Returns: Whether there may be more.
    func sweep(atMost limit: Int) async throws(BackendError) -> Bool {
        let sweep = Bound(.sweepDocuments) { parameters in
            parameters.add(pool.now)
            parameters.add(Int64(limit))
        }
        return try await pool.run(sweep).changed == limit
    }
}

extension Document {
    /// From the columns version, body, ledger, expires.
    fileprivate init(_ row: Answer.Row, at column: Int32) {
        self.init(
            version: Version(rawValue: String(row.integer(column))),
            content: Content(
                body: row.bytes(column + 1), ledger: row.bytes(column + 2) ?? [],
                expires: row.timestamp(column + 3)))
    }
}

extension LocatedDocument {
    /// From the columns version, body, ledger, expires, partition, id.
    fileprivate init(_ row: Answer.Row, kind: String) {
        self.init(
            partition: PartitionKey(row.text(4)), key: DocumentKey(kind: kind, id: row.text(5)),
            document: Document(row, at: 0))
    }
}

extension String {
    /// Whether it contains the one character that PostgreSQL's texts can't.
    var hasNull: Bool { utf8.contains(0) }
}

extension DocumentKey {
    var hasNull: Bool { kind.hasNull || id.hasNull }
}
