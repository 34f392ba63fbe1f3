public import Foundation

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
            let report = Report(
                naive: try await run(.naive, in: folder), pawl: try await run(.pawl, in: folder))
            return try tell(report, folder)
        } catch {
            folder.removeIfTemporary()
            throw error
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
        return Finding(audit: try await Audit(of: files), summary: summary)
    }

    private func tell(_ report: Report, _ folder: DemoFolder) throws -> Bool {
        let complaints = report.pawl.complaints(options)
        if options.isJSON {
            print(try report.json())
        } else {
            print("\n\(report.table())\n")
        }
        guard complaints.isEmpty else {
            let text = """
                With Pawl this should have been otherwise:
                \(complaints.map { "  \($0)\n" }.joined())\
                Please report it, with the seed \(options.seed) and \(folder.path).

                """
            try FileHandle.standardError.write(contentsOf: Data(text.utf8))
            return false
        }
        if !options.isJSON { print(epilogue(report, folder)) }
        folder.removeIfTemporary()
        return true
    }

    private func epilogue(_ report: Report, _ folder: DemoFolder) -> String {
        let summary = report.pawl.summary
        let look =
            if folder.isTemporary {
                """
                  pawl demo --data shop                 keep the stores, and then
                  cd shop/pawl && sqlite3 < audit.sql   count again without Pawl's help
                """
            } else {
                """
                  cd \(folder.path)/pawl && sqlite3 < audit.sql
                                                        count again without Pawl's help
                """
            }
        let other: DemoOptions.Algorithm = options.algorithm == .outbox ? .transactional : .outbox
        return """
            Both shops ran the same handlers under the same chaos. With Pawl, \
            \(summary.duplicatesDelivered) duplicates
            and \(summary.kills) kills left no trace in what was saved.

            What to try next:
              pawl demo --kills 60 --seed \(options.seed &+ 1)           a wilder monkey
              pawl demo --algorithm \(other)\(other == .outbox ? "       " : "") \
              \(other == .outbox ? "a store file for each service" : "one file for everything")
            \(look)
              Examples/Webshop/README.md            how the shop is made
            """
    }
}
