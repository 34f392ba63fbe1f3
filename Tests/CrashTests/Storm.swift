import Foundation
import Pawl
import PrivatePostgres
import Testing

@testable import CrashWorker

/// Kills processes at random moments, and in the end looks at what has become of the orders.
struct Storm {
    private let algorithm: Shop.Algorithm
    private let place: String
    private let rounds: Int
    private let seed: UInt64
    /// Killed as well, if there is one.
    private let server: PrivateServer?

    init(
        _ algorithm: Shop.Algorithm, in place: String, rounds: Int, seed: UInt64?,
        server: PrivateServer? = nil
    ) {
        self.algorithm = algorithm
        self.place = place
        self.rounds = rounds
        self.seed = seed ?? UInt64.random(in: .min ... .max)
        self.server = server
    }

    func run() async throws {
        print("crash test of \(algorithm): \(rounds) rounds, PAWL_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        // The endpoints must be known before a customer can send to them.
        let shop = try await Shop(algorithm, in: place)
        for case let endpoint as Endpoint in shop.services { try await endpoint.register() }

        var workers = [
            try Worker("endpoints", algorithm, in: place),
            try Worker("endpoints", algorithm, in: place),
        ]
        var customer = try Worker("customer", algorithm, in: place)
        var acknowledged: Set<Int> = []
        for _ in 0..<rounds {
            for _ in 0..<Int.random(in: 1...6, using: &generator) { try customer.ask() }
            // The moment of the kill is what is drawn at random; nothing is waited for. On a server
            // everything takes a little longer.
            let longest = server == nil ? 40 : 120
            let pause = Int.random(in: 0...longest, using: &generator)
            try await Task.sleep(for: .milliseconds(pause))
            switch Int.random(in: 0..<(server == nil ? 3 : 4), using: &generator) {
            case 2:
                customer.kill()
                acknowledged.formUnion(try customer.printed())
                // It can't know whether the order it was at was saved: it submits that one again.
                let next = (acknowledged.max() ?? -1) + 1
                customer = try Worker("customer", algorithm, in: place, from: next)
            case 3:
                try server?.kill()
                try server?.start()
            case let victim:
                workers[victim].kill()
                workers[victim] = try Worker("endpoints", algorithm, in: place)
            }
        }
        customer.end()
        acknowledged.formUnion(try customer.printed())
        #expect(
            acknowledged.count > rounds / 4, "PAWL_SEED=\(seed): too little was done to be a test")

        let audit = Audit(shop: shop, acknowledged: acknowledged)
        try await audit.waitUntilAtRest()
        for worker in workers { worker.end() }
        let findings = try await audit.findings()
        #expect(findings == [], "PAWL_SEED=\(seed)")
    }
}
