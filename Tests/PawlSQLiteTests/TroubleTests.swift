import Foundation
import GRDB
import Pawl
import Testing

@testable import PawlSQLite

@Suite("A SQLite file in trouble", .timeLimit(.minutes(2)))
struct TroubleTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func opening(_ options: SQLiteOptions = SQLiteOptions()) async -> BackendError? {
        await error { () throws(BackendError) in
            try SQLiteStore.open(bench.path(), options: options, environment: bench.environment)
        }
    }

    @Test("is synced at each commit, unless told otherwise")
    func synchronous() async throws {
        #expect(try bench.store().documents.file.effectiveSynchronous() == 2)
        let normal = try bench.store(SQLiteOptions(synchronous: .normal))
        #expect(try normal.documents.file.effectiveSynchronous() == 1)
    }

    @Test("is refused and left alone when a newer version of Pawl has changed it")
    func newerSchema() async throws {
        _ = try bench.store()
        let other = try DatabaseQueue(path: bench.path())
        try await other.write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('pawl-99')")
            try database.execute(sql: "DROP TABLE processed")
        }
        try other.close()
        let before = try Data(contentsOf: URL(filePath: bench.path()))
        for options in [SQLiteOptions(), .readOnly] {
            let error = await opening(options)
            #expect(error?.effect == .canNeverHappen)
            #expect(error.text.contains("newer version of Pawl"))
        }
        #expect(try Data(contentsOf: URL(filePath: bench.path())) == before)
    }

    @Test("may hold a program's own tables and migrations too")
    func sharedFile() async throws {
        let other = try DatabaseQueue(path: bench.path())
        var migrator = DatabaseMigrator()
        migrator.registerMigration("ours") { try $0.execute(sql: "CREATE TABLE invoices (id)") }
        try migrator.migrate(other)
        _ = try bench.store()
        _ = try bench.store()
    }

    @Test("is left alone when it is not a database")
    func notADatabase() async throws {
        let text = Data(String(repeating: "Dear diary, ", count: 1000).utf8)
        try text.write(to: URL(filePath: bench.path()))
        let error = await opening()
        #expect(error?.effect == .didNotHappen)
        #expect(error.text.contains("not a SQLite database"))
        #expect(error.text.contains(bench.path()))
        #expect(try Data(contentsOf: URL(filePath: bench.path())) == text)
    }

    @Test("says that it is damaged")
    func damaged() async throws {
        var store: SQLiteStore? = try bench.store()
        for number in 0..<200 {
            let content = json(String(repeating: "x", count: 1000))
            _ = try await store?.write([.put(account("\(number)"), content, if: .absent)], in: "p")
        }
        try store?.documents.file.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        store = nil
        let handle = try FileHandle(forWritingTo: URL(filePath: bench.path()))
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: 4096 * 4)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4096 * 4))
        try handle.close()
        let found = await error { () async throws(BackendError) in
            let opened = try SQLiteStore.open(bench.path(), environment: bench.environment)
            for number in 0..<200 { _ = try await opened.read(account("\(number)"), in: "p") }
        }
        #expect(found.text.contains("the database is damaged"))
        #expect(found.text.contains(bench.path()))
    }

    @Test("names the directory that is missing")
    func missingDirectory() async throws {
        let path = bench.path("no/such/place.sqlite")
        let error = await error { () throws(BackendError) in try SQLiteStore.open(path) }
        #expect(error.text.contains("its directory does not exist"))
        #expect(error.text.contains(path))
    }

    @Test("can be opened only to look at it, and is not created for that")
    func readOnly() async throws {
        #expect(await opening(.readOnly).text.contains("no such file"))
        #expect(!FileManager.default.fileExists(atPath: bench.path()))
        let store = try bench.store()
        _ = try await store.write([.put(account("1"), json("1"), if: .absent)], in: "p")
        let viewer = try bench.store(.readOnly)
        #expect(try await viewer.read(account("1"), in: "p")?.content == json("1"))
        let refused = await error { () async throws(BackendError) in
            try await viewer.write([.delete(account("1"), if: .any)], in: "p")
        }
        #expect(refused?.effect == .canNeverHappen)
    }

    @Test("that can't be written says so")
    func notWritable() async throws {
        let store = try bench.store()
        try store.documents.file.execute(sql: "PRAGMA query_only = 1")
        let refused = await error { () async throws(BackendError) in
            try await store.write([.put(account("1"), json("1"), if: .absent)], in: "p")
        }
        #expect(refused?.effect == .didNotHappen)
        #expect(refused.text.contains("can't be written"))
    }

    @Test("on a full disk loses nothing, says what to do, and works again when there is room")
    func full() async throws {
        let store = try bench.store()
        let file = store.documents.file
        let pages = try #require(try file.integer(sql: "PRAGMA page_count"))
        try file.execute(sql: "PRAGMA max_page_count = \(pages + 20)")
        let content = json(String(repeating: "x", count: 3000))
        let outcomes = await withTaskGroup { group in
            for number in 0..<100 {
                group.addTask {
                    let error = await error { () async throws(BackendError) in
                        try await store.write(
                            [.put(account("\(number)"), content, if: .absent)], in: "p")
                    }
                    return (number, error)
                }
            }
            return await group.reduce(into: [Int: BackendError?]()) { $0[$1.0] = $1.1 }
        }
        let failed = outcomes.values.compactMap(\.self)
        #expect(!failed.isEmpty && failed.count < 100)
        #expect(failed.allSatisfy { $0.effect == .didNotHappen })
        #expect(failed.allSatisfy { $0.description.contains("disk is full") })
        for (number, error) in outcomes {
            let isThere = try await store.read(account("\(number)"), in: "p") != nil
            #expect(isThere == (error == nil))
        }
        try file.execute(sql: "PRAGMA max_page_count = 100000")
        let result = try await store.write([.put(account("new"), content, if: .absent)], in: "p")
        #expect(result != .conflict)
    }

    @Test("that another process keeps locked is given up after a while, and nothing has happened")
    func busy() async throws {
        let store = try bench.store(SQLiteOptions(busyTimeout: .milliseconds(30)))
        let other = try DatabaseQueue(path: bench.path())
        let holder = Gate()
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await other.writeWithoutTransaction { database in
                    try database.beginTransaction(.immediate)
                    holder.hold()
                    try database.rollback()
                }
            }
            await holder.waitUntilHeld()
            let refused = await error { () async throws(BackendError) in
                try await store.write([.put(account("1"), json("1"), if: .absent)], in: "p")
            }
            #expect(refused?.effect == .didNotHappen)
            #expect(refused.text.contains("locked"))
            #expect(try await store.read(account("1"), in: "p") == nil)
            holder.open()
            try await group.waitForAll()
        }
        let result = try await store.write([.put(account("1"), json("1"), if: .absent)], in: "p")
        #expect(result != .conflict)
    }

    @Test("lets a call through in between when somebody else writes without a pause")
    func fairness() async throws {
        let busy = try bench.store()
        let guest = try bench.store()
        try await withThrowingTaskGroup { group in
            for number in 0..<8 {
                group.addTask {
                    while !Task.isCancelled {
                        let write = Write.put(account("\(number)"), json("{}"), if: .any)
                        _ = try await busy.write([write], in: "busy")
                    }
                }
            }
            for number in 0..<50 {
                let before = try await guest.list(kind: "Account", after: nil, limit: 100)
                let write = Write.put(account("\(number)"), json("{}"), if: .absent)
                _ = try await guest.write([write], in: "guest")
                let after = try await guest.list(kind: "Account", after: nil, limit: 100)
                // How many times each of the busy ones wrote meanwhile.
                let versions = { (documents: [LocatedDocument]) in
                    documents.filter { $0.partition == "busy" }
                        .map { Int($0.document.version.rawValue) ?? 0 }.reduce(0, +)
                }
                #expect(versions(after) - versions(before) < 8 * 200)
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("has a turnstile that one at a time passes")
    func turnstile() throws {
        let random: @Sendable () -> UInt64 = { 0 }
        let path = bench.path("turn")
        let first = Turnstile(path: path, patience: Patience(timeout: 0, random: random))
        let second = Turnstile(path: path, patience: Patience(timeout: 0, random: random))
        #expect(first.enter())
        #expect(!second.enter())
        first.leave()
        #expect(second.enter())
        second.leave()
    }

    #if os(Linux)
        @Test("knows whether anybody else listens")
        func listeners() {
            let path = bench.path("turn")
            let patience = Patience(timeout: 0, random: { 0 })
            let here = Turnstile(path: path, patience: patience)
            here.noteListener()
            #expect(!here.hasOtherListeners)
            do {
                let there = Turnstile(path: path, patience: patience)
                #expect(there.hasOtherListeners)
                #expect(!here.hasOtherListeners)
                there.noteListener()
                #expect(here.hasOtherListeners)
                // Passing it is another matter.
                #expect(here.enter())
                here.leave()
            }
            #expect(!here.hasOtherListeners)
        }
    #endif
}
