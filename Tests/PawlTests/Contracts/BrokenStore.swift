import Pawl
import PawlContracts
import Testing

/// A store that does what another one does, but for what a test replaces.
struct BrokenStore: Store {
    var limits: StoreLimits
    var onRead: @Sendable (DocumentKey, PartitionKey) async throws(BackendError) -> Document?
    var onRange:
        @Sendable (String, PartitionKey, String?, Int) async throws(BackendError)
            -> [LocatedDocument]
    var onWrite: @Sendable ([Write], PartitionKey) async throws(BackendError) -> WriteResult
    var onList:
        @Sendable (String, LocatedDocument?, Int) async throws(BackendError) -> [LocatedDocument]

    init(_ inner: any Store) {
        limits = inner.limits
        onRead = { (key, partition) async throws(BackendError) in
            try await inner.read(key, in: partition)
        }
        onRange = { (kind, partition, after, limit) async throws(BackendError) in
            try await inner.read(kind: kind, in: partition, after: after, limit: limit)
        }
        onWrite = { (writes, partition) async throws(BackendError) in
            try await inner.write(writes, in: partition)
        }
        onList = { (kind, after, limit) async throws(BackendError) in
            try await inner.list(kind: kind, after: after, limit: limit)
        }
    }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await onRead(key, partition)
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await onRange(kind, partition, after, limit)
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try await onWrite(writes, partition)
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await onList(kind, after, limit)
    }
}

extension BrokenStore {
    /// Changes every write before it is made.
    mutating func changeWrites(_ change: @escaping @Sendable (Write) -> Write) {
        let write = onWrite
        onWrite = { (writes, partition) async throws(BackendError) in
            try await write(writes.map(change), partition)
        }
    }

    /// Changes every content before it is written.
    mutating func changeContents(_ change: @escaping @Sendable (Content) -> Content) {
        changeWrites { Write($0.key, $0.content.map(change), if: $0.condition) }
    }
}

extension Write {
    init(_ key: DocumentKey, _ content: Content?, if condition: Condition) {
        self =
            content.map { .put(key, $0, if: condition) } ?? .delete(key, if: condition)
    }
}

/// A way to be wrong, and the subject that is wrong in this way.
struct Fault<Subject: ContractSubject>: Sendable, CustomTestStringConvertible {
    let name: String
    let subject: @Sendable (ManualClock) -> Subject

    var testDescription: String { name }

    /// Whether a check finds the fault.
    func isCaught(by check: Check<Subject>) async -> Bool {
        do {
            // Some faults make receive wait for ever.
            try await check.run(subject(ManualClock()), patience: .seconds(1))
            return false
        } catch {
            return true
        }
    }

    func isCaught(byOneOf checks: [Check<Subject>]) async -> Bool {
        for check in checks where await isCaught(by: check) { return true }
        return false
    }
}
