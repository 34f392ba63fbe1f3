import Foundation
import Pawl
import PawlSQLite
import Testing

private struct Pay: Command {
    let amount: Int
}

private struct Purse: Entity {
    var paid: [Int] = []
}

private struct NotToday: PermanentError {}

/// A purse that pays, or does not.
private func purses(_ isOpen: Bool) -> Handlers {
    Handlers("purses") {
        Handle(Pay.self, by: \.amount) { (message, purse: inout Purse, _) in
            guard isOpen else { throw NotToday() }
            purse.paid.append(message.amount)
        }
    }
}

@Suite("pawl dead-letters", .timeLimit(.minutes(2)))
struct DeadLettersCommandTests {
    /// Runs the purses until a condition holds.
    private func run(
        _ isOpen: Bool, on database: SQLiteDatabase,
        until isDone: @escaping @Sendable () async throws -> Bool
    ) async throws {
        let endpoint = Endpoint(purses(isOpen), database: database)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await endpoint.run() }
            while try await !isDone() { try await Task.sleep(for: .milliseconds(2)) }
            group.cancelAll()
        }
    }

    @Test("lists, shows, retries and discards what an endpoint has given up")
    func wholeLife() async throws {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "pawl-letters-\(getpid()).sqlite").path
        defer {
            for ending in ["", "-wal", "-shm", "-turn"] {
                try? FileManager.default.removeItem(atPath: path + ending)
            }
        }
        let database = try SQLiteDatabase.open(path)
        let letters = DeadLetters(in: database)
        let session = Session(purses(true), database: database)
        try await Endpoint(purses(true), database: database).register()
        for amount in [7, 8] {
            try await session.send { $0.send(Pay(amount: amount)) }
        }
        try await run(false, on: database) { try await letters.list().count == 2 }

        let list = try Program.run("dead-letters", "list", "--store", path)
        #expect(list.status == 0)
        #expect(list.text.split(separator: "\n").count == 2)
        #expect(list.text.contains("purses  Pay  attempts: 1"))
        #expect(list.text.contains("NotToday"))

        let found = try await letters.list()
        let seven = try #require(
            found.first {
                $0.envelope.map { String(decoding: $0.body, as: UTF8.self) } == #"{"amount":7}"#
            })
        let eight = try #require(found.first { $0.id != seven.id })
        let show = try Program.run("dead-letters", "show", seven.id.description, "--store", path)
        #expect(show.text.contains(#"{"amount":7}"#))
        #expect(show.text.contains("Given up"))

        try withOtherDatabase { other in
            let mistyped = try Program.run(
                "dead-letters", "retry", seven.id.description, "--store", path, "--queues", other)
            #expect(mistyped.status != 0)
            #expect(mistyped.errors.contains("there is no store of Pawl's in it"))
        }
        let retry = try Program.run("dead-letters", "retry", seven.id.description, "--store", path)
        #expect(retry.status == 0, "\(retry.errors)")
        let discard = try Program.run(
            "dead-letters", "discard", eight.id.description, "--store", path)
        #expect(discard.status == 0, "\(discard.errors)")
        try await run(true, on: database) { try await database.read(Purse.self, 7) != nil }
        #expect(try await database.read(Purse.self, 7)?.paid == [7])
        #expect(try await database.read(Purse.self, 8) == nil)
        let empty = try Program.run("dead-letters", "list", "--store", path, "--json")
        #expect(empty.text.filter { !$0.isWhitespace } == "[]")
    }

    @Test("says what is wrong with its arguments, and creates no file")
    func wrongArguments() throws {
        let path = "/tmp/pawl-there-is-no-such-file.sqlite"
        let list = try Program.run("dead-letters", "list", "--store", path)
        #expect(list.status != 0)
        #expect(list.errors.contains("There is no file"))
        #expect(!FileManager.default.fileExists(atPath: path))
        let show = try Program.run("dead-letters", "show", "42", "--store", "/dev/null")
        #expect(show.status != 0)
    }

    @Test(
        "makes no store of another database that a mistyped path leads to",
        arguments: ["list", "show", "retry", "discard"])
    func otherDatabase(command: String) throws {
        try withOtherDatabase { other in
            let id = command == "list" ? [] : [String(repeating: "0", count: 32)]
            let output = try Program.run(["dead-letters", command] + id + ["--store", other])
            #expect(output.status != 0)
            #expect(output.errors.contains("there is no store of Pawl's in it"))
        }
    }

    /// Has a body use a database without tables, which SQLite keeps in a file without bytes, and
    /// expects that it still is one afterwards.
    private func withOtherDatabase(_ body: (String) throws -> Void) throws {
        let manager = FileManager.default
        let folder = manager.temporaryDirectory.appending(path: "pawl-other-\(UUID().uuidString)")
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? manager.removeItem(at: folder) }
        let path = folder.appending(path: "other.sqlite").path
        try Data().write(to: URL(filePath: path))
        try body(path)
        #expect(try Data(contentsOf: URL(filePath: path)).isEmpty)
        #expect(try manager.contentsOfDirectory(atPath: folder.path) == ["other.sqlite"])
    }
}
