import Foundation
import Pawl
import PawlSQLite
import Testing

@Suite("pawl demo", .serialized, .timeLimit(.minutes(3)))
struct DemoTests {
    struct Result: Decodable {
        struct Naive: Decodable, Equatable {
            let lost, duplicated, ghosts: Int
        }
        struct Pawl: Decodable {
            let lost, duplicated, ghosts, duplicates_delivered, kills: Int
            let seconds: Double
        }
        let orders: Int
        let naive: Naive
        let pawl: Pawl
    }

    @Test(
        "runs both shops, and the stores say the same as it does",
        arguments: ["outbox", "inbox", "tokens", "replay", "natural", "transactional"])
    func small(algorithm: String) async throws {
        let folder = try TemporaryFolder()
        let demo = try run(
            "demo", "--orders", "20", "--kills", "3", "--json", "--data", folder.path,
            "--algorithm", algorithm)
        #expect(demo.status == 0, "\(demo.errors)")
        let result = try JSONDecoder().decode(Result.self, from: Data(demo.output.utf8))
        #expect(result.orders == 20)
        #expect(result.pawl.kills == 3)
        #expect(result.pawl.duplicates_delivered > 0)
        #expect((result.pawl.lost, result.pawl.duplicated, result.pawl.ghosts) == (0, 0, 0))
        #expect(
            try audit("\(folder.path)/pawl") == [
                "submitted": 20, "charged once": 20, "shipped once": 20, "lost": 0,
                "duplicated": 0, "ghosts": 0,
            ])
        let naive = try audit("\(folder.path)/naive")
        #expect(naive["lost"] == result.naive.lost)
        #expect(naive["duplicated"] == result.naive.duplicated)
        #expect(naive["ghosts"] == result.naive.ghosts)
        #expect(result.naive != Result.Naive(lost: 0, duplicated: 0, ghosts: 0))
        if algorithm == "tokens" {
            // All messages were processed, so nothing is left of them.
            let tokens = try SQLiteStore.open(
                "\(folder.path)/pawl/tokens.sqlite", options: .readOnly)
            #expect(try await tokens.countTokens() == 0)
        }
    }

    @Test(
        "says what is wrong with its options before it starts anything",
        arguments: [
            ["--orders", "0"], ["--orders", "-3"], ["--kills=-1"], ["--orders", "many"],
            ["--algorithm", "hope"], ["--seed=-1"], ["--data", "/proc/nowhere"],
        ])
    func nonsense(options: [String]) throws {
        let demo = try run(["demo"] + options)
        #expect(demo.status != 0)
        #expect(demo.errors.contains("Error"))
        #expect(demo.output.isEmpty)
    }

    @Test("does not mix with what is in a folder already")
    func usedFolder() throws {
        let folder = try TemporaryFolder()
        try Data().write(to: URL(filePath: "\(folder.path)/something"))
        let demo = try run("demo", "--data", folder.path)
        #expect(demo.status != 0)
        #expect(demo.errors.contains("is not empty"))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left == ["something"])
    }

    private func audit(_ folder: String) throws -> [String: Int] {
        let sqlite = try Command("/usr/bin/env", ["sqlite3", "-init", "audit.sql", "", ".quit"])
            .run(in: folder)
        let pairs = sqlite.output.split(separator: "\n").map { $0.split(separator: "|") }
        return Dictionary(
            uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? -1) })
    }

    private func run(_ arguments: String...) throws -> Command.Result { try run(arguments) }

    private func run(_ arguments: [String]) throws -> Command.Result {
        try Command(Command.pawl, arguments).run()
    }
}

/// A program to be run to its end.
struct Command {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    /// The `pawl` command, which is built into the folder that the tests are in.
    static var pawl: String {
        let tests =
            CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
        var folder = URL(filePath: tests).deletingLastPathComponent()
        // On macOS the program with the tests is inside the bundle.
        while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
        return folder.appending(path: "pawl").path
    }

    private let program: String
    private let arguments: [String]

    init(_ program: String, _ arguments: [String]) throws {
        self.program = program
        self.arguments = arguments
    }

    func run(in folder: String? = nil) throws -> Result {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        // Into files: a pipe that nobody reads would stop the program.
        let scratch = try TemporaryFolder()
        let output = try scratch.file("output")
        let errors = try scratch.file("errors")
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.handle
        process.standardError = errors.handle
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: try String(contentsOf: output.url, encoding: .utf8),
            errors: try String(contentsOf: errors.url, encoding: .utf8))
    }
}

/// A folder that is gone when nobody needs it any more.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let name = "webshop-tests-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appending(path: name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) throws -> (url: URL, handle: FileHandle) {
        let url = URL(filePath: "\(path)/\(name)")
        try Data().write(to: url)
        return (url, try FileHandle(forWritingTo: url))
    }
}
