public import Pawl
public import ServiceLifecycle

/// A store in a SQLite file.
///
/// ```swift
/// let store = try SQLiteStore.open("billing.sqlite")
/// ```
///
/// Any number of processes on one machine may use the file at the same time. Writes that come
/// while another one is on its way to the disk share the next transaction. The documents can be
/// read with the sqlite3 program: `SELECT id, body FROM documents WHERE kind = 'Account'`.
///
/// It is a `Service` that removes expired documents; where it does not run, they are merely
/// invisible.
public final class SQLiteStore: Store, Service {
    let documents: Documents
    let sweeping: Sweeping

    init(_ file: SQLiteFile) {
        let documents = Documents(file: file)
        self.documents = documents
        sweeping = Sweeping(environment: file.environment, sweeps: [documents.sweep(atMost:)])
    }

    /// Opens a file, and creates it if there is none.
    ///
    /// - Parameters:
    ///   - path: Where the file is. Its directory must exist, on a local disk.
    ///   - options: How the file is used.
    ///   - environment: Where time, waiting and randomness come from.
    /// - Returns: The store, ready to be used.
    /// - Throws: `BackendError` if the file can't be used; it is then as it was.
    public static func open(
        _ path: String, options: SQLiteOptions = SQLiteOptions(),
        environment: Environment = .system
    ) throws(BackendError) -> SQLiteStore {
        SQLiteStore(try SQLiteFile(path: path, options: options, environment: environment))
    }

    /// Removes what has expired, once a minute, until it is shut down gracefully or cancelled, and
    /// then copies the write-ahead log into the file. Everything else works without it.
    public func run() async {
        await sweeping.run()
        await documents.file.foldLogIn()
    }

    /// What a file can hold, as the options say.
    public var limits: StoreLimits { documents.file.options.storeLimits }

    /// Reads one document.
    public func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await documents.read(key, in: partition)
    }

    /// Reads the documents of one kind in one partition.
    public func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await documents.read(kind: kind, in: partition, after: after, limit: limit)
    }

    /// Writes several documents of one partition, all or none.
    public func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try await documents.write(writes, in: partition)
    }

    /// Lists the documents of one kind across all partitions.
    public func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await documents.list(kind: kind, after: after, limit: limit)
    }
}
