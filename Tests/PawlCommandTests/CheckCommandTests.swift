import Foundation
import PawlCheck
import Testing

@Suite("pawl check", .timeLimit(.minutes(5)))
struct CheckCommandTests {
    private struct Row: Decodable {
        let algorithm: String
        let consumers: Int
        let messages: Int
        let crashes: Int
        let failures: Int
        let strategy: String
        let executions: Int
        let states: Int
        let exhausted: Bool
        let violations: Int
        let seconds: Double
    }

    private struct MutantRow: Decodable {
        let mutant: String
        let algorithm: String
        let found: Bool
        let executions: Int
        let violated: String?
        let steps: Int?
    }

    private func rows<Row: Decodable>(_ text: String, as type: Row.Type = Row.self) throws -> [Row]
    {
        try JSONDecoder().decode([Row].self, from: Data(text.utf8))
    }

    private func keys(_ text: String) throws -> Set<String> {
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return Set(try #require(json as? [[String: Any]]).flatMap(\.keys))
    }

    @Test("runs an algorithm that ships, and says what it has looked at")
    func shipped() throws {
        let output = try Program.run("check", "--algorithm", "transactional")
        #expect(output.status == 0, "\(output.errors)")
        #expect(
            output.text.hasPrefix("scope       transactional, 2 consumers × 1 message, 2 copies"))
        #expect(output.text.contains("budgets     1 crash, 1 failure"))
        #expect(output.text.hasSuffix("\nexhausted\n\n"))
    }

    @Test("prints JSON with these keys and no others")
    func json() throws {
        let output = try Program.run(
            "check", "--algorithm", "outbox", "--consumers", "1", "--messages", "2", "--copies",
            "1",
            "--crashes", "1", "--failures", "0", "--json")
        #expect(output.status == 0, "\(output.errors)")
        #expect(
            try keys(output.text) == [
                "algorithm", "consumers", "messages", "crashes", "failures", "strategy",
                "executions", "states", "exhausted", "violations", "seconds",
            ])
        let row = try #require(try rows(output.text, as: Row.self).first)
        #expect(row.algorithm == "outbox" && row.strategy == "exhaustive")
        #expect(row.consumers == 1 && row.messages == 2 && row.crashes == 1 && row.failures == 0)
        #expect(row.exhausted && row.violations == 0 && row.seconds >= 0)
        #expect(row.executions > 1 && row.states > row.executions)
    }

    @Test("runs sessions, whole endpoints and samples")
    func others() throws {
        let session = try Program.run(
            "check", "--algorithm", "outbox", "--consumers", "1", "--messages", "0", "--sessions",
            "1", "--delays", "1", "--failures", "0", "--json")
        #expect(session.status == 0, "\(session.errors)")
        #expect(try rows(session.text, as: Row.self).map(\.algorithm) == ["outbox session"])

        let endpoint = try Program.run(
            "check", "--level", "endpoint", "--consumers", "1", "--failures", "0", "--json")
        #expect(endpoint.status == 0, "\(endpoint.errors)")
        #expect(
            try rows(endpoint.text, as: Row.self).map(\.algorithm)
                == AlgorithmUnderCheck.shipped.map(\.name))

        let sample = try Program.run(
            "check", "--algorithm", "outbox", "--consumers", "3", "--sample", "100", "--seed", "7",
            "--json")
        #expect(sample.status == 0, "\(sample.errors)")
        let row = try #require(try rows(sample.text, as: Row.self).first)
        #expect(row.strategy == "sampled" && row.executions == 100 && !row.exhausted)
    }

    @Test("fails if a scope was not exhausted")
    func notExhausted() throws {
        let output = try Program.run("check", "--algorithm", "outbox", "--executions", "10")
        #expect(output.status != 0)
        #expect(output.text.contains("NOT exhausted: stopped after 10 executions"))
    }

    @Test("finds a mutant, draws it, writes a page, and prints a command that replays it")
    func mutant() throws {
        let page = FileManager.default.temporaryDirectory.appending(path: "pawl-\(getpid()).html")
        defer { try? FileManager.default.removeItem(at: page) }
        let output = try Program.run("check", "--mutant", "4", "--html", page.path)
        #expect(output.status == 0, "\(output.errors)")
        #expect(output.text.contains("4 dispatched-at-commit"))
        #expect(output.text.contains("✗ consumer: dies"))
        #expect(output.text.contains("VIOLATED    nothing is lost"))
        let html = try String(contentsOf: page, encoding: .utf8)
        #expect(html.contains("<svg") && html.contains("nothing is lost"))

        let line = try #require(
            output.text.split(separator: "\n").first { $0.hasPrefix("replay      pawl check ") })
        let replay = try Program.shell(String(line.dropFirst("replay      ".count)))
        #expect(replay.status == 0, "\(replay.errors)")
        #expect(replay.text.contains("VIOLATED    nothing is lost"))
        #expect(replay.text.contains(line))
    }

    @Test("replays an execution of what ships")
    func replay() throws {
        let output = try Program.run(
            "check", "--algorithm", "outbox", "--consumers", "1", "--replay", "0*2")
        #expect(output.status == 0, "\(output.errors)")
        #expect(output.text.contains("strategy    replay"))
        let wrong = try Program.run("check", "--algorithm", "outbox", "--replay", "0*2.99")
        #expect(wrong.status != 0)
        #expect(wrong.errors.contains("has no choice number 99"))
    }

    @Test("lists all mutants, and fails if one was not found")
    func mutants() throws {
        // So few executions that some are missed.
        let output = try Program.run("check", "--mutants", "--executions", "30", "--json")
        #expect(output.status != 0)
        #expect(
            try keys(output.text) == [
                "mutant", "algorithm", "found", "executions", "violated", "steps",
            ])
        let rows = try rows(output.text, as: MutantRow.self)
        #expect(rows.count > 200)
        let first = try #require(rows.first)
        #expect(first.mutant == "1 publish-first" && first.algorithm == "outbox" && first.found)
        #expect(first.violated == "no ghosts" && first.steps == 3)
        let missed = try #require(rows.first { !$0.found })
        #expect(missed.violated == nil && missed.steps == nil && missed.executions > 0)
        #expect(output.text.contains(#""violated":null"#))
    }

    @Test("shows the mutants in a table that fits a terminal")
    func table() throws {
        let output = try Program.run("check", "--mutants", "--executions", "5")
        let lines: [Substring] = output.text.split(separator: "\n")
        // The last one lists what was not found, in one line however many there are.
        #expect(lines.dropLast().allSatisfy { $0.count <= 100 })
        #expect(output.text.contains("NOT as expected: "))
    }

    @Test(
        "says what is wrong with its arguments",
        arguments: [
            (["--consumers", "0"], "somebody has to consume"),
            (["--messages", "1000"], "up to 100"),
            (["--mutants", "--consumers", "1"], "--mutants goes with"),
            (["--mutant", "99"], "There is no mutant 99"),
            (["--mutant", "1", "--algorithm", "outbox"], "leave out --algorithm"),
            (["--replay", "0*4"], "Say which --algorithm"),
            (["--algorithm", "outbox", "--replay", "four"], "no list of choices"),
            (["--algorithm", "outbox", "--sample", "0"], "must be positive"),
        ])
    func arguments(arguments: [String], complaint: String) throws {
        let output = try Program.run(["check"] + arguments)
        #expect(output.status != 0)
        #expect(output.errors.contains(complaint), "\(output.errors)")
    }
}
