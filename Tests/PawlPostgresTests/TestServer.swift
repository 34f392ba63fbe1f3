import Foundation
import PawlPostgres
import PrivatePostgres
import Synchronization
import Testing

/// One server for all tests of this process; each test has a schema of its own.
enum TestServer {
    private static let shared = Mutex<Result<PrivateServer, any Error>?>(nil)
    private static let schemas = Atomic<Int>(0)

    static func running() throws -> PrivateServer {
        try shared.withLock { shared in
            if let shared { return try shared.get() }
            // fsync is what is slow on a shared disk; tests that kill the server only need what
            // the operating system has got.
            let started = Result {
                try PrivateServer(in: folder(), settings: ["fsync=off", "max_connections=200"])
            }
            shared = started
            atexit { TestServer.shared.withLock { shared in (try? shared?.get())?.stop() } }
            return try started.get()
        }
    }

    static func folder() -> String {
        NSTemporaryDirectory() + "/pawl-postgres-\(UUID().uuidString.prefix(8))"
    }

    /// Options with a schema that nobody else uses.
    static func options(connections: Int = 3) -> PostgresOptions {
        let number = schemas.add(1, ordering: .relaxed).newValue
        return PostgresOptions(schema: "test \(number)", connections: connections)
    }
}

extension PrivateServer {
    /// Runs SQL as a superuser.
    func sql(_ text: String) async throws {
        let psql = Process()
        psql.executableURL = URL(filePath: "/usr/bin/env")
        psql.arguments = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text]
        let errors = Pipe()
        psql.standardError = errors
        psql.standardOutput = FileHandle.nullDevice
        try psql.run()
        let said = try errors.fileHandleForReading.readToEnd() ?? Data()
        psql.waitUntilExit()
        guard psql.terminationStatus == 0 else {
            throw Unexpected(String(decoding: said, as: UTF8.self))
        }
    }
}
