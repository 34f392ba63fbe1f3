import Foundation
import GRDB
import Pawl

/// The raw limit: the statements that a backend needs for a message, by hand, on one cached
/// connection to each file, in transactions of 100 messages, the claim included.
struct RawLimit {
    /// Messages in one transaction.
    static let batch = 100

    let store: DatabaseQueue
    /// The same as `store` where both are in one file.
    let queue: DatabaseQueue

    init(store: String, queue: String) throws {
        self.store = try Self.open(store)
        self.queue = store == queue ? self.store : try Self.open(queue)
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        let connection = try DatabaseQueue(path: path)
        try connection.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            // After the switch, since GRDB sets NORMAL with it.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA cache_size = -16384")
        }
        return connection
    }

    /// Copies a database, page by page.
    static func copy(_ path: String, to copy: String) throws {
        try DatabaseQueue(path: path).backup(to: DatabaseQueue(path: copy))
    }

    private struct Claimed {
        let seq: Int64
        let player: String
    }

    /// Handles messages, and returns how many a second.
    func run(messages: Int, body: String, outgoing: [UInt8], clock: Environment) throws -> Int {
        let start = clock.now()
        var done = 0
        while done < messages {
            let count = try store === queue ? inOneFile(body, outgoing) : inTwoFiles(body, outgoing)
            if count == 0 { break }
            done += count
        }
        return perSecond(done, since: start, clock)
    }

    /// As `transactional` does it, with the claim of the batch in the same transaction.
    private func inOneFile(_ body: String, _ outgoing: [UInt8]) throws -> Int {
        try queue.writeWithoutTransaction { database in
            var count = 0
            try database.inTransaction(.immediate) {
                let batch = try claim(database)
                for message in batch {
                    try change(message, body, ledger: nil, database)
                    try remove(message, database)
                    try send(outgoing, local: true, database)
                }
                count = batch.count
                return .commit
            }
            return count
        }
    }

    /// As `outbox` does it: claim, save, send, mark, acknowledge.
    private func inTwoFiles(_ body: String, _ outgoing: [UInt8]) throws -> Int {
        let batch = try queue.write { try claim($0) }
        try store.write { for message in batch { try change(message, body, ledger: outgoing, $0) } }
        try queue.write { for _ in batch { try send(outgoing, local: false, $0) } }
        try store.write {
            for message in batch {
                try change(message, body, ledger: [UInt8](outgoing.prefix(29)), $0)
            }
        }
        try queue.write { for message in batch { try remove(message, $0) } }
        return batch.count
    }

    private func claim(_ database: GRDB.Database) throws -> [Claimed] {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE messages SET visible = ?, lease = ?, attempt = attempt + 1
                WHERE seq IN (
                    SELECT seq FROM messages
                    WHERE queue = (SELECT id FROM queues WHERE name = 'scores') AND visible <= ?
                    ORDER BY visible, seq LIMIT ?)
                RETURNING seq, attempt, envelope
                """)
        let rows = try Row.fetchCursor(
            statement, arguments: [Int64.max, 1, Int64.max - 1, Self.batch])
        var batch: [Claimed] = []
        while let row = try rows.next() {
            let seq: Int64 = row[0]
            batch.append(Claimed(seq: seq, player: String(seq % Int64(Handlers.players))))
        }
        return batch
    }

    private func change(
        _ message: Claimed, _ body: String, ledger: [UInt8]?, _ database: GRDB.Database
    ) throws {
        let select = try database.cachedStatement(
            sql: """
                SELECT version, body, ledger, expires FROM documents
                WHERE partition = ? AND kind = ? AND id = ?
                """)
        let rows = try Row.fetchCursor(
            select, arguments: [message.player, Player.kind, message.player])
        guard let row = try rows.next() else { return }
        let version: Int64 = row[0]
        let old: String = row[1]
        precondition(!old.isEmpty)
        let update = try database.cachedStatement(
            sql: """
                UPDATE documents SET version = version + 1, body = ?, ledger = ?, expires = NULL
                WHERE partition = ? AND kind = ? AND id = ? AND version = ?
                """)
        try update.execute(
            arguments: [
                body, ledger.map { Data($0) }, message.player, Player.kind, message.player, version,
            ])
    }

    private func remove(_ message: Claimed, _ database: GRDB.Database) throws {
        let delete = try database.cachedStatement(
            sql: "DELETE FROM messages WHERE seq = ? AND lease = ?")
        try delete.execute(arguments: [message.seq, 1])
    }

    private func send(_ bytes: [UInt8], local: Bool, _ database: GRDB.Database) throws {
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO messages (queue, visible, attempt, local, envelope)
                VALUES ((SELECT id FROM queues WHERE name = 'sink'), ?, 0, ?, ?)
                """)
        try insert.execute(arguments: [1, local, Data(bytes)])
    }

    /// Small commits, one at a time, in milliseconds each.
    func commits(_ count: Int, clock: Environment) throws -> [Double] {
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "CREATE TABLE raw_commits (number INTEGER)")
            return try (0..<count).map { number in
                let start = clock.now()
                let insert = try database.cachedStatement(sql: "INSERT INTO raw_commits VALUES (?)")
                try insert.execute(arguments: [number])
                return Double((clock.now() - start).components.attoseconds) / 1e15
            }
        }
    }
}

func perSecond(_ count: Int, since start: Timestamp, _ clock: Environment) -> Int {
    let microseconds = clock.now().microseconds - start.microseconds
    return count * 1_000_000 / max(1, Int(microseconds))
}
