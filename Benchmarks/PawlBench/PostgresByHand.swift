import CLibPQ
import Foundation
import Pawl
import Synchronization

/// The raw limit on PostgreSQL: prepared statements through libpq with arrays of 100 messages, binary
/// and pipelined, on eight connections, each in a thread of its own that waits.
struct PostgresByHand: ByHand {
    private static let batch = 100
    private static let connections = 8

    private let workers: [Worker]

    init(url: String, schema: String, algorithm: Benchmark.Algorithm) throws {
        workers = try (0..<Self.connections).map { _ in
            try Worker(url: url, schema: schema, isApart: algorithm == .outbox)
        }
    }

    func run(messages: Int, body: String, outgoing: [UInt8], clock: Environment) throws -> Int {
        let start = clock.now()
        let progress = Progress()
        let group = DispatchGroup()
        for worker in workers {
            // It is this thread's alone until the group has left.
            nonisolated(unsafe) let worker = worker
            group.enter()
            Thread.detachNewThread {
                progress.note {
                    // Not one more than asked for: what is left is for the other half.
                    while progress.begun.add(Self.batch, ordering: .relaxed).oldValue < messages {
                        let count = try worker.handle(Self.batch, body: body, outgoing: outgoing)
                        if count == 0 { break }
                        progress.done.add(count, ordering: .relaxed)
                    }
                }
                group.leave()
            }
        }
        group.wait()
        if let error = progress.failure.withLock({ $0 }) { throw error }
        return perSecond(progress.done.load(ordering: .relaxed), since: start, clock)
    }

    /// What the threads have done.
    private final class Progress: Sendable {
        let begun = Atomic<Int>(0)
        let done = Atomic<Int>(0)
        let failure = Mutex<(any Error)?>(nil)

        func note(_ work: () throws -> Void) {
            do {
                try work()
            } catch {
                failure.withLock { $0 = error }
            }
        }
    }

    func commits(_ count: Int, clock: Environment) throws -> [Double] {
        let connection = workers[0].connection
        try connection.run("CREATE TABLE IF NOT EXISTS pawl_bench_raw.commits (number bigint)")
        try connection.prepare("commit", "INSERT INTO pawl_bench_raw.commits VALUES ($1::int8)")
        return try (0..<count).map { number in
            let start = clock.now()
            try connection.pipeline([("commit", [Binary.int8(Int64(number))])])
            return Double((clock.now() - start).components.attoseconds) / 1e15
        }
    }
}

/// One connection with its statements.
private final class Worker {
    let connection: RawConnection
    /// Whether store and queues have transactions of their own, as with `outbox`.
    private let isApart: Bool

    init(url: String, schema: String, isApart: Bool) throws {
        self.isApart = isApart
        connection = try RawConnection(url)
        try connection.run("SET search_path = \(schema)")
        try connection.run("SET plan_cache_mode = force_generic_plan")
        try connection.run("SET enable_seqscan = off")
        try connection.run("SET enable_hashjoin = off")
        try connection.run("SET enable_mergejoin = off")
        for (name, sql) in Self.statements { try connection.prepare(name, sql) }
    }

    private static let statements = [
        ("begin", "BEGIN"), ("commit_", "COMMIT"),
        (
            "claim",
            """
            WITH free AS MATERIALIZED (
                SELECT queue, seq FROM messages
                WHERE queue = (SELECT id FROM queues WHERE name = 'scores') AND visible <= 1
                ORDER BY seq LIMIT $1::int8 FOR NO KEY UPDATE SKIP LOCKED)
            UPDATE messages m SET visible = 9000000000000000, lease = 1, attempt = attempt + 1
            FROM free WHERE m.queue = free.queue AND m.seq = free.seq
            RETURNING m.seq, m.attempt, m.local, m.message
            """
        ),
        (
            "read",
            """
            SELECT d.version, d.body, d.ledger, d.expires
            FROM unnest($1::text[]) WITH ORDINALITY AS r (id, ord)
            JOIN documents d ON d.kind = 'Player' AND d.partition = r.id AND d.id = r.id
            """
        ),
        (
            "update",
            """
            UPDATE documents d SET version = d.version + 1, body = w.body, ledger = w.ledger
            FROM unnest($1::text[], $2::text[], $3::bytea[]) AS w (id, body, ledger)
            WHERE d.kind = 'Player' AND d.partition = w.id AND d.id = w.id
            """
        ),
        (
            "delete",
            """
            DELETE FROM messages m USING unnest($1::int8[]) AS h (seq)
            WHERE m.queue = (SELECT id FROM queues WHERE name = 'scores') AND m.seq = h.seq
                AND m.lease = 1
            """
        ),
        (
            "insert",
            """
            INSERT INTO messages (queue, local, message)
            SELECT (SELECT id FROM queues WHERE name = 'sink'), true, m FROM unnest($1::bytea[]) AS m
            """
        ),
    ]

    /// Handles a batch, and returns how many there were.
    func handle(_ batch: Int, body: String, outgoing: [UInt8]) throws -> Int {
        var seqs: [Int64] = []
        let claim = ("claim", [Binary.int8(Int64(batch))])
        // Apart, each step is a transaction of its own, as a pipeline without BEGIN is.
        try connection.pipeline(isApart ? [claim] : [("begin", []), claim]) { number, result in
            guard number == (isApart ? 0 : 1) else { return }
            for row in 0..<PQntuples(result) {
                let value = UnsafeRawPointer(PQgetvalue(result, row, 0))
                seqs.append(Int64(bigEndian: value?.loadUnaligned(as: Int64.self) ?? 0))
            }
        }
        if seqs.isEmpty {
            if !isApart { try connection.pipeline([("commit_", [])]) }
            return 0
        }
        // Sorted, so that no two transactions wait for one another.
        let players = Set(seqs.map { String($0 % Int64(Handlers.players)) }).sorted()
        let bodies = players.map { _ in body }
        let messages = seqs.map { _ in outgoing }
        func update(_ ledger: [UInt8]) -> (name: String, values: [[UInt8]]) {
            let ledgers = players.map { _ in ledger }
            return (
                "update",
                [Binary.texts(players), Binary.texts(bodies), Binary.blobs(ledgers)]
            )
        }
        let insert = ("insert", [Binary.blobs(messages)])
        let delete = ("delete", [Binary.int8s(seqs)])
        try connection.pipeline([("read", [Binary.texts(players)])])
        if isApart {
            try connection.pipeline([update(outgoing)])
            try connection.pipeline([insert])
            try connection.pipeline([update(Array(outgoing.prefix(29)))])
            try connection.pipeline([delete])
        } else {
            try connection.pipeline([delete, update([]), insert, ("commit_", [])])
        }
        return seqs.count
    }
}
