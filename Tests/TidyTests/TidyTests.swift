import Foundation
import Testing

@Suite("The source tree")
struct TidyTests {
    /// What starts stray tasks, or asks the machine for time, sleep or randomness.
    static let forbidden: [(pattern: String, instead: String)] = [
        (#"\bTask\s*(<[^>]*>)?\s*\{"#, "a child task of a group"),
        (#"\bTask\s*(<[^>]*>)?\s*\("#, "a child task of a group"),
        (#"\bTask\.(init|detached|immediate|immediateDetached)\b"#, "a child task of a group"),
        (#"\bTask\.sleep\b"#, "environment.sleep"),
        (#"(^|[^.\w ]|[^c] )(sleep|usleep|nanosleep)\s*\("#, "environment.sleep"),
        (#"\b(p?select|p?poll)\s*\("#, "environment.sleep"),
        (#"\bDate\s*(\(|\.now)"#, "environment.now"),
        (
            #"\b(ContinuousClock|SuspendingClock|DispatchTime|DispatchWallTime)\b"#,
            "environment.now"
        ),
        (#"(^|[^.\w ]|[^c] )(clock_gettime|gettimeofday|time)\s*\("#, "environment.now"),
        (#"\bUUID\s*\(\s*\)"#, "environment.random"),
        (#"\bSystemRandomNumberGenerator\b"#, "environment.random"),
        (#"\.random\s*\(\s*in:(?![^)]*using:)"#, "a generator that is passed in"),
        (#"\.(shuffled|randomElement|shuffle)\s*\(\s*\)"#, "a generator that is passed in"),
        (#"\b(Dispatch\w*|Thread|pthread_create|Timer\.scheduledTimer)\b"#, "a Service"),
    ]

    /// The few places that may, each with its reason.
    static let allowed: [(path: String, reason: String)] = [
        (
            "Sources/Pawl/Environment/SystemEnvironment.swift",
            "the one place that asks the machine, from where it is passed on"
        ),
        (
            "Sources/PawlSQLite/Connection/FileWatcher.swift",
            "waits for the kernel to tell of another process's commit; there is no other way"
        ),
        (
            "Sources/PawlSQLite/Connection/Turnstile.swift",
            "waits for another process's lock in SQLite's busy handler, which is synchronous"
        ),
        (
            "Sources/PawlPostgres/Connection/Connecting.swift",
            "waits for a connection on a thread of its own, as libpq looks addresses up in calls"
        ),
        (
            "Sources/PawlPostgres/Connection/Reactor.swift",
            "waits for the sockets of libpq, for which no library does it"
        ),
        (
            "Sources/PawlCheck/Control/ExplorerThread.swift",
            "explores on threads of its own, so that nothing else runs there"
        ),
        (
            "Sources/PawlCheck/World/Lives.swift",
            "starts the code under check as tasks, which it controls and ends"
        ),
        (
            "Sources/PawlCheck/Check.swift",
            "says how long a check took, and ends what takes too long"
        ),
    ]

    /// With word boundaries as programmers know them: `Thread.sleep` is two words.
    static func regex(_ pattern: String) throws -> Regex<AnyRegexOutput> {
        try Regex(pattern).wordBoundaryKind(.simple)
    }

    @Test(
        "starts no stray task and asks nobody for time, sleep or randomness",
        arguments: SourceTree.files(
            under: "Sources/Pawl", "Sources/PawlSQLite", "Sources/PawlFiles",
            "Sources/PawlContracts", "Sources/PawlCheck"))
    func controllable(file: SourceFile) throws {
        if Self.allowed.contains(where: { $0.path == file.path }) { return }
        for rule in Self.forbidden {
            let pattern = try Self.regex(rule.pattern)
            for (index, line) in file.code.enumerated() where line.contains(pattern) {
                Issue.record("\(file.path):\(index + 1) has \(line); use \(rule.instead)")
            }
        }
    }

    @Test("that rule catches what it forbids, and not what it allows")
    func controllableCatches() throws {
        let bad = [
            "Task {", "Task<Void, Never> {", "Task(priority: .high) {", "Task.detached {",
            "Task.immediate {", "try await Task.sleep(for: .seconds(1))", "usleep(10)",
            "    sleep(1)", "select(0, nil, nil, nil, &interval)", "Glibc.poll(nil, 0, 10)",
            "pselect(0, nil, nil, nil, &time, nil)", "if ppoll(nil, 0, &time, nil) == 0 {",
            "Date()", "Date.now", "ContinuousClock.now", "ContinuousClock().now", "let id = UUID()",
            "Int.random(in: 1...6)", "list.shuffled()", "DispatchQueue.main.async",
            "Thread.sleep(1)", "SystemRandomNumberGenerator()",
        ]
        let good = [
            "group.addTask {", "environment.sleep", "Timestamp(microseconds: 1)", "UUID(uuid: x)",
            "Int.random(in: 1...6, using: &generator)", "Task.isCancelled", "withTaskGroup {",
            "list.shuffled(using: &generator)", "func sleep(for time: Duration) {", "Task.yield()",
            "OfflineDate", "isSelected(row)", "list.preselect(1)", "depoll(queue)",
        ]
        func isForbidden(_ line: String) throws -> Bool {
            try Self.forbidden.contains { line.contains(try Self.regex($0.pattern)) }
        }
        for line in bad { #expect(try isForbidden(line), "\(line)") }
        for line in good { #expect(try !isForbidden(line), "\(line)") }
    }

    @Test("has exceptions only where the file is still there")
    func exceptionsExist() {
        for exception in Self.allowed {
            let path = SourceTree.root.appending(path: exception.path).path
            #expect(FileManager.default.fileExists(atPath: path), "\(exception.path)")
        }
    }

    @Test(
        "has no file over 500 lines",
        arguments: SourceTree.files(
            under: "Sources", "Tests", "Examples", "Benchmarks", endings: ["swift", "c", "h"]))
    func short(file: SourceFile) {
        #expect(file.lines.count <= 500, "\(file.path)")
    }

    /// What each library may import of the package's own: only what stands above it.
    static let layers: [String: Set<String>] = [
        "Pawl": [],
        "PawlSQLite": ["Pawl"],
        "PawlFiles": ["Pawl"],
        "PawlContracts": ["Pawl"],
        "PawlCheck": ["Pawl"],
    ]

    @Test("lets each library import only what stands above it", arguments: layers.keys.sorted())
    func layering(library: String) throws {
        let own = Set([
            "Pawl", "PawlSQLite", "PawlFiles", "PawlContracts", "PawlCheck", "PawlMutants",
            "Webshop",
            "PawlBench",
        ])
        let permitted = try #require(Self.layers[library])
        for file in SourceTree.files(under: "Sources/\(library)") {
            for line in file.code {
                guard
                    let match = line.firstMatch(
                        of: #/^(?:public |package |internal )?import (\w+)/#)
                else { continue }
                let name = String(match.1)
                #expect(
                    !own.contains(name) || permitted.contains(name), "\(file.path) imports \(name)")
                #expect(name != "Testing", "\(file.path) imports \(name)")
            }
        }
    }

    @Test("uses what the standard library has not settled yet in one folder only")
    func unsettledInterfaces() throws {
        for file in SourceTree.files(under: "Sources", "Examples", "Benchmarks")
        where !file.path.hasPrefix("Sources/PawlCheck/Control/") {
            for (index, line) in file.code.enumerated() where line.contains("@_spi") {
                Issue.record("\(file.path):\(index + 1) has \(line); keep it in PawlCheck/Control")
            }
        }
    }

    @Test("escapes from the compiler's checks only with a reason beside it")
    func escapesHaveReasons() throws {
        let escape = #/@unchecked Sendable|nonisolated\(unsafe\)|try!|unsafeBitCast/#
        for file in SourceTree.files(under: "Sources", "Examples", "Benchmarks") {
            let code = file.code
            for (index, line) in code.enumerated() where line.contains(escape) {
                let nearby = file.lines[max(0, index - 4)...index].joined()
                #expect(nearby.contains("//"), "\(file.path):\(index + 1) gives no reason")
            }
        }
    }
}
