internal import GRDB
internal import GRDBSQLite
internal import Pawl

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Opens the connections to a file, so that a file that isn't ours is left as it was.
struct Opening {
    let path: String
    let options: SQLiteOptions
    let environment: Environment
    /// For the connection that writes.
    let haste = Haste()

    /// The connection that writes. Creates the tables.
    func writer() throws(BackendError) -> DatabaseQueue {
        guard !path.isEmpty, path != ":memory:" else {
            throw BackendError(
                .canNeverHappen, "A SQLite store needs a file. Use MemoryStore for one without.")
        }
        do {
            var configuration = configuration
            let patience = writersPatience
            configuration.busyMode = .callback { patience.wait(try: $0) }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { try check($0) }
            try queue.inDatabase { try switchToLog($0) }
            try migrate(queue)
            try queue.inDatabase { try setUp($0) }
            return queue
        } catch {
            throw explain(error)
        }
    }

    /// The connection that reads.
    func reader() throws(BackendError) -> DatabaseQueue {
        do {
            var configuration = configuration
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { database in
                try check(database)
                guard try Schema.migrator.hasCompletedMigrations(database) else {
                    throw BackendError(
                        .canNeverHappen,
                        "\(path): there is no store of Pawl's in it, or one that an older Pawl "
                            + "has made. Open it for writing first.")
                }
            }
            return queue
        } catch {
            throw explain(error)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.label = "Pawl \(path)"
        let patience = patience
        configuration.busyMode = .callback { patience.wait(try: $0) }
        return configuration
    }

    var patience: Patience {
        Patience(timeout: options.busyTimeout.microseconds, random: environment.random)
    }

    /// That of whoever writes, which can be told to hurry.
    var writersPatience: Patience {
        var patience = patience
        patience.haste = haste
        return patience
    }

    private func check(_ database: GRDB.Database) throws {
        guard try Schema.isNewer(database) else { return }
        throw BackendError(
            .canNeverHappen,
            "\(path): a newer version of Pawl has changed its tables. Nothing was touched. "
                + "Update this program.")
    }

    /// Switches to the write-ahead log. SQLite does not always ask the busy handler here, so a
    /// process that opens the file at the same moment is waited for.
    private func switchToLog(_ database: GRDB.Database) throws {
        let patience = patience
        var tries = 0
        while true {
            do {
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
                if mode == "wal" { return }
                throw BackendError(
                    .canNeverHappen,
                    "\(path): SQLite can't keep a write-ahead log there. Put the file on a "
                        + "local disk.")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                guard patience.wait(try: tries) else { throw error }
                tries += 1
            }
        }
    }

    private func migrate(_ queue: DatabaseQueue) throws {
        do {
            try Schema.migrator.migrate(queue)
        } catch {
            // Another process may have been faster.
            let isDone = try queue.inDatabase(Schema.migrator.hasCompletedMigrations)
            if !isDone { throw error }
        }
    }

    /// GRDB sets `synchronous` to NORMAL by itself when it is asked to switch to the write-ahead
    /// log, so this comes last.
    private func setUp(_ database: GRDB.Database) throws {
        switch options.synchronous {
        case .full: try database.execute(sql: "PRAGMA synchronous = FULL")
        case .normal: try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        try database.execute(sql: "PRAGMA cache_size = -16384")
        if options.processedRetention != nil {
            try database.execute(sql: Schema.processedByAge)
        }
    }

    private func explain(_ error: any Error) -> BackendError {
        if let error = error as? BackendError { return error }
        let failure = SQLiteFailure(error)
        if failure.code & 0xff == SQLITE_CANTOPEN, !directoryExists {
            return BackendError(
                .didNotHappen, "\(path): its directory does not exist. Create it first.",
                underlying: failure)
        }
        if failure.code & 0xff == SQLITE_CANTOPEN, options.isReadOnly, access(path, F_OK) != 0 {
            return BackendError(
                .didNotHappen, "\(path): there is no such file.", underlying: failure)
        }
        return failure.backendError(at: .work, file: path)
    }

    private var directoryExists: Bool {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return true }
        return access(String(path[..<slash]), F_OK) == 0
    }
}
