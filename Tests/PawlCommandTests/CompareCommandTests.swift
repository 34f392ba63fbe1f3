import Foundation
import Testing

@Suite("pawl compare", .timeLimit(.minutes(5)))
struct CompareCommandTests {
    private struct Report: Decodable {
        let work: Work
        let algorithms: [Algorithm]
        let others: [Other]

        struct Work: Decodable {
            let messages: Int
            let entities: Int
            let copiesPerMessage: Double
        }

        struct Algorithm: Decodable {
            let algorithm: String
            let handlers: String
            let roundTrips: Double
            let roundTripsOfCopy: Double
            let messagesSentByCopy: Double
            let bytesRemembered: Int
            let bytesRememberedAtRest: Int
            let windowSeconds: Int?
            let store: Store
            let cost: Cost?
            let noCostBecause: String?
            let trials: [String: Outcome]
        }

        struct Store: Decodable {
            let comparesAndSets: Bool
            let documentsAsOne: Int
            let readsBesideTheEntity: Bool
            let expires: Bool
            let commitsWithQueues: Bool
        }

        struct Cost: Decodable {
            let requestsPerMillion: Double
            let requestsPerMillionUnbatched: Double
            let readUnitsPerMillion: Double
            let writeUnitsPerMillion: Double
            let dollarsPerMillion: Double
            let dollarsPerMillionUnbatched: Double
        }

        struct Other: Decodable {
            let name: String
            let sources: [String]
            let windowSeconds: Int?
            let trials: [String: Outcome]
            let asAssumed: Outcome
        }

        struct Outcome: Decodable {
            let violated: String?
            let steps: Int?
            let executions: Int
            let exhausted: Bool
        }

        subscript(name: String) -> Algorithm? { algorithms.first { $0.algorithm == name } }
        func other(_ name: String) -> Other? { others.first { $0.name == name } }
    }

    /// The smallest work that there is, once for all tests.
    private static let output = Result {
        try Program.run("compare", "--messages", "1000", "--entities", "10", "--json")
    }

    private func report() throws -> Report {
        let output = try Self.output.get()
        #expect(output.status == 0, "\(output.errors)")
        return try JSONDecoder().decode(Report.self, from: Data(output.text.utf8))
    }

    @Test("compares all that ship, and all models, in JSON with these keys and no others")
    func json() throws {
        let report = try report()
        #expect(report.work.messages == 1_000 && report.work.entities == 10)
        #expect(report.work.copiesPerMessage == 0.01)
        #expect(
            Set(report.algorithms.map(\.algorithm)).isSuperset(of: [
                "outbox", "inbox", "inbox-eventual", "tokens", "natural", "transactional",
            ]))
        #expect(
            report.others.map(\.name) == [
                "NServiceBus outbox", "MassTransit in memory", "SQS FIFO", "Service Bus",
                "NATS JetStream", "Idempotency-Key",
            ])
        let json = try JSONSerialization.jsonObject(with: Data(try Self.output.get().text.utf8))
        let object = try #require(json as? [String: Any])
        #expect(Set(object.keys) == ["work", "prices", "algorithms", "others"])
        let algorithms = try #require(object["algorithms"] as? [[String: Any]])
        #expect(
            Set(algorithms.flatMap(\.keys)) == [
                "algorithm", "handlers", "roundTrips", "roundTripsOfCopy", "messagesSentByCopy",
                "bytesRemembered", "bytesRememberedAtRest", "windowSeconds", "store", "cost",
                "noCostBecause", "trials",
            ])
        // Absent values are there, too.
        #expect(algorithms.allSatisfy { $0.count == 12 })
    }

    @Test("finds the window of each algorithm by trying copies of all ages")
    func window() throws {
        let report = try report()
        let week = 7 * 86_400
        for name in ["outbox", "inbox"] {
            let window = try #require(report[name]?.windowSeconds)
            // What is removed at a moment may be gone in that second.
            #expect((week - 1...week).contains(window), "\(name): \(window)")
        }
        for name in ["tokens", "natural", "transactional"] {
            let algorithm = try #require(report[name])
            #expect(algorithm.windowSeconds == nil, "\(name)")
        }
    }

    @Test("counts what is remembered, and what remains of it")
    func remembered() throws {
        let report = try report()
        for name in ["tokens", "natural"] {
            let algorithm = try #require(report[name])
            #expect(algorithm.bytesRememberedAtRest == 0, "\(name)")
        }
        for name in ["outbox", "inbox", "inbox-eventual"] {
            let algorithm = try #require(report[name])
            // An id has 16 bytes.
            #expect(algorithm.bytesRemembered >= 16 * 1_000, "\(name)")
            #expect(
                algorithm.bytesRememberedAtRest < algorithm.bytesRemembered / 10, "\(name)")
        }
        let tokens = try #require(report["tokens"])
        let outbox = try #require(report["outbox"])
        #expect(tokens.bytesRemembered < outbox.bytesRemembered / 10)
        // It has to keep the ids of what came from outside, but of nothing else.
        let transactional = try #require(report["transactional"])
        #expect(transactional.bytesRemembered == 16 * 10)
    }

    @Test("counts the calls for a message and for a copy of it")
    func calls() throws {
        let report = try report()
        for algorithm in report.algorithms {
            #expect(
                algorithm.roundTripsOfCopy <= algorithm.roundTrips, "\(algorithm.algorithm)")
            #expect(algorithm.roundTripsOfCopy >= 2, "\(algorithm.algorithm)")
        }
        for name in ["outbox", "inbox", "inbox-eventual", "tokens", "transactional"] {
            #expect(report[name]?.messagesSentByCopy == 0, "\(name)")
        }
        // What remembers nothing can't know that it has sent.
        #expect(report["natural"]?.messagesSentByCopy == 1)
        for name in ["outbox", "inbox", "inbox-eventual", "tokens", "natural"] {
            let algorithm = try #require(report[name])
            #expect(algorithm.roundTripsOfCopy < algorithm.roundTrips, "\(name)")
        }
        // Load, save, send, note that it is sent, acknowledge; load and commit.
        #expect(report["outbox"]?.roundTrips == 5)
        #expect(report["transactional"]?.roundTrips == 2)
        #expect(report["natural"]?.roundTrips == 4)
    }

    @Test("says what the store has to offer, from what was asked of it")
    func store() throws {
        let report = try report()
        let outbox = try #require(report["outbox"]?.store)
        #expect(outbox.comparesAndSets && outbox.documentsAsOne == 1)
        #expect(!outbox.readsBesideTheEntity && !outbox.expires && !outbox.commitsWithQueues)
        let inbox = try #require(report["inbox"]?.store)
        #expect(inbox.readsBesideTheEntity && inbox.expires && inbox.documentsAsOne == 1)
        let tokens = try #require(report["tokens"]?.store)
        #expect(tokens.readsBesideTheEntity && tokens.documentsAsOne == 2)
        #expect(try #require(report["transactional"]?.store).commitsWithQueues)
    }

    @Test("makes out a bill where store and queues may be apart, and says why not elsewhere")
    func bill() throws {
        let report = try report()
        for algorithm in report.algorithms {
            guard let cost = algorithm.cost else {
                #expect(algorithm.store.commitsWithQueues)
                #expect(algorithm.noCostBecause == "SQS and DynamoDB commit apart")
                continue
            }
            #expect(!algorithm.store.commitsWithQueues && algorithm.noCostBecause == nil)
            #expect(cost.requestsPerMillionUnbatched > 9.9 * cost.requestsPerMillion)
            #expect(cost.dollarsPerMillionUnbatched > cost.dollarsPerMillion)
            let dollars =
                (cost.requestsPerMillion * 0.40 + cost.readUnitsPerMillion * 0.125
                    + cost.writeUnitsPerMillion * 0.625) / 1_000_000
            #expect(abs(dollars - cost.dollarsPerMillion) < 0.000_001)
            // Each message is received, acknowledged, read for and saved.
            #expect(cost.requestsPerMillionUnbatched >= 2_000_000)
            #expect(cost.readUnitsPerMillion >= 1_000_000)
            #expect(cost.writeUnitsPerMillion >= 990_000)
        }
        let natural = try #require(report["natural"]?.cost)
        for name in ["outbox", "inbox", "inbox-eventual", "tokens"] {
            let cost = try #require(report[name]?.cost)
            #expect(cost.dollarsPerMillion > natural.dollarsPerMillion, "\(name)")
        }
    }

    @Test("has what ships withstand every fault, but for copies later than what is remembered")
    func shipped() throws {
        for algorithm in try report().algorithms {
            #expect(algorithm.trials.count == 5)
            for (trial, outcome) in algorithm.trials where trial != "staleRead" {
                let isTooLate = trial == "lateCopy" && algorithm.windowSeconds != nil
                #expect(
                    (outcome.violated != nil) == isTooLate, "\(algorithm.algorithm) \(trial)")
                #expect(outcome.exhausted || isTooLate, "\(algorithm.algorithm) \(trial)")
            }
        }
    }

    @Test("tells which need reads that are never out of date")
    func staleReads() throws {
        let report = try report()
        for name in ["outbox", "inbox-eventual"] {
            let outcome = try #require(report[name]?.trials["staleRead"])
            #expect(outcome.violated == nil && outcome.exhausted, "\(name)")
        }
        #expect(try #require(report["inbox"]?.trials["staleRead"]).violated != nil)
    }

    @Test("has every model do what its documentation promises, and finds what it does not promise")
    func models() throws {
        let report = try report()
        let twice = "exactly once: no message is applied twice"
        for other in report.others {
            #expect(other.asAssumed.violated == nil && other.asAssumed.exhausted, "\(other.name)")
            #expect(other.asAssumed.executions > 1, "\(other.name)")
            #expect(other.sources.allSatisfy { $0.hasPrefix("https://") }, "\(other.name)")
            #expect(!other.sources.isEmpty, "\(other.name)")
            #expect(other.trials["lateCopy"]?.violated == twice, "\(other.name)")
            for (trial, outcome) in other.trials {
                #expect(
                    (outcome.violated == nil) == (outcome.steps == nil), "\(other.name) \(trial)")
            }
        }
        for name in ["NServiceBus outbox", "Idempotency-Key"] {
            let other = try #require(report.other(name))
            for trial in ["copy", "crash", "leaseEnds"] {
                let outcome = try #require(other.trials[trial])
                #expect(outcome.violated == nil && outcome.exhausted, "\(name) \(trial)")
            }
        }
        for name in ["SQS FIFO", "Service Bus", "NATS JetStream"] {
            let other = try #require(report.other(name))
            #expect(other.trials["copy"]?.violated == nil, "\(name)")
            #expect(other.trials["crash"]?.violated == twice, "\(name)")
            #expect(other.trials["leaseEnds"]?.violated == twice, "\(name)")
        }
        #expect(report.other("MassTransit in memory")?.trials["copy"]?.violated == twice)
    }

    @Test("prints tables that fit a terminal")
    func tables() throws {
        let output = try Program.run("compare", "--messages", "1000", "--entities", "10")
        #expect(output.status == 0, "\(output.errors)")
        let lines = output.text.split(separator: "\n")
        let wide = lines.filter { $0.count > 100 }
        #expect(wide.isEmpty, "\(wide)")
        #expect(output.text.contains("– transactional: SQS and DynamoDB commit apart."))
        #expect(output.text.contains("no limit seen"))
        #expect(lines.contains { $0.hasPrefix("outbox ") && $0.hasSuffix("7 days") })
    }

    @Test(
        "says what is wrong with its arguments",
        arguments: [
            (["--messages", "0"], "is a multiple of 1000"),
            (["--messages", "1500"], "is a multiple of 1000"),
            (["--entities", "0"], "at most --messages"),
            (["--entities", "20000"], "at most --messages"),
            (["--messages", "20000", "--entities", "1"], "messages for each"),
        ])
    func arguments(arguments: [String], complaint: String) throws {
        let output = try Program.run(["compare"] + arguments)
        #expect(output.status != 0)
        #expect(output.errors.contains(complaint), "\(output.errors)")
    }
}
