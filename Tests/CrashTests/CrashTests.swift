import Foundation
import Pawl
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
        let seed = Self.seed ?? UInt64.random(in: .min ... .max)
        let rounds = Self.rounds ?? 100
        print("crash test of \(algorithm): \(rounds) rounds, PAWL_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pawl-crash-\(getpid())-\(algorithm)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }

        // The endpoints must be known before a customer can send to them.
        let shop = try Shop(algorithm, in: folder)
        for case let endpoint as Endpoint in shop.services { try await endpoint.register() }

        var workers = [
            try Worker("endpoints", algorithm, in: folder),
            try Worker("endpoints", algorithm, in: folder),
        ]
        var customer = try Worker("customer", algorithm, in: folder)
        var acknowledged: Set<Int> = []
        for _ in 0..<rounds {
            for _ in 0..<Int.random(in: 1...6, using: &generator) { try customer.ask() }
            // The moment of the kill is what is drawn at random; nothing is waited for.
            let pause = Int.random(in: 0...40, using: &generator)
            try await Task.sleep(for: .milliseconds(pause))
            switch Int.random(in: 0..<3, using: &generator) {
            case 2:
                customer.kill()
                acknowledged.formUnion(try customer.printed())
                // It can't know whether the order it was at was saved: it submits that one again.
                let next = (acknowledged.max() ?? -1) + 1
                customer = try Worker("customer", algorithm, in: folder, from: next)
            case let victim:
                workers[victim].kill()
                workers[victim] = try Worker("endpoints", algorithm, in: folder)
            }
        }
        customer.end()
        acknowledged.formUnion(try customer.printed())
        #expect(acknowledged.count > rounds / 4, "seed \(seed): too little was done to be a test")

        let audit = Audit(shop: shop, acknowledged: acknowledged)
        try await audit.waitUntilAtRest()
        for worker in workers { worker.end() }
        let findings = try await audit.findings()
        #expect(findings == [], "PAWL_SEED=\(seed)")
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
