import Foundation
import Pawl
import ServiceLifecycle
import Testing

@testable import PawlSQLite

@Suite("A SQLite database", .timeLimit(.minutes(1)))
struct DatabaseTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func transaction(
        _ delivery: Delivery?, _ id: String, writes: [Write] = [], sends: [Outgoing] = []
    ) -> Transaction {
        Transaction(
            receipt: delivery?.receipt, id: MessageID(id), endpoint: "billing", partition: "p",
            writes: writes, messages: sends)
    }

    private func take(_ database: SQLiteDatabase, from queue: String = "billing") async throws
        -> Delivery
    {
        let taken = try await database.receive(from: queue, max: 1, lease: .seconds(30))
        return try #require(taken.first)
    }

    private func rows(_ database: SQLiteDatabase, in table: String) throws -> Int? {
        try database.documents.file.integer(sql: "SELECT count(*) FROM \(table)")
    }

    private let write = Write.put(account("1"), json("{}"), if: .absent)

    @Test("consumes, remembers, writes and sends in one transaction")
    func commit() async throws {
        let database = try await bench.database()
        try await database.send([message("in")])
        let result = try await database.commit(
            transaction(
                try await take(database), "in", writes: [write],
                sends: [message("out", to: "shipping")]))
        #expect(result == .committed)
        #expect(try await database.read(account("1"), in: "p")?.content == json("{}"))
        #expect(try rows(database, in: "messages") == 1)
        #expect(try rows(database, in: "processed") == 1)
        let out = try await take(database, from: "shipping")
        #expect(try Envelope(decoding: out.message).id == MessageID("out"))
    }

    @Test("removes the copy of a message from outside, and does nothing else")
    func duplicate() async throws {
        let database = try await bench.database()
        for _ in 0..<2 { try await database.send([message("in")]) }
        let first = try await database.commit(transaction(try await take(database), "in"))
        #expect(first == .committed)
        let second = try await database.commit(
            transaction(
                try await take(database), "in", writes: [write],
                sends: [message("out", to: "shipping")]))
        #expect(second == .duplicate)
        #expect(try rows(database, in: "messages") == 0)
        #expect(try rows(database, in: "documents") == 0)
    }

    @Test("needs no memory of messages that it sent itself")
    func local() async throws {
        let database = try await bench.database()
        let session = transaction(nil, "session", sends: [message("in")])
        #expect(try await database.commit(session) == .committed)
        #expect(try await database.commit(session) == .duplicate)
        let result = try await database.commit(
            transaction(try await take(database), "in", writes: [write]))
        #expect(result == .committed)
        #expect(try rows(database, in: "processed") == 1)
        #expect(try rows(database, in: "messages") == 0)
    }

    @Test("leaves nothing behind when a document has moved on")
    func conflict() async throws {
        let database = try await bench.database()
        _ = try await database.write([write], in: "p")
        try await database.send([message("in")])
        let delivery = try await take(database)
        let other = Write.put(account("2"), json("{}"), if: .absent)
        for writes in [[write], [other, write]] {
            let result = try await database.commit(
                transaction(
                    delivery, "in", writes: writes, sends: [message("out", to: "shipping")]))
            #expect(result == .conflict)
        }
        #expect(try rows(database, in: "messages") == 1)
        #expect(try rows(database, in: "documents") == 1)
        #expect(try rows(database, in: "processed") == 0)
        #expect(try await database.acknowledge(delivery.receipt))
    }

    @Test("leaves nothing behind when the lease has passed on")
    func leaseLost() async throws {
        let database = try await bench.database()
        try await database.send([message("in")])
        let delivery = try await take(database)
        bench.advance(by: .seconds(30))
        let next = try await take(database)
        let sends = [message("out", to: "shipping")]
        let lost = try await database.commit(
            transaction(delivery, "in", writes: [write], sends: sends))
        #expect(lost == .leaseLost)
        #expect(try rows(database, in: "documents") == 0)
        #expect(try rows(database, in: "processed") == 0)
        let won = try await database.commit(
            transaction(next, "in", writes: [write], sends: sends))
        #expect(won == .committed)
    }

    @Test("refuses a message that can never be sent before anything is committed")
    func refused() async throws {
        let database = try await bench.database(SQLiteOptions(largestMessage: 1000))
        try await database.send([message("in")])
        let delivery = try await take(database)
        for bad in [message("large", size: 1000), message("lost", to: "nowhere")] {
            let refused = await error { () async throws(BackendError) in
                try await database.commit(
                    transaction(delivery, "in", writes: [write], sends: [bad]))
            }
            #expect(refused?.effect == .canNeverHappen)
        }
        #expect(try rows(database, in: "documents") == 0)
        #expect(try await database.acknowledge(delivery.receipt))
    }

    @Test("forgets processed ids after the retention, and only then")
    func retention() async throws {
        let database = try await bench.database(SQLiteOptions(processedRetention: .seconds(100)))
        let session = transaction(nil, "session")
        _ = try await database.commit(session)
        bench.advance(by: .seconds(99))
        await database.sweeping.sweep()
        #expect(try await database.commit(session) == .duplicate)
        bench.advance(by: .seconds(1))
        await database.sweeping.sweep()
        #expect(try await database.commit(session) == .committed)
    }

    @Test("leaves a file that is complete without its log when its service has ended")
    func foldedIn() async throws {
        let database = try await bench.database()
        _ = try await database.write([.put(account("1"), json("1"), if: .absent)], in: "p")
        await withTaskGroup { group in
            group.addTask { await database.run() }
            group.cancelAll()
            await group.waitForAll()
        }
        let copy = bench.path("copy.sqlite")
        try FileManager.default.copyItem(atPath: bench.path(), toPath: copy)
        let store = try SQLiteStore.open(copy, environment: bench.environment)
        #expect(try await store.read(account("1"), in: "p")?.content == json("1"))
    }

    @Test("ends its service when the task is cancelled")
    func service() async throws {
        let database = try await bench.database()
        await withTaskGroup { group in
            group.addTask { await database.run() }
            group.cancelAll()
            await group.waitForAll()
        }
    }

    @Test("applies each of many messages once, while many commit at the same time")
    func many() async throws {
        let database = try await bench.database()
        let count = 500
        try await database.send((0..<count).map { message("\($0)") })
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for turn in 0..<(count / 8 + 1) where turn * 8 + worker < count {
                        let delivery = try await take(database)
                        let id = try Envelope(decoding: delivery.message).id
                        let put = Write.put(account("\(id)"), json("{}"), if: .absent)
                        let result = try await database.commit(
                            Transaction(
                                receipt: delivery.receipt, id: id, endpoint: "billing",
                                partition: "p", writes: [put],
                                messages: [message("\(id)", to: "shipping")]))
                        #expect(result == .committed)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try rows(database, in: "documents") == count)
        #expect(
            try database.documents.file.integer(
                sql: "SELECT count(*) FROM messages WHERE local = 1") == count)
    }
}
