internal import GRDB
internal import GRDBSQLite
internal import Pawl

/// One connection of a ``Lane``: the place where operations run their statements.
///
/// It never leaves the connection's serial queue, and keeps what is prepared.
final class Connection {
    /// What every connection to the file in this process shares.
    let shared: Shared
    /// The time of this round. All of its operations happen at the same moment.
    private(set) var now: Timestamp
    /// The queues to whose receivers this round has something to say once it is committed.
    var queuesToRing: Set<Int64> = []

    /// What this round takes for receivers that wait.
    private var takings: [Taking] = []

    private let database: GRDB.Database
    private var changesBefore: Int64 = 0
    private var prepared: [GRDB.Statement?]

    init(_ database: GRDB.Database, _ shared: Shared) {
        self.database = database
        self.shared = shared
        now = shared.environment.now()
        prepared = Array(repeating: nil, count: SQL.allCases.count)
    }

    /// Begins a round.
    func begin(_ statement: SQL) throws(SQLiteFailure) {
        _ = try run(statement)
        changesBefore = sqlite3_total_changes64(database.sqliteConnection)
        lookAtTheClock()
    }

    /// Begins a moment at which all that follows happens.
    func lookAtTheClock() {
        now = shared.environment.now()
    }

    /// The number of rows that this round has changed so far.
    var changesOfThisRound: Int64 {
        sqlite3_total_changes64(database.sqliteConnection) - changesBefore
    }

    /// The row that was inserted last.
    var lastRow: Int64 { sqlite3_last_insert_rowid(database.sqliteConnection) }

    /// Has a message that can be taken at once be a waiting receiver's, if there is one.
    ///
    /// - Parameters:
    ///   - queue: The message's queue.
    ///   - insert: Inserts the message as the receiver's.
    /// - Returns: Whether there was a receiver.
    /// - Throws: What `insert` throws.
    func take(
        from queue: Int64, insert: (StandingClaim) throws(SQLiteFailure) -> Delivery
    ) throws(SQLiteFailure) -> Bool {
        var index = takings.lastIndex { $0.queue == queue }
        if index.map({ takings[$0].deliveries.count == takings[$0].claim.max }) ?? true {
            let bell = shared.bells[queue]
            guard let claim = bell.beginTaking() else { return false }
            index = takings.count
            takings.append(Taking(queue: queue, bell: bell, claim: claim))
        }
        guard let index else { return false }
        takings[index].deliveries.append(try insert(takings[index].claim))
        return true
    }

    /// What this round has taken, with what is left in the queues.
    func closeTakings() throws(SQLiteFailure) -> [Taking] {
        for index in takings.indices {
            // Whatever rings from now on, except for this round itself, is news to the receiver.
            takings[index].rings = takings[index].bell.door.rings
            takings[index].next = try nextVisible(in: takings[index].queue)
            takings[index].isAll = takings[index].next.map { $0 > now } ?? true
        }
        defer { takings = [] }
        return takings
    }

    /// For how long this round has been at it.
    var timeOfThisRound: Duration { shared.environment.now() - now }

    /// The queues to whose receivers something is to be said, once.
    func takeQueuesToRing() -> Set<Int64> {
        defer { queuesToRing = [] }
        return queuesToRing
    }

    /// Undoes the round. SQLite may have done so by itself already.
    func rollBack() {
        queuesToRing = []
        for taking in takings { taking.undo() }
        takings = []
        shared.queues.forget()
        guard let handle = database.sqliteConnection, sqlite3_get_autocommit(handle) == 0 else {
            return
        }
        // In WAL mode there is nothing on disk to undo, so nothing can fail for good here; should
        // it fail all the same, the next BEGIN does too and says why.
        _ = try? run(.rollBack)
    }

    /// Runs a statement to its end.
    ///
    /// - Returns: The number of rows that it inserted, updated or deleted.
    @discardableResult
    func run<each Value: Bindable>(
        _ sql: SQL, _ values: repeat each Value
    ) throws(SQLiteFailure) -> Int {
        let statement = try statement(sql)
        defer { sqlite3_reset(statement) }
        var index: Int32 = 0
        repeat try bind(each values, to: statement, after: &index)
        while try step(statement) {}
        return Int(sqlite3_changes(database.sqliteConnection))
    }

    /// Reads all rows that a statement returns.
    func all<each Value: Bindable, Element>(
        _ sql: SQL, _ values: repeat each Value, as read: (Row) -> Element
    ) throws(SQLiteFailure) -> [Element] {
        let statement = try statement(sql)
        defer { sqlite3_reset(statement) }
        var index: Int32 = 0
        repeat try bind(each values, to: statement, after: &index)
        var elements: [Element] = []
        while try step(statement) { elements.append(read(Row(statement: statement))) }
        return elements
    }

    /// Runs a statement to its end and reads the first row that it returns.
    func first<each Value: Bindable, Element>(
        _ sql: SQL, _ values: repeat each Value, as read: (Row) -> Element
    ) throws(SQLiteFailure) -> Element? {
        let statement = try statement(sql)
        defer { sqlite3_reset(statement) }
        var index: Int32 = 0
        repeat try bind(each values, to: statement, after: &index)
        guard try step(statement) else { return nil }
        let element = read(Row(statement: statement))
        while try step(statement) {}
        return element
    }

    private func bind(
        _ value: some Bindable, to statement: OpaquePointer, after index: inout Int32
    ) throws(SQLiteFailure) {
        index += 1
        if value.bind(to: statement, at: index) != SQLITE_OK { throw failure() }
    }

    private func step(_ statement: OpaquePointer) throws(SQLiteFailure) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        default: throw failure()
        }
    }

    private func statement(_ sql: SQL) throws(SQLiteFailure) -> OpaquePointer {
        if let statement = prepared[sql.rawValue] { return statement.sqliteStatement }
        do {
            let statement = try database.cachedStatement(sql: sql.text)
            prepared[sql.rawValue] = statement
            return statement.sqliteStatement
        } catch {
            throw SQLiteFailure(error)
        }
    }

    private func failure() -> SQLiteFailure {
        SQLiteFailure(
            code: sqlite3_extended_errcode(database.sqliteConnection),
            message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
    }
}
