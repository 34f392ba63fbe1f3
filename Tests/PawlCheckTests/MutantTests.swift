import Pawl
import PawlCheck
import Testing

@testable import PawlMutants

@Suite("The mutants")
struct MutantTests {
    /// The ids in the catalogue of whatever is a mistake in what ships.
    static let known = [
        "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "17", "18",
        "19", "20", "23", "24", "25", "26", "27", "28", "29", "32", "34", "35", "36", "41", "43",
        "44",
        "46", "47", "48", "60", "61", "62", "63", "t1", "t2", "t3", "t4", "t5", "t6", "n1", "n2",
        "n3",
        "n4",
    ]

    /// What ships, and a copy into which no mistake was put.
    struct Shipped: Sendable, CustomTestStringConvertible {
        let algorithm: AlgorithmUnderCheck
        let copy: AlgorithmUnderCheck

        init(
            _ algorithm: AlgorithmUnderCheck,
            copy: @escaping @Sendable (any Database, Environment) -> any DeduplicationAlgorithm
        ) {
            self.algorithm = algorithm
            self.copy = AlgorithmUnderCheck(
                name: algorithm.name, needsDatabase: algorithm.needsDatabase,
                largestDocument: algorithm.largestDocument, hasTokens: algorithm.hasTokens,
                demand: algorithm.demand, make: copy)
        }

        var testDescription: String { algorithm.name }
    }

    static let shipped = [
        Shipped(.outbox) { MistakenOutbox(nil, store: $0, transport: $0, environment: $1) },
        Shipped(.outboxStaged) { MistakenStaging(nil, database: $0, environment: $1) },
        Shipped(.inbox) { MistakenInbox(nil, database: $0, environment: $1) },
        Shipped(.inboxEventual) { MistakenClaimInbox(nil, database: $0, environment: $1) },
        Shipped(.replay) { MistakenReplay(nil, database: $0, environment: $1) },
        Shipped(.tokens) { MistakenTokens(nil, database: $0, environment: $1) },
        Shipped(.natural) { MistakenNatural(nil, database: $0, environment: $1) },
        Shipped(.transactional) { MistakenTransactional(nil, database: $0, environment: $1) },
    ]

    /// What a mutant is a mutant of.
    static func shipped(_ base: String) throws -> Shipped {
        let name = base == "session" ? "outbox" : base
        return try #require(shipped.first { $0.algorithm.name == name })
    }

    static func generated() async throws -> [Mutant] {
        var all: [Mutant] = []
        for algorithm in AlgorithmUnderCheck.shipped {
            all += try await Mutants.generated(from: algorithm)
        }
        return all
    }

    @Test("hold the whole catalogue")
    func complete() {
        let ids = Mutants.catalogued.map(\.id)
        #expect(Set(ids).isSuperset(of: Self.known))
        let beyond = ids.filter { !Self.known.contains($0) }
        #expect(
            beyond.sorted() == [
                "13b", "13c", "17b", "17c", "32b", "32c", "46b", "60b", "k1", "k2", "r1", "r2",
                "r3", "r4", "r5", "r6", "r7", "s1", "s2", "s3", "s4", "s5", "t1b", "t3b", "t5b",
            ])
    }

    @Test("are told apart by their ids and names")
    func unique() async throws {
        let ids = Mutants.catalogued.map(\.id)
        #expect(Set(ids).count == ids.count)
        let names = (Mutants.catalogued + (try await Self.generated())).map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test("are named as their algorithms are")
    func named() async throws {
        for mutant in Mutants.catalogued + (try await Self.generated()) {
            #expect(mutant.name == mutant.algorithm.name)
            #expect(mutant.algorithm.needsDatabase == (mutant.base == "transactional"))
        }
    }

    @Test(
        "without a mistake do what the shipped algorithms do",
        arguments: shipped, CallRecorder.Path.allCases)
    func faithful(shipped: Shipped, path: CallRecorder.Path) async throws {
        let run = try await CallRecorder.run(shipped.algorithm, on: path)
        #expect(try await CallRecorder.run(shipped.copy, on: path) == run)
    }

    @Test("change what is done on at least one simple path, where no fault is needed to show it")
    func different() async throws {
        // The ids that are told apart without a crash, a failure or a rival.
        let visible = [
            "9", "10", "11", "13", "14", "32", "32c", "17", "17b", "18", "3", "60", "61", "62",
            "63", "1", "5", "6", "41", "43", "44", "47", "60b", "t4", "48", "r1", "r2",
            "r4", "r5", "r7", "s4", "n1", "n3", "n4",
        ]
        for mutant in Mutants.catalogued where visible.contains(mutant.id) {
            let shipped = try Self.shipped(mutant.base)
            var isDifferent = false
            for path in CallRecorder.Path.allCases {
                let run = try await CallRecorder.run(shipped.algorithm, on: path)
                if try await CallRecorder.run(mutant.algorithm, on: path) != run {
                    isDifferent = true
                }
            }
            #expect(isDifferent, "\(mutant.name)")
        }
    }

    @Test("are learned from the calls that the outbox makes")
    func outboxCalls() async throws {
        let calls = try await CallRecorder.calls(of: .outbox)
        #expect(
            calls[.process].map { Set($0) } == [
                [.read, .write, .send, .write, .acknowledge],
                [.read, .acknowledge],
                [.read, .send, .write, .acknowledge],
            ])
        #expect(
            calls[.submit].map { Set($0) } == [[.read, .send, .write, .send, .write], [.read]])
        #expect(
            calls[.complete].map { Set($0) } == [
                [.read, .send, .write], [.read], [.read, .read, .write, .write],
            ])
    }

    @Test("are learned from the claims, stamps and records of the inbox, and from what is staged")
    func inboxCalls() async throws {
        let inbox = try #require(try await CallRecorder.calls(of: .inbox)[.process])
        #expect(inbox.contains([.read, .read, .write, .send, .write, .write, .acknowledge]))
        // The record is there, and the entity still has to be cleaned.
        #expect(inbox.contains([.read, .read, .write, .acknowledge]))
        let claims = try #require(try await CallRecorder.calls(of: .inboxEventual)[.process])
        #expect(claims.contains([.read, .write, .write, .write, .send, .write, .acknowledge]))
        // A claim that is there, and one that has lost.
        #expect(claims.contains([.read, .write, .write, .send, .write, .acknowledge]))
        #expect(claims.contains([.read, .write, .write, .read, .write, .acknowledge]))
        let staged = try #require(try await CallRecorder.calls(of: .outboxStaged)[.process])
        #expect(
            staged.contains([
                .read, .read, .read, .write, .write, .read, .send, .write, .read, .write, .write,
                .acknowledge,
            ]))
    }

    @Test("are learned from the calls that replay makes")
    func replayCalls() async throws {
        let calls = try await CallRecorder.calls(of: .replay)
        #expect(
            calls[.process].map { Set($0) } == [
                [.read, .read, .write, .send, .acknowledge], [.read, .send, .acknowledge],
            ])
        let outbox = try await CallRecorder.calls(of: .outbox)
        #expect(calls[.submit] == outbox[.submit] && calls[.complete] == outbox[.complete])
    }

    @Test("are learned from the calls that the transactional algorithm makes")
    func transactionalCalls() async throws {
        let calls = try await CallRecorder.calls(of: .transactional)
        #expect(calls[.process].map { Set($0) } == [[.read, .commit]])
        #expect(calls[.submit].map { Set($0) } == [[.read, .commit]])
        #expect(calls[.complete].map { Set($0) } == [[]])
    }

    @Test("are generated for every call, with every mutation that it can have")
    func generation() async throws {
        let outbox = try await Mutants.generated(from: .outbox).map(\.name)
        #expect(
            outbox.filter { $0.hasPrefix("outbox/process") }.map { $0.dropFirst(15) } == [
                "stale 1 read", "skip 2 write", "unconditional 2 write", "swap 2 write",
                "skip 2 send", "swap 2 send", "skip 2 acknowledge", "skip 3 write",
                "unconditional 3 write", "swap 3 write", "skip 3 send", "swap 3 send",
                "skip 4 write", "unconditional 4 write", "swap 4 write", "skip 4 acknowledge",
                "skip 5 acknowledge",
            ])
        #expect(
            try await Mutants.generated(from: .transactional).map(\.name) == [
                "transactional/process stale 1 read", "transactional/process skip 2 commit",
                "transactional/process unconditional 2 commit",
                "transactional/process no-receipt 2 commit",
                "transactional/submit stale 1 read", "transactional/submit skip 2 commit",
                "transactional/submit unconditional 2 commit",
            ])
        #expect(Mutants.generated(from: .outbox, calls: [:]).isEmpty)
    }
}
