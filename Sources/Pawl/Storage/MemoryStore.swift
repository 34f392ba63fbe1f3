public import ServiceLifecycle

/// A store that lives in memory: for tests, for learning, and for trying things out. What it holds
/// is gone with the process.
///
/// For example:
///
/// ```swift
/// let store = MemoryStore()
/// let key = DocumentKey(kind: "Account", id: "anna")
/// _ = try await store.write([.put(key, Content(body: json), if: .absent)], in: "anna")
/// ```
///
/// As a `Service` it frees the memory of expired documents once a minute. Without that they count
/// as absent just the same.
public final class MemoryStore: Store, Service {
    private let database: MemoryDatabase

    /// Creates an empty store.
    ///
    /// - Parameters:
    ///   - limits: What the store accepts.
    ///   - environment: Where the time comes from, by which documents expire.
    public init(limits: StoreLimits = .memory, environment: Environment = .system) {
        database = MemoryDatabase(limits: limits, environment: environment)
    }

    /// What this store accepts.
    public var limits: StoreLimits { database.limits }

    /// Reads one document.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - partition: The partition that it is in.
    /// - Returns: The document, or `nil` if there is none or it has expired.
    /// - Throws: Nothing but what the protocol declares.
    public func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await database.read(key, in: partition)
    }

    /// Reads the documents of one kind in one partition, in the order of their ids.
    ///
    /// - Parameters:
    ///   - kind: The kind to read.
    ///   - partition: The partition to read in.
    ///   - after: The id after which to start, or `nil` for the first page.
    ///   - limit: The largest number of documents to return.
    /// - Returns: At most `limit` documents.
    /// - Throws: Nothing but what the protocol declares.
    public func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await database.read(kind: kind, in: partition, after: after, limit: limit)
    }

    /// Writes several documents of one partition: all of them, or none.
    ///
    /// - Parameters:
    ///   - writes: What to write, each under its own condition.
    ///   - partition: The partition that all of them are in.
    /// - Returns: The new versions, or that a condition did not hold.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` for what exceeds a limit.
    public func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try await database.write(writes, in: partition)
    }

    /// Lists the documents of one kind across all partitions.
    ///
    /// - Parameters:
    ///   - kind: The kind to list.
    ///   - after: The last document of the page before, or `nil` for the first page.
    ///   - limit: The largest number of documents to return.
    /// - Returns: At most `limit` documents, by partition, then by id.
    /// - Throws: Nothing but what the protocol declares.
    public func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await database.list(kind: kind, after: after, limit: limit)
    }

    /// Frees the memory of expired documents from time to time, until the group shuts down.
    ///
    /// - Throws: Never; the protocol declares it.
    public func run() async throws {
        await database.dropExpiredUntilShutdown()
    }
}

extension StoreLimits {
    /// What a store in memory accepts unless it is told otherwise: documents of 16 MiB and batches
    /// of 1,000.
    public static let memory = StoreLimits(largestDocument: 16 << 20, largestBatch: 1_000)
}
