import GRDB
import Pawl

/// Looks into the files of a shop that is running, as anybody can with the sqlite3 program.
final class ShopFiles: Sendable {
    private let carts: DatabaseQueue
    private let queue: DatabaseQueue

    init(_ folder: ShopFolder) throws {
        carts = try Self.open(folder.store(of: .carts))
        queue = try Self.open(folder.queue)
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// How many customers have been told, and how many messages are not done.
    func look() async throws -> ShopRun.Progress {
        var progress = ShopRun.Progress()
        progress.messages = try await queue.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM messages") ?? 0
        }
        progress.told = try await carts.read {
            try Int.fetchOne(
                $0,
                sql: """
                    SELECT count(*) FROM documents WHERE kind = 'Cart' AND body ->> 'isTold'
                    """) ?? 0
        }
        return progress
    }

    /// Moves what is still in the write-ahead logs into the files themselves, once nobody else
    /// uses them any more, so that a file can be copied alone.
    static func tidy(_ folder: ShopFolder) throws {
        for path in Set(ShopService.allCases.map(folder.store) + [folder.queue]) {
            let file = try open(path)
            try file.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try file.close()
        }
    }
}
