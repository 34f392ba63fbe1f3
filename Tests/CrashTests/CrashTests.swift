import Foundation
import Pawl
import PrivatePostgres
import Testing

@testable import CrashWorker

/// Real processes, real files, and SIGKILL at random moments.
///
/// One round is one kill. CI makes 100; `make soak ROUNDS=10000` as many as you like, and
/// `PAWL_SEED` repeats the choices of a run that failed, though not the timing of the kernel.
@Suite("Processes that are killed", .serialized, .timeLimit(.minutes(60)))
struct CrashTests {
    static let rounds = ProcessInfo.processInfo.environment["PAWL_SOAK_ROUNDS"].flatMap { Int($0) }
    static let seed = ProcessInfo.processInfo.environment["PAWL_SEED"].flatMap { UInt64($0) }

    @Test("lose nothing and do nothing twice", arguments: Shop.Algorithm.allCases)
    func killed(algorithm: Shop.Algorithm) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pawl-crash-\(getpid())-\(algorithm)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Storm(algorithm, in: folder, rounds: Self.rounds ?? 100, seed: Self.seed).run()
    }

    @Test(
        "lose nothing and do nothing twice on PostgreSQL, whose server is killed as well",
        arguments: [Shop.Algorithm.transactional, .outbox, .tokens])
    func killedWithServer(algorithm: Shop.Algorithm) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pawl-crash-\(getpid())-postgres-\(algorithm)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try PrivateServer(in: folder, settings: ["max_connections=200"])
        let rounds = Self.rounds.map { max(1, $0 / 5) } ?? 30
        try await Storm(
            algorithm, in: server.url, rounds: rounds, seed: Self.seed, server: server
        ).run()
    }

    @Test("a message that kills its process ends in the dead letters, and its neighbours do not")
    func poison() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pawl-poison-\(getpid())").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let shop = try PoisonedShop(in: folder)
        try await shop.endpoint.register()
        let session = Session(of: shop.endpoint)
        try await session.send { context in
            for order in 0..<20 {
                context.send(ChargeAccount(order: order, customer: order))
                if order == 10 { context.send(Poison(customer: 1000)) }
            }
        }
        var deaths = 0
        var worker = try Worker("poisoned", .transactional, in: folder)
        let letters = DeadLetters(in: shop.database)
        while try await letters.list().isEmpty {
            if !worker.isRunning {
                deaths += 1
                worker = try Worker("poisoned", .transactional, in: folder)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        for order in 0..<20 {
            while try await shop.database.read(Account.self, order) == nil {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await shop.database.read(Account.self, order)?.charges.count == 1)
        }
        worker.end()
        let letter = try #require(try await letters.list().first)
        #expect(try await letters.list().count == 1)
        #expect(letter.type == Poison.typeName)
        #expect(letter.error.contains("died 3 times"))
        // Three times alone, and before that among the others, unless its lease ended by chance.
        #expect((3...4).contains(deaths))
    }
}
