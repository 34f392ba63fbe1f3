import ArgumentParser
import Foundation
import PawlCheck
import PawlMutants

/// `pawl compare`.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Measures every algorithm on the same work, beside models of what others ship.",
        discussion: """
            Walks of \(Measurement.walk) messages, each of which changes an entity of \
            \(Workplace.bodySize) bytes and causes the next; the first one of each comes from outside, \
            and comes twice. All of it runs in memory, over a store and queues that count what is \
            asked of them, and with a clock that is turned by hand. Only prices are typed in.

            Then every algorithm, and small models of what others ship, written from their \
            documentation, are put to the same faults, each in the smallest scope in which it can \
            show: all orders of events are tried, and the shortest execution counts that breaks \
            exactly-once.
            """)

    @Option(help: "How many messages are handled: a multiple of \(Measurement.round).")
    var messages = 10_000

    @Option(help: "How many entities they are about.")
    var entities = 100

    @Flag(help: "Print one JSON object instead of tables.")
    var json = false

    /// Ledgers are read and written as a whole: more takes minutes.
    private static let mostMessages = 1_000_000
    private static let mostPerEntity = 2_000

    func validate() throws {
        guard messages > 0, messages <= Self.mostMessages, messages % Measurement.round == 0 else {
            throw ValidationError(
                "--messages is a multiple of \(Measurement.round), up to \(Self.mostMessages).")
        }
        guard entities > 0, entities <= messages, messages / entities <= Self.mostPerEntity else {
            throw ValidationError(
                """
                --entities is at most --messages, and so many that there are up to \
                \(Self.mostPerEntity) messages for each.
                """)
        }
    }

    func run() async throws {
        let progress = ProgressLine()
        var algorithms: [ComparedAlgorithm] = []
        for subject in Self.subjects {
            let measurement = try await Measurement(
                of: subject, messages: messages, entities: entities
            ) { done in
                progress.show("\(subject.name): \(Words.grouped(done)) messages")
            }
            let trials = Trial.allCases.map { trial in
                progress.show("\(subject.name): \(trial.rawValue)")
                return trial.verdict(on: subject)
            }
            algorithms.append(ComparedAlgorithm(measurement, trials))
        }
        let others = OtherProduct.all.map { product in
            let trials = Trial.allCases.map { trial in
                progress.show("\(product.name): \(trial.rawValue)")
                return trial.verdict(on: product.algorithm)
            }
            progress.show("\(product.name): as assumed")
            return ComparedProduct(
                product, trials, asAssumed: Trial.Verdict(of: product.assumed))
        }
        progress.clear()
        let comparison = Comparison(
            messages: messages, entities: entities, algorithms: algorithms, others: others)
        if json {
            print(try comparison.json())
        } else {
            print(comparison)
        }
    }

    /// All that ship, as they are told apart by what they do. An algorithm in a store of the checker's
    /// that is too small for it is no other one.
    static var subjects: [AlgorithmUnderCheck] {
        AlgorithmUnderCheck.shipped.filter { $0.largestDocument == nil }
    }
}
