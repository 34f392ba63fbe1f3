import Foundation
import GRDB
import Pawl

/// The raw limit: the statements that a backend needs for a message, by hand on one cached GRDB
/// connection to each file, in transactions of 100 messages, the claim included.
struct SQLiteByHand: ByHand {
    /// Messages in one transaction.
    static let batch = 100

    let store: DatabaseQueue
    /// The same as `store` where both are in one file.
    let queue: DatabaseQueue

    private let algorithm: Benchmark.Algorithm
    private let documents: DocumentStatements
    private let messages: MessageStatements

    init(store: String, queue: String, algorithm: Benchmark.Algorithm) throws {
        self.algorithm = algorithm
        self.store = try Self.open(store)
        self.queue = store == queue ? self.store : try Self.open(queue)
        documents = try self.store.inDatabase(DocumentStatements.init)
        messages = try self.queue.inDatabase(MessageStatements.init)
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
        // Whoever filled it may be closing it still.
        var patient = Configuration()
        patient.busyMode = .timeout(10)
        let source = try DatabaseQueue(path: path, configuration: patient)
        try source.backup(to: DatabaseQueue(path: copy))
    }

    private struct Claimed {
        let seq: Int64
        let player: String
        let envelope: Data
    }

    /// What is bound for every message, made once.
    private struct Values {
        let body: String
        let outgoing: Data
        /// What is left in the ledger once the message has been sent.
        let mark: Data
    }

    /// Handles messages, and returns how many a second.
    func run(messages: Int, body: String, outgoing: [UInt8], clock: Environment) throws -> Int {
        let values = Values(
            body: body, outgoing: Data(outgoing), mark: Data(outgoing.prefix(29)))
        let start = clock.now()
        var done = 0
        while done < messages {
            let count =
                switch algorithm {
                case .transactional: try inOneFile(values)
                case .outbox: try inTwoFiles(values)
                case .inbox: try recording(values)
                case .tokens: try withTokens(values)
                case .replay: try replaying(values)
                case .natural: try forgetting(values)
                }
            if count == 0 { break }
            done += count
        }
        return perSecond(done, since: start, clock)
    }

    /// As `transactional` does it, with the claim of the batch in the same transaction.
    private func inOneFile(_ values: Values) throws -> Int {
        try transaction(queue) {
            let batch = try claim()
            for message in batch {
                try change(message, values.body, ledger: nil)
                try remove(message)
                try send(values.outgoing, local: true)
            }
            return batch.count
        }
    }

    /// As `outbox` does it: claim, save, send, mark, acknowledge.
    private func inTwoFiles(_ values: Values) throws -> Int {
        let batch = try transaction(queue) { try claim() }
        try transaction(store) {
            for message in batch { try change(message, values.body, ledger: values.outgoing) }
        }
        try transaction(queue) { for _ in batch { try send(values.outgoing, local: false) } }
        try transaction(store) {
            for message in batch { try change(message, values.body, ledger: values.mark) }
        }
        try transaction(queue) { for message in batch { try remove(message) } }
        return batch.count
    }

    /// As `inbox` does it: claim, look for the record, save, send, add the record, forget,
    /// acknowledge.
    private func recording(_ values: Values) throws -> Int {
        let batch = try transaction(queue) { try claim() }
        try transaction(store) {
            for message in batch {
                try expectNone(
                    "pawl.inbox/scores/\(id(of: message))", "pawl.inbox", id(of: message))
                try change(message, values.body, ledger: values.outgoing)
            }
        }
        try transaction(queue) { for _ in batch { try send(values.outgoing, local: false) } }
        try transaction(store) {
            for message in batch {
                let id = id(of: message)
                try documents.insert.execute(
                    arguments: [
                        "pawl.inbox/scores/\(id)", "pawl.inbox", id, nil, Int64.max,
                    ])
            }
        }
        try transaction(store) {
            for message in batch { try change(message, values.body, ledger: nil) }
        }
        try transaction(queue) { for message in batch { try remove(message) } }
        return batch.count
    }

    /// As `tokens` does it: claim, look for the token, register, make the token of what is sent, save,
    /// send, remove the token, forget, acknowledge.
    private func withTokens(_ values: Values) throws -> Int {
        let batch = try transaction(queue) { try claim() }
        let tokens = try batch.map { try token(of: $0) }
        try transaction(store) {
            for (message, token) in zip(batch, tokens) {
                let row = try Row.fetchCursor(
                    documents.select, arguments: [token.partition, "pawl.token", token.id]
                ).next()
                precondition(row != nil)
                try change(message, values.body, ledger: values.mark)
            }
        }
        try transaction(store) {
            for message in batch {
                let partition = "pawl.token/\(id(of: message))"
                try expectNone(partition, "pawl.token", "shut")
                try documents.insert.execute(
                    arguments: [partition, "pawl.token", "0", nil, nil])
            }
        }
        try transaction(store) {
            for message in batch { try change(message, values.body, ledger: values.outgoing) }
        }
        try transaction(queue) { for _ in batch { try send(values.outgoing, local: false) } }
        try transaction(store) {
            for token in tokens {
                try documents.delete.execute(
                    arguments: [token.partition, "pawl.token", token.id])
            }
        }
        try transaction(store) {
            for message in batch { try change(message, values.body, ledger: nil) }
        }
        try transaction(queue) { for message in batch { try remove(message) } }
        return batch.count
    }

    /// As `natural` does it: claim, save, send, acknowledge.
    private func forgetting(_ values: Values) throws -> Int {
        let batch = try transaction(queue) { try claim() }
        try transaction(store) {
            for message in batch { try change(message, values.body, ledger: nil) }
        }
        try transaction(queue) { for _ in batch { try send(values.outgoing, local: false) } }
        try transaction(queue) { for message in batch { try remove(message) } }
        return batch.count
    }

    /// As long as a message's id.
    private func id(of message: Claimed) -> String {
        String(repeating: "0", count: 16) + String(message.seq + 1_000_000_000_000_000)
    }

    private func expectNone(_ partition: String, _ kind: String, _ id: String) throws {
        let row = try Row.fetchCursor(documents.select, arguments: [partition, kind, id]).next()
        precondition(row == nil)
    }

    /// The token that a message has in its headers: a name, and the token's length and text behind it.
    private func token(of message: Claimed) throws -> (partition: String, id: String) {
        guard let name = message.envelope.range(of: Data("pawl-token".utf8)) else {
            preconditionFailure("a message has no token")
        }
        let start = name.upperBound + 4
        let text = String(
            decoding: message.envelope[start..<start + Int(message.envelope[name.upperBound])],
            as: UTF8.self)
        let parts = text.split(separator: "/")
        return ("pawl.token/\(parts[0])", String(parts[1]))
    }

    /// As `replay` does it: claim, save state and premise, send, acknowledge.
    private func replaying(_ values: Values) throws -> Int {
        let batch = try transaction(queue) { try claim() }
        try transaction(store) {
            for message in batch { try changeAndRecord(message, values.body) }
        }
        try transaction(queue) { for _ in batch { try send(values.outgoing, local: false) } }
        try transaction(queue) { for message in batch { try remove(message) } }
        return batch.count
    }

    private func changeAndRecord(_ message: Claimed, _ body: String) throws {
        let premise = id(of: message)
        try expectNone(message.player, "pawl.version", premise)
        try change(message, body, ledger: nil)
        try documents.insert.execute(
            arguments: [message.player, "pawl.version", premise, Data(body.utf8), Int64.max])
    }

    private func transaction<Value>(
        _ connection: DatabaseQueue, _ body: () throws -> Value
    ) throws -> Value {
        try connection.writeWithoutTransaction { database in
            try database.beginTransaction(.immediate)
            let value = try body()
            try database.commit()
            return value
        }
    }

    private func claim() throws -> [Claimed] {
        let rows = try Row.fetchCursor(
            messages.claim,
            arguments: [Int64.max, 1, messages.scores, Int64.max - 1, Self.batch])
        var batch: [Claimed] = []
        batch.reserveCapacity(Self.batch)
        while let row = try rows.next() {
            let seq: Int64 = row[0]
            batch.append(
                Claimed(
                    seq: seq, player: String(seq % Int64(Handlers.players)),
                    envelope: algorithm == .tokens ? row[2] : Data()))
        }
        return batch
    }

    private func change(_ message: Claimed, _ body: String, ledger: Data?) throws {
        let rows = try Row.fetchCursor(
            documents.select, arguments: [message.player, Player.kind, message.player])
        guard let row = try rows.next() else { return }
        let version: Int64 = row[0]
        let old: String = row[1]
        precondition(!old.isEmpty)
        try documents.update.execute(
            arguments: [body, ledger, message.player, Player.kind, message.player, version])
    }

    private func remove(_ message: Claimed) throws {
        try messages.delete.execute(arguments: [message.seq, 1])
    }

    private func send(_ envelope: Data, local: Bool) throws {
        try messages.insert.execute(arguments: [messages.sink, 1, local, envelope])
    }

    /// Small commits, one at a time, in milliseconds each.
    func commits(_ count: Int, clock: Environment) throws -> [Double] {
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "CREATE TABLE raw_commits (number INTEGER)")
            let insert = try database.makeStatement(sql: "INSERT INTO raw_commits VALUES (?)")
            return try (0..<count).map { number in
                let start = clock.now()
                try insert.execute(arguments: [number])
                return Double((clock.now() - start).components.attoseconds) / 1e15
            }
        }
    }
}

/// What is done to the documents, prepared once.
private struct DocumentStatements {
    let select: Statement
    let update: Statement
    let insert: Statement
    let delete: Statement

    init(_ database: GRDB.Database) throws {
        select = try database.makeStatement(
            sql: """
                SELECT version, body, ledger, expires FROM documents
                WHERE partition = ? AND kind = ? AND id = ?
                """)
        update = try database.makeStatement(
            sql: """
                UPDATE documents SET version = version + 1, body = ?, ledger = ?, expires = NULL
                WHERE partition = ? AND kind = ? AND id = ? AND version = ?
                """)
        insert = try database.makeStatement(
            sql: """
                INSERT INTO documents (partition, kind, id, version, body, ledger, expires)
                VALUES (?, ?, ?, 1, NULL, ?, ?)
                """)
        delete = try database.makeStatement(
            sql: "DELETE FROM documents WHERE partition = ? AND kind = ? AND id = ?")
    }
}

/// What is done to the messages, prepared once, and the queues that they are in.
private struct MessageStatements {
    let scores: Int64?
    let sink: Int64?
    let claim: Statement
    let insert: Statement
    let delete: Statement

    init(_ database: GRDB.Database) throws {
        let id = "SELECT id FROM queues WHERE name = ?"
        scores = try Int64.fetchOne(database, sql: id, arguments: ["scores"])
        sink = try Int64.fetchOne(database, sql: id, arguments: ["sink"])
        claim = try database.makeStatement(
            sql: """
                UPDATE messages SET visible = ?, lease = ?, attempt = attempt + 1
                WHERE seq IN (
                    SELECT seq FROM messages WHERE queue = ? AND visible <= ?
                    ORDER BY visible, seq LIMIT ?)
                RETURNING seq, attempt, envelope
                """)
        insert = try database.makeStatement(
            sql: """
                INSERT INTO messages (queue, visible, attempt, local, envelope)
                VALUES (?, ?, 0, ?, ?)
                """)
        delete = try database.makeStatement(sql: "DELETE FROM messages WHERE seq = ? AND lease = ?")
    }
}

func perSecond(_ count: Int, since start: Timestamp, _ clock: Environment) -> Int {
    let microseconds = clock.now().microseconds - start.microseconds
    return count * 1_000_000 / max(1, Int(microseconds))
}
