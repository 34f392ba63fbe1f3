/// Where state lives: documents with compare-and-set, grouped into partitions.
///
/// A store is the smaller half of what Pawl stands on. It is meant to be implementable on any
/// database that can compare-and-set a document; `StoreContract` in `PawlContracts` holds what an
/// implementation must do, as data that any test framework can run.
///
/// A call that throws says what happened in ``BackendError/effect``. A store never reports a
/// conflict that its own retried write caused: if it can't tell, it finds out before it answers,
/// or throws ``BackendError/Effect/mayHaveHappened``.
public protocol Store: Sendable {
    /// What this store can hold. The runtime respects these before it writes.
    var limits: StoreLimits { get }

    /// Reads one document, strongly consistently: every write that was answered before is seen.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - partition: The partition that it is in.
    /// - Returns: The document, or `nil` if there is none or it has expired.
    /// - Throws: ``BackendError``.
    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document?

    /// Reads the documents of one kind in one partition, in the order of their ids, strongly
    /// consistently.
    ///
    /// - Parameters:
    ///   - kind: The kind to read.
    ///   - partition: The partition to read in.
    ///   - after: The id after which to start (exclusive), or `nil` for the first page.
    ///   - limit: The largest number of documents to return, at least 1.
    /// - Returns: At most `limit` documents. Fewer than `limit` means that there are no more.
    /// - Throws: ``BackendError``.
    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument]

    /// Writes several documents of one partition: all of them, or none.
    ///
    /// - Parameters:
    ///   - writes: What to write, each under its own condition, no key twice, at least one and at
    ///     most ``StoreLimits/largestBatch``.
    ///   - partition: The partition that all of them are in.
    /// - Returns: ``WriteResult/committed(_:)``, durable by then, or ``WriteResult/conflict`` when
    ///   a condition did not hold, in which case this call certainly had no effect.
    /// - Throws: ``BackendError``; ``BackendError/Effect/canNeverHappen`` for what exceeds a limit.
    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult

    /// Lists the documents of one kind across all partitions, for operators. Pages may be
    /// eventually consistent.
    ///
    /// - Parameters:
    ///   - kind: The kind to list.
    ///   - after: The last document of the page before, or `nil` for the first page.
    ///   - limit: The largest number of documents to return, at least 1.
    /// - Returns: At most `limit` documents, by partition, then by id. None means the end.
    /// - Throws: ``BackendError``.
    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument]
}

/// What a store can hold.
public struct StoreLimits: Hashable, Sendable {
    /// The largest document, as ``Content/size``, in bytes.
    public let largestDocument: Int
    /// The largest number of writes in one call.
    public let largestBatch: Int

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - largestDocument: The largest document, in bytes.
    ///   - largestBatch: The largest number of writes in one call.
    public init(largestDocument: Int, largestBatch: Int) {
        self.largestDocument = largestDocument
        self.largestBatch = largestBatch
    }
}

/// One write of a batch: a key, the condition under which, and the new content.
public struct Write: Hashable, Sendable {
    /// What must hold for the write to take place.
    public enum Condition: Hashable, Sendable {
        /// There is no such document, or it has expired.
        case absent
        /// The document is at exactly this version.
        case version(Version)
        /// Nothing: whatever is there is replaced.
        case any
    }

    /// The document's key.
    public let key: DocumentKey
    /// What must hold.
    public let condition: Condition
    /// The new content; `nil` deletes the document.
    public let content: Content?

    /// Writes a document.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - content: The new content.
    ///   - condition: What must hold for the write to take place.
    /// - Returns: The write.
    public static func put(
        _ key: DocumentKey, _ content: Content, if condition: Condition
    ) -> Write {
        Write(key: key, condition: condition, content: content)
    }

    /// Deletes a document. Deleting one that is absent is no error.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - condition: What must hold for the deletion to take place.
    /// - Returns: The write.
    public static func delete(_ key: DocumentKey, if condition: Condition) -> Write {
        Write(key: key, condition: condition, content: nil)
    }
}

/// What became of a write.
public enum WriteResult: Hashable, Sendable {
    /// Everything was written and is durable. One version for each write, in order; `nil` for a
    /// deletion.
    case committed([Version?])
    /// A condition did not hold. This call certainly had no effect.
    case conflict
}
