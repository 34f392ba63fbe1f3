import Foundation
import GRDB
import Pawl
import Testing

@testable import PawlSQLite

@Suite("A SQLite store", .timeLimit(.minutes(1)))
struct StoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("gives each of the calls that share a transaction its own outcome")
    func ownOutcomes() async throws {
        let store = try bench.store()
        let results = try await round(of: 20, on: store) { number in
            try await store.write(
                [.put(account("\(number / 2)"), json("{}"), if: .absent)], in: "p")
        }
        let committed = results.compactMap { try? $0.get() }.filter { $0 != .conflict }
        #expect(committed.count == 10)
        let refused = results.compactMap { try? $0.get() }.filter { $0 == .conflict }
        #expect(refused.count == 10)
        let all = try await store.list(kind: "Account", after: nil, limit: 100)
        #expect(all.count == 10)
    }

    @Test("fails only the one call whose statement fails in a shared transaction")
    func oneFails() async throws {
        let store = try bench.store()
        try store.documents.file.execute(
            sql: """
                CREATE TRIGGER refuse BEFORE INSERT ON documents WHEN NEW.id = '3'
                BEGIN SELECT RAISE(ABORT, 'not this one'); END
                """)
        let results = try await round(of: 6, on: store) { number in
            try await store.write(
                [.put(account("\(number)"), json("{}"), if: .absent)], in: "p")
        }
        for (number, result) in results.enumerated() {
            switch result {
            case .success: #expect(number != 3)
            case .failure(let error):
                #expect(number == 3)
                #expect((error as? BackendError)?.effect == .didNotHappen)
            }
        }
        let ids = try await store.list(kind: "Account", after: nil, limit: 100).map(\.key.id)
        #expect(ids == ["0", "1", "2", "4", "5"])
    }

    @Test("writes all documents of a batch or none")
    func allOrNone() async throws {
        let store = try bench.store()
        let first = try await store.write([.put(account("1"), json("1"), if: .absent)], in: "p")
        #expect(first == .committed([Version(rawValue: "1")]))
        let result = try await store.write(
            [
                .put(account("2"), json("2"), if: .absent),
                .put(account("1"), json("2"), if: .absent),
            ], in: "p")
        #expect(result == .conflict)
        #expect(try await store.read(account("2"), in: "p") == nil)
    }

    @Test("never gives a version twice, whichever way a document went")
    func versions() async throws {
        let store = try bench.store()
        var seen: Set<Version> = []
        for turn in 0..<4 {
            for _ in 0..<3 {
                let soon = bench.environment.now() + .seconds(5)
                let content = json("{}", expires: turn.isMultiple(of: 2) ? soon : nil)
                let result = try await store.write([.put(account("1"), content, if: .any)], in: "p")
                guard case .committed(let versions) = result else { return }
                let version = try #require(versions[0])
                #expect(seen.insert(version).inserted)
            }
            if turn == 1 || turn == 3 {
                _ = try await store.write([.delete(account("1"), if: .any)], in: "p")
            } else {
                bench.advance(by: .seconds(10))
                if turn == 2 { await store.sweeping.sweep() }
            }
            #expect(try await store.read(account("1"), in: "p") == nil)
        }
    }

    @Test("sees no expired document, and sweeps it away")
    func expiry() async throws {
        let store = try bench.store()
        let soon = bench.environment.now() + .seconds(5)
        _ = try await store.write(
            [.put(account("1"), json("1", expires: soon), if: .absent)], in: "p")
        _ = try await store.write([.put(account("2"), json("2"), if: .absent)], in: "p")
        #expect(try await store.read(account("1"), in: "p") != nil)
        bench.advance(by: .seconds(5))
        #expect(try await store.read(account("1"), in: "p") == nil)
        await store.sweeping.sweep()
        let other = try DatabaseQueue(path: bench.path())
        let left = try await other.read { database in
            try String.fetchAll(database, sql: "SELECT id FROM documents")
        }
        #expect(left == ["2"])
    }

    @Test("keeps bodies as text that a plain query reads")
    func plainText() async throws {
        let store = try bench.store()
        let body = #"{"owner":"Zoë","balance":7}"#
        let content = Content(body: Array(body.utf8), ledger: [1, 0, 2])
        _ = try await store.write([.put(account("7"), content, if: .absent)], in: "p")
        _ = try await store.write([.put(account("8"), Content(body: nil), if: .absent)], in: "p")
        let other = try DatabaseQueue(path: bench.path())
        let rows = try other.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, body, body ->> 'balance' AS balance, ledger FROM documents
                    WHERE kind = 'Account' ORDER BY id
                    """)
        }
        #expect(rows.map { $0["id"] as String } == ["7", "8"])
        #expect(rows[0]["body"] as String? == body)
        #expect(rows[0]["balance"] as Int? == 7)
        #expect(rows[1]["body"] as String? == nil)
        #expect(rows[1]["ledger"] as Data? == nil)
        #expect(try await store.read(account("7"), in: "p")?.content == content)
        #expect(try await store.read(account("8"), in: "p")?.content == Content(body: nil))
    }

    @Test("pages through one partition and through all of them in the order of the bytes")
    func paging() async throws {
        let store = try bench.store()
        for partition in ["a", "b"] as [PartitionKey] {
            for id in ["", "1", "2", "é", "z"] {
                let write = Write.put(account(id), json("{}"), if: .absent)
                _ = try await store.write([write], in: partition)
            }
        }
        var ids: [String] = []
        var last: String?
        while true {
            let page = try await store.read(kind: "Account", in: "a", after: last, limit: 2)
            ids += page.map(\.key.id)
            last = page.last?.key.id
            if page.count < 2 { break }
        }
        #expect(ids == ["", "1", "2", "z", "é"])
        var listed: [LocatedDocument] = []
        while true {
            let page = try await store.list(kind: "Account", after: listed.last, limit: 3)
            if page.isEmpty { break }
            listed += page
        }
        #expect(
            listed.map { "\($0.partition)\($0.key.id)" } == ids.map { "a\($0)" }
                + ids.map { "b\($0)" })
    }

    @Test("sees through one handle what was written through another")
    func twoHandles() async throws {
        let first = try bench.store()
        let second = try bench.store()
        for number in 0..<50 {
            let content = json("\(number)")
            _ = try await first.write([.put(account("1"), content, if: .any)], in: "p")
            #expect(try await second.read(account("1"), in: "p")?.content == content)
        }
        let stale = Version(rawValue: "1")
        let result = try await second.write(
            [.put(account("1"), json("x"), if: .version(stale))], in: "p")
        #expect(result == .conflict)
    }

    @Test("refuses what is too large, or twice in one batch, before it writes anything")
    func limits() async throws {
        let store = try bench.store(SQLiteOptions(largestDocument: 10))
        let large = await error { () async throws(BackendError) in
            try await store.write(
                [
                    .put(account("1"), json("{}"), if: .absent),
                    .put(account("2"), json("[1,2,3,4,5,6,7]"), if: .absent),
                ], in: "p")
        }
        #expect(large?.effect == .canNeverHappen)
        let twice = await error { () async throws(BackendError) in
            try await store.write(
                [.put(account("1"), json("{}"), if: .any), .delete(account("1"), if: .any)],
                in: "p")
        }
        #expect(twice?.effect == .canNeverHappen)
        #expect(try await store.read(account("1"), in: "p") == nil)
    }

    private typealias Outcome = Result<WriteResult, any Error>

    /// Runs calls so that they share one round.
    private func round(
        of count: Int, on store: SQLiteStore,
        _ call: @escaping @Sendable (Int) async throws -> WriteResult
    ) async throws -> [Outcome] {
        let gate = Gate()
        return try await withThrowingTaskGroup(of: (Int, Outcome)?.self) { group in
            group.addTask {
                try await store.documents.file.write { _ in gate.hold() }
                return nil
            }
            await gate.waitUntilHeld()
            for number in 0..<count {
                group.addTask {
                    do {
                        return (number, .success(try await call(number)))
                    } catch {
                        return (number, .failure(error))
                    }
                }
            }
            while store.documents.file.waitingWrites < count { await Task.yield() }
            gate.open()
            var outcomes: [Int: Outcome] = [:]
            for try await case let (number, outcome)? in group { outcomes[number] = outcome }
            return (0..<count).compactMap { outcomes[$0] }
        }
    }
}
