public import Foundation
import UnixSignals

/// The demo: the same shop twice, under the same chaos, first without Pawl and then with it.
public struct Demo: Sendable {
    private let options: DemoOptions
    private let executable: URL

    /// Prepares a demo.
    ///
    /// - Parameters:
    ///   - options: What to do.
    ///   - executable: The `pawl` command, which is started for each process of the shop.
    public init(_ options: DemoOptions, executable: URL) {
        self.options = options
        self.executable = executable
    }

    /// Runs both shops, audits both and says what it found.
    ///
    /// - Returns: Whether Pawl's shop lost, duplicated and made up nothing, and came to rest.
    /// - Throws: A ``DemoError`` if the demo can't be made.
    public func run() async throws -> Bool {
        try options.validate()
        // Whoever writes to a process that has just been killed wants an error, not its own death.
        signal(SIGPIPE, SIG_IGN)
        let folder = try DemoFolder(options.data)
        do {
            let report = try await Self.untilInterrupted {
                Report(
                    naive: try await run(.naive, in: folder),
                    pawl: try await run(.pawl, in: folder))
            }
            return try tell(report, folder)
        } catch {
            folder.removeIfTemporary()
            throw error
        }
    }

    /// Stops the work when the user presses control-C, so that it can tidy up.
    private static func untilInterrupted(
        _ work: @escaping @Sendable () async throws -> Report
    ) async throws -> Report {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Report.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in signals { throw DemoError("It was interrupted.") }
                // The sequence ends by itself only when the work is done.
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let report = try await group.next() else { throw CancellationError() }
            return report
        }
    }

    private func run(_ mode: ShopMode, in folder: DemoFolder) async throws -> Finding {
        let title =
            switch mode {
            case .naive: "Without Pawl"
            case .pawl: "With Pawl   "
            }
        let bar = ProgressBar(
            title, options, on: options.isJSON ? .standardError : .standardOutput)
        let files = try folder.run(mode, options.algorithm)
        try Data(files.auditSQL.utf8).write(to: URL(fileURLWithPath: files.auditQueries))
        let run = ShopRun(options: options, mode: mode, folder: files, executable: executable)
        let summary = try await run.run { bar.show($0) }
        bar.finish()
        let audit = try await Audit(of: files)
        try ShopFiles.tidy(files)
        return Finding(audit: audit, summary: summary)
    }

    private func tell(_ report: Report, _ folder: DemoFolder) throws -> Bool {
        let complaints = report.complaints(options)
        let result = options.isJSON ? try report.json() : "\n\(report.table())\n"
        try Self.write("\(result)\n", to: .standardOutput)
        guard complaints.isEmpty else {
            let text = """
                This should have been otherwise:
                \(complaints.map { "  \($0)\n" }.joined())\
                Please report it, with the seed \(options.seed) and \(folder.path).

                """
            try Self.write(text, to: .standardError)
            return false
        }
        if !options.isJSON { try Self.write(epilogue(report, folder), to: .standardOutput) }
        folder.removeIfTemporary()
        return true
    }

    private static func write(_ text: String, to output: FileHandle) throws {
        // Not `print`, whose lines would come after those on standard error.
        try output.write(contentsOf: Data(text.utf8))
    }

    private func epilogue(_ report: Report, _ folder: DemoFolder) -> String {
        let summary = report.pawl.summary
        let isApart = options.algorithm.isApart
        let other: DemoOptions.Algorithm = isApart ? .transactional : .outbox
        let folderToKeep = folder.isTemporary ? "shop" : folder.path
        var ideas = [
            (again("--kills 60 --seed \(options.seed &+ 1)"), "a wilder monkey"),
            (
                again("--algorithm \(other)"),
                isApart ? "one file for everything" : "a store file for each service"
            ),
        ]
        if folder.isTemporary { ideas.append((again("--data shop"), "keep the stores")) }
        ideas.append(
            (
                "(cd \(Self.quoted(folderToKeep + "/pawl")) && sqlite3 < audit.sql)",
                "count again, without Pawl"
            ))
        // Only make is known to have been called from the project's root.
        if Self.target != nil {
            ideas += [
                ("less Examples/Webshop/README.md", "how the shop is made"),
                ("make test", "see Pawl test itself"),
            ]
        }
        let fate =
            options.algorithm.isNatural ? "made no difference" : "were discarded"
        let width = ideas.map(\.0.count).max() ?? 0
        let lines = ideas.map { idea, purpose in
            "  \(idea)\(String(repeating: " ", count: width - idea.count))   \(purpose)\n"
        }
        return """
            Both shops ran the same handlers under the same chaos. With Pawl, \
            \(summary.duplicatesDelivered) duplicates
            \(fate) and \(summary.kills) kills were survived: nothing lost, nothing twice, no \
            ghosts.
            \(options.algorithm.isNatural ? Self.naturalNote : "")
            What to try next:
            \(lines.joined())
            """
    }

    /// Where the shop is not like under the other algorithms.
    private static let naturalNote = """
        The handlers are those of the natural shop, which bear copies by themselves. Only what the
        customers submit and the letters to them are remembered, for seven days; see
        Examples/Webshop/Sources/Shop/Natural.

        """

    /// How make was called if it started the demo; it says so, because then `pawl` is nowhere that
    /// a shell looks for it.
    private static var target: String? { ProcessInfo.processInfo.environment["PAWL_INVOKED_AS"] }

    /// A line that starts the demo with other options from where it was started now.
    private func again(_ options: String) -> String {
        guard let target = Self.target else {
            return "\(Self.quoted(executable.path)) demo \(options)"
        }
        return "\(target) ARGS=\"\(options)\""
    }

    /// A path as a shell reads it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) }
        return isPlain ? path : "'\(path.replacingOccurrences(of: "'", with: #"'\''"#))'"
    }
}
