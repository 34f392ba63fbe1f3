import Foundation
import GRDB
import Pawl
import PawlSQLite
import Synchronization

/// Work on a Pawl database through several power cuts, and what is found after each.
///
/// Submissions save a document and send a message; consumers take the message and save another
/// document, all through `SQLiteDatabase`. Whatever was answered must be there afterwards, and
/// documents and queue must agree, whether it was answered or not.
struct DatabaseRound: Sendable {
    let seed: UInt64
    var cuts = 3
    var ignoresSyncs = false

    private struct Acknowledged {
        var submitted: Set<Int> = []
        var consumed: Set<Int> = []
    }

    private final class Progress: Sendable {
        let answers: Mutex<Acknowledged>
        let submitted: Atomic<Int>

        init(_ acknowledged: Acknowledged, _ submitted: Int) {
            answers = Mutex(acknowledged)
            self.submitted = Atomic(submitted)
        }
    }

    /// Runs the round; returns what is wrong, in words.
    func run() async throws -> [String] {
        let machine = try PowerCut.install()
        if ignoresSyncs { machine.ignoreSyncs() }
        var chance = Chance(seed: seed)
        let path = machine.path(of: "shop.sqlite")
        var acknowledged = Acknowledged()
        var findings: [String] = []
        var submitted = 0
        // The tables are made before the first cut: a file whose very creation is cut is no test.
        try await SQLiteDatabase.open(path).makeQueue()
        for _ in 0..<cuts {
            machine.cutAfter(
                operations: Int.random(in: 5...400, using: &chance), seed: chance.next())
            try await work(on: path, machine, from: &submitted, &acknowledged)
            try machine.powerOn()
            findings += try check(path, acknowledged)
            if !findings.isEmpty { break }
        }
        return findings
    }

    private func work(
        on path: String, _ machine: PowerCut, from submitted: inout Int,
        _ acknowledged: inout Acknowledged
    ) async throws {
        let database: SQLiteDatabase
        do {
            database = try SQLiteDatabase.open(path)
        } catch {
            if machine.isOff { return }
            throw error
        }
        let progress = Progress(acknowledged, submitted)
        let isOff = { @Sendable in machine.isOff }
        await withTaskGroup { group in
            for _ in 0..<3 {
                group.addTask {
                    while !isOff() {
                        let number = progress.submitted.wrappingAdd(
                            1, ordering: .relaxed
                        ).oldValue
                        let result = try? await database.submit(number)
                        if result == .committed {
                            progress.answers.withLock { _ = $0.submitted.insert(number) }
                        }
                    }
                }
            }
            group.addTask {
                while !isOff() {
                    guard
                        let batch = try? await database.receive(
                            from: "work", max: 5, lease: .milliseconds(50))
                    else { continue }
                    for delivery in batch {
                        guard let number = try? await database.consume(delivery) else { continue }
                        progress.answers.withLock { _ = $0.consumed.insert(number) }
                    }
                }
            }
        }
        acknowledged = progress.answers.withLock { $0 }
        submitted = progress.submitted.load(ordering: .relaxed)
    }

    private func check(_ path: String, _ acknowledged: Acknowledged) throws -> [String] {
        let database = try DatabaseQueue(path: path)
        return try database.writeWithoutTransaction { database in
            var findings: [String] = []
            let integrity = try String.fetchAll(database, sql: "PRAGMA integrity_check")
            if integrity != ["ok"] { return integrity }
            func documents(_ kind: String) throws -> Set<Int> {
                try Set(
                    Int.fetchAll(
                        database, sql: "SELECT CAST(id AS INTEGER) FROM documents WHERE kind = ?",
                        arguments: [kind]))
            }
            let submitted = try documents("Submitted")
            let consumed = try documents("Consumed")
            let queued = try Set(
                [UInt8].fetchEnvelopes(database).compactMap {
                    Int(String(decoding: try Envelope(decoding: $0).body, as: UTF8.self))
                })
            for number in acknowledged.submitted.subtracting(submitted) {
                findings.append("\(number) was committed, but is lost")
            }
            for number in acknowledged.consumed.subtracting(consumed) {
                findings.append("\(number) was consumed, but that is lost")
            }
            if submitted != consumed.union(queued) || !consumed.isDisjoint(with: queued) {
                findings.append(
                    "documents and queue disagree: \(submitted.count), \(consumed.count), "
                        + "\(queued.count)")
            }
            return findings
        }
    }
}

extension [UInt8] {
    fileprivate static func fetchEnvelopes(_ database: GRDB.Database) throws -> [[UInt8]] {
        try Data.fetchAll(database, sql: "SELECT envelope FROM messages").map { Array($0) }
    }
}

extension SQLiteDatabase {
    fileprivate func makeQueue() async throws {
        _ = try await register(Registration(endpoint: "work", types: ["Work"]))
    }

    fileprivate func submit(_ number: Int) async throws -> TransactionResult {
        let body = Array(String(number).utf8)
        let envelope = Envelope(
            id: MessageID("message \(number)"), type: "Work", body: body,
            sentAt: Timestamp(microseconds: 0))
        return try await commit(
            Transaction(
                receipt: nil, id: MessageID("submission \(number)"), endpoint: "work",
                partition: PartitionKey(String(number)),
                writes: [
                    .put(
                        DocumentKey(kind: "Submitted", id: String(number)), Content(body: body),
                        if: .absent)
                ], messages: [Outgoing(envelope, to: "work")]))
    }

    fileprivate func consume(_ delivery: Delivery) async throws -> Int? {
        let envelope = try Envelope(decoding: delivery.message)
        let number = String(decoding: envelope.body, as: UTF8.self)
        let result = try await commit(
            Transaction(
                receipt: delivery.receipt, id: envelope.id, endpoint: "work",
                partition: PartitionKey(number),
                writes: [
                    .put(
                        DocumentKey(kind: "Consumed", id: number), Content(body: envelope.body),
                        if: .absent)
                ], messages: []))
        return result == .committed ? Int(number) : nil
    }
}
