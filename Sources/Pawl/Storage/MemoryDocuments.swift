/// The documents of a store that lives in memory: plain values, no clock and no lock of its own.
struct MemoryDocuments: Sendable {
    private typealias Shelf = MemorySorted<Document>

    /// By kind, then partition, then id.
    private var kinds: MemorySorted<MemorySorted<Shelf>> = MemorySorted()
    private var lastVersion: UInt64 = 0

    func read(_ key: DocumentKey, in partition: PartitionKey, at now: Timestamp) -> Document? {
        let partitions = kinds[ExactText(key.kind)]
        let document = partitions?[ExactText(partition.name)]?[ExactText(key.id)]
        return document.flatMap { $0.isLive(at: now) ? $0 : nil }
    }

    mutating func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int, at now: Timestamp
    ) -> [LocatedDocument] {
        let start = after.map { ExactText($0) }
        var found: [LocatedDocument] = []
        kinds.change(ExactText(kind)) { partitions in
            partitions.change(ExactText(partition.name)) { shelf in
                shelf.collect(kind, partition, after: start, limit, at: now, into: &found)
            }
        }
        return found
    }

    mutating func list(
        kind: String, after: LocatedDocument?, limit: Int, at now: Timestamp
    ) -> [LocatedDocument] {
        let startPartition = after.map { ExactText($0.partition.name) }
        let startID = after.map { ExactText($0.key.id) }
        var found: [LocatedDocument] = []
        kinds.change(ExactText(kind)) { partitions in
            for name in partitions.names(after: startPartition, including: true)
            where found.count < limit {
                let start = name == startPartition ? startID : nil
                partitions.change(name) { shelf in
                    let partition = PartitionKey(name.text)
                    shelf.collect(kind, partition, after: start, limit, at: now, into: &found)
                }
            }
        }
        return found
    }

    private func accepts(_ writes: [Write], in partition: PartitionKey, at now: Timestamp) -> Bool {
        writes.allSatisfy { write in
            switch write.condition {
            case .any: true
            case .absent: read(write.key, in: partition, at: now) == nil
            case .version(let version):
                read(write.key, in: partition, at: now)?.version == version
            }
        }
    }

    mutating func write(
        _ writes: [Write], in partition: PartitionKey, at now: Timestamp
    ) -> WriteResult {
        guard accepts(writes, in: partition, at: now) else { return .conflict }
        return .committed(writes.map { apply($0, in: partition) })
    }

    /// Forgets what has expired. It counted as absent before, too.
    mutating func dropExpired(at now: Timestamp) {
        for kind in kinds.names(after: nil) {
            kinds.change(kind) { partitions in
                for partition in partitions.names(after: nil) {
                    partitions.change(partition) { $0.dropExpired(at: now) }
                    partitions.forget(partition, if: \.isEmpty)
                }
            }
            kinds.forget(kind, if: \.isEmpty)
        }
    }

    private mutating func apply(_ write: Write, in partition: PartitionKey) -> Version? {
        lastVersion += 1
        let version = Version(rawValue: String(lastVersion))
        let document = write.content.map { Document(version: version, content: $0) }
        let kind = ExactText(write.key.kind)
        let name = ExactText(partition.name)
        kinds.update(kind) { partitions in
            partitions = partitions ?? MemorySorted()
            partitions?.update(name) { shelf in
                shelf = shelf ?? MemorySorted()
                shelf?.update(ExactText(write.key.id)) { $0 = document }
                if shelf?.isEmpty == true { shelf = nil }
            }
            if partitions?.isEmpty == true { partitions = nil }
        }
        return document?.version
    }
}

extension MemorySorted {
    /// Changes the value of a name if there is one.
    fileprivate mutating func change(_ name: ExactText, _ change: (inout Value) -> Void) {
        update(name) { value in
            guard var present = value.take() else { return }
            change(&present)
            value = present
        }
    }

    /// Removes the value of a name if it meets a condition.
    fileprivate mutating func forget(_ name: ExactText, if condition: (Value) -> Bool) {
        update(name) { value in
            if value.map(condition) == true { value = nil }
        }
    }
}

extension MemorySorted<Document> {
    /// Appends live documents to `found` until it holds `limit`.
    fileprivate mutating func collect(
        _ kind: String, _ partition: PartitionKey, after start: ExactText?, _ limit: Int,
        at now: Timestamp, into found: inout [LocatedDocument]
    ) {
        for name in names(after: start) {
            guard found.count < limit else { return }
            guard let document = self[name], document.isLive(at: now) else { continue }
            let key = DocumentKey(kind: kind, id: name.text)
            found.append(LocatedDocument(partition: partition, key: key, document: document))
        }
    }

    fileprivate mutating func dropExpired(at now: Timestamp) {
        for name in names(after: nil) {
            forget(name) { !$0.isLive(at: now) }
        }
    }
}

extension Document {
    fileprivate func isLive(at now: Timestamp) -> Bool {
        content.expires.map { now < $0 } ?? true
    }
}
