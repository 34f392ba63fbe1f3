import Foundation
import GRDB

/// A database whose right content is known after each of its transactions.
///
/// Transaction n writes n into `head`, and puts or deletes some rows of `item`, whose bodies say
/// which transaction wrote them. A transaction is whole if `item` is as it was after the n that
/// `head` says, and is lost if that n is below one that was acknowledged.
struct Ledger {
    /// What is left of the acknowledged commits.
    enum Outcome: Equatable {
        case complete
        case lost(Int)
        case damaged(String)
    }

    private struct Item: Equatable {
        let transaction: Int
        let length: Int

        var body: [UInt8] {
            [UInt8](repeating: UInt8(truncatingIfNeeded: transaction), count: length)
        }
    }

    /// What `item` holds after each transaction. Transaction 0 creates the tables.
    private var history: [[Int: Item]] = [[:]]
    /// The last transaction whose commit returned. Before the tables are there, nil.
    private(set) var acknowledged: Int?

    /// Creates the tables, unless they are there.
    mutating func prepare(_ database: any DatabaseWriter) throws {
        try database.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS head (n INTEGER NOT NULL);
                    CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
                    INSERT INTO head SELECT 0 WHERE NOT EXISTS (SELECT * FROM head);
                    """)
        }
        if acknowledged == nil { acknowledged = 0 }
    }

    /// Commits the next transaction.
    mutating func commit(to database: any DatabaseWriter, chance: inout Chance) throws {
        let transaction = history.count
        var items = history[transaction - 1]
        var changes: [(id: Int, item: Item?)] = []
        for _ in 0..<Int.random(in: 1...5, using: &chance) {
            let id = Int.random(in: 1...40, using: &chance)
            // Some bodies overflow their page.
            let length = Int.random(in: 0...6_000, using: &chance)
            let item =
                Int.random(in: 0..<4, using: &chance) == 0
                ? nil : Item(transaction: transaction, length: length)
            items[id] = item
            changes.append((id, item))
        }
        // Noted before it is tried: a commit that fails may have taken effect.
        history.append(items)
        try database.write { [changes] db in
            for (id, item) in changes {
                try db.execute(sql: "DELETE FROM item WHERE id = ?", arguments: [id])
                guard let item else { continue }
                try db.execute(
                    sql: "INSERT INTO item (id, body) VALUES (?, ?)",
                    arguments: [id, Data(item.body)])
            }
            try db.execute(sql: "UPDATE head SET n = ?", arguments: [transaction])
        }
        acknowledged = transaction
    }

    /// Compares the database to what was acknowledged, and goes on from what is there.
    mutating func check(_ database: any DatabaseReader) throws -> Outcome {
        try database.read { db in try check(db) }
    }

    private mutating func check(_ db: Database) throws -> Outcome {
        let verdict = try String.fetchAll(db, sql: "PRAGMA integrity_check")
        guard verdict == ["ok"] else { return .damaged(verdict.joined(separator: "; ")) }
        let expected = acknowledged
        guard try db.tableExists("head") else {
            self = Ledger()
            return expected.map { .lost($0 + 1) } ?? .complete
        }
        let heads = try Int.fetchAll(db, sql: "SELECT n FROM head")
        guard heads.count == 1, let head = heads.first, history.indices.contains(head) else {
            return .damaged("head is \(heads) after \(history.count - 1) transactions")
        }
        var bodies: [Int: [UInt8]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT id, body FROM item")
        while let row = try rows.next() {
            bodies[row["id"]] = [UInt8](row["body"] as Data)
        }
        guard bodies == history[head].mapValues(\.body) else {
            return .damaged("transaction \(head) is not whole")
        }
        history.removeSubrange((head + 1)...)
        acknowledged = head
        guard let expected, head < expected else { return .complete }
        return .lost(expected - head)
    }
}
