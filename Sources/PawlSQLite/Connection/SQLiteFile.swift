internal import GRDB
internal import Pawl

/// An open file: one connection that writes, two that read, and what makes receivers in this
/// process hear of the messages that other processes send.
final class SQLiteFile: Sendable {
    let path: String
    let options: SQLiteOptions
    let shared: Shared
    let signal: CommitSignal

    private let writer: DatabaseQueue?
    private let writing: Lane?
    private let reading: [Lane]

    var environment: Environment { shared.environment }

    /// Opens a file, and creates it or its tables where they don't exist yet.
    ///
    /// - Throws: `BackendError`; the file is then as it was.
    init(
        path: String, options: SQLiteOptions, environment: Environment
    ) throws(BackendError) {
        self.path = path
        self.options = options
        shared = Shared(environment: environment)
        let opening = Opening(path: path, options: options, environment: environment)
        if options.isReadOnly {
            signal = CommitSignal(log: path + "-wal", turnstile: nil)
            writer = nil
            writing = nil
            reading = [Lane(try opening.reader(), begin: .begin, shared: shared)]
            return
        }
        let writer = try opening.writer()
        self.writer = writer
        let turnstile = Turnstile(path: path + "-turn", patience: opening.writersPatience)
        let signal = CommitSignal(log: path + "-wal", turnstile: turnstile)
        self.signal = signal
        writing = Lane(
            writer, begin: .beginImmediate,
            turns: Lane.Turns(turnstile: turnstile, haste: opening.haste), shared: shared
        ) { signal.announce() }
        reading = [
            Lane(try opening.reader(), begin: .begin, shared: shared),
            Lane(try opening.reader(), begin: .begin, shared: shared),
        ]
    }

    /// Writes, in one transaction with what others write at the same time; see ``Lane/perform(_:)``.
    func write<Value: Sendable>(
        _ work: @escaping @Sendable (Connection) throws -> Value
    ) async throws(BackendError) -> Value {
        guard let writing else {
            throw BackendError(.canNeverHappen, "\(path): it was opened with `isReadOnly`.")
        }
        return try await writing.perform(work)
    }

    /// Reads what had been committed when this was called, or later.
    func read<Value: Sendable>(
        _ work: @escaping @Sendable (Connection) throws -> Value
    ) async throws(BackendError) -> Value {
        // Two threads that read seldom meet a third one. Should they, it waits.
        for lane in reading.dropFirst() {
            if let result = lane.readAtOnce(work) { return try result.get() }
        }
        return try await reading[0].perform(work)
    }

    /// As ``read(_:)``, for what is read in a moment.
    ///
    /// While the connection that writes has little to do it is read from there: unlike the other
    /// one's, its memory of the file's pages outlives what this process writes.
    func glance<Value: Sendable>(
        _ work: @escaping @Sendable (Connection) throws -> Value
    ) async throws(BackendError) -> Value {
        if let result = writing?.readAtOnce(work) { return try result.get() }
        return try await read(work)
    }

    /// Waits for `bell`, listening to other processes meanwhile.
    func wait(for bell: Doorbell, after rings: UInt64, atMost timeout: Duration) async {
        signal.listen { [weak writing] in writing?.look() }
        await bell.wait(after: rings, atMost: timeout, in: environment)
        signal.stopListening()
    }

    /// Copies the write-ahead log into the database, so that a copy of that one file is complete.
    /// Waits for nobody: what others read or write at this moment may stay in the log.
    func foldLogIn() async {
        guard let writer else { return }
        await withCheckedContinuation { continuation in
            writer.asyncWriteWithoutTransaction { database in
                // Without it, on a full disk for instance, everything is still in the log, where
                // the next one to open the file finds it.
                _ = try? database.checkpoint(.passive)
                continuation.resume()
            }
        }
    }

    /// What `PRAGMA synchronous` really is on the connection that writes: 1 for NORMAL, 2 for FULL.
    func effectiveSynchronous() throws -> Int? { try integer(sql: "PRAGMA synchronous") }

    // MARK: For tests

    /// How many writes wait for the next round.
    var waitingWrites: Int { writing?.waitingOperations ?? 0 }

    /// Runs statements on the connection that writes.
    func execute(sql: String) throws {
        try writer?.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    /// Reads a number on the connection that writes.
    func integer(sql: String) throws -> Int? {
        try writer?.read { try Int.fetchOne($0, sql: sql) }
    }
}
