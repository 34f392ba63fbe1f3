internal import GRDB
internal import GRDBSQLite
internal import Pawl

/// An error as SQLite reports it.
struct SQLiteFailure: Error, CustomStringConvertible {
    /// The extended result code.
    let code: Int32
    let message: String

    var description: String { "SQLite error \(code): \(message)" }

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let failure as SQLiteFailure: self = failure
        case let error as DatabaseError:
            self.init(
                code: error.extendedResultCode.rawValue, message: error.message ?? "no message")
        default: self.init(code: SQLITE_ERROR, message: "\(error)")
        }
    }

    /// How far a round had come when it failed.
    enum Stage {
        /// Before its COMMIT: it has been rolled back.
        case work
        /// In its COMMIT: it has been rolled back as far as this connection can tell.
        case commit
    }

    /// The failure as the caller of a store or a transport gets it.
    func backendError(at stage: Stage, file: String) -> BackendError {
        let row = row
        let effect = stage == .work ? row.work : row.commit
        return BackendError(effect, "\(file): \(row.advice)", underlying: self)
    }

    private typealias Row = (
        work: BackendError.Effect, commit: BackendError.Effect, advice: String
    )

    /// What a failure says about the effect, before and in COMMIT, and what to do.
    ///
    /// In WAL mode a commit exists once its last frame is in the log. `SQLITE_FULL` comes from
    /// writing frames, thus before that. `SQLITE_IOERR` may come from the sync after it: the next
    /// process to recover the log may find the commit there.
    private var row: Row {
        switch code & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED:
            (.didNotHappen, .didNotHappen, Advice.busy)
        case SQLITE_FULL:
            (.didNotHappen, .didNotHappen, Advice.full)
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
            (.didNotHappen, .didNotHappen, Advice.notWritable)
        case SQLITE_TOOBIG:
            (.canNeverHappen, .canNeverHappen, Advice.tooBig)
        case SQLITE_IOERR:
            (.didNotHappen, .mayHaveHappened, Advice.inputOutput)
        case SQLITE_CORRUPT:
            (.didNotHappen, .mayHaveHappened, Advice.corrupt)
        case SQLITE_NOTADB:
            (.didNotHappen, .mayHaveHappened, Advice.notADatabase)
        case SQLITE_CANTOPEN:
            (.didNotHappen, .mayHaveHappened, Advice.cannotOpen)
        case SQLITE_NOMEM:
            (.didNotHappen, .mayHaveHappened, "SQLite got no memory.")
        case SQLITE_SCHEMA, SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH:
            (.didNotHappen, .mayHaveHappened, Advice.schema)
        default:
            (.didNotHappen, .mayHaveHappened, "SQLite failed in an unexpected way.")
        }
    }

    private enum Advice {
        static let busy = """
            another process has kept the file locked for longer than the busy timeout. Find out \
            which one holds a long transaction, for example an open sqlite3 program.
            """
        static let full = """
            the disk is full, or the database has reached its largest size. Make room; nothing \
            is lost, and work goes on by itself.
            """
        static let notWritable = """
            the file, or the directory that it is in, can't be written. Check who owns them and \
            what their permissions are, or open it with the option `isReadOnly`.
            """
        static let tooBig = "a value is larger than SQLite can hold."
        static let inputOutput = "the disk reported an error. Check it and the system's log."
        static let corrupt = """
            the database is damaged. Stop the processes that use it, keep a copy of it and of \
            its -wal file, then try the sqlite3 program's .recover, or restore a backup.
            """
        static let notADatabase = """
            this is not a SQLite database; it was left as it is. Check the path.
            """
        static let cannotOpen = """
            the file can't be opened. Check that its directory exists and that this user may \
            create and write files there.
            """
        static let schema = """
            the tables are not as Pawl made them. Has another program changed them, or are there \
            tables of the same names that belong to something else?
            """
    }
}

extension SQLiteFailure {
    /// Whether the round could not even begin because others held the lock.
    var isBusy: Bool { code & 0xff == SQLITE_BUSY }
}
