import PawlCheck
import PawlMutants
import Testing

@testable import Pawl

@Suite("Whatever goes wrong at any call to a backend,", .timeLimit(.minutes(1)))
struct CrashPointTests {
    @Test("the outbox moves the system exactly once")
    func outbox() async throws {
        let points = CrashPoints { database, environment in
            Outbox(
                store: database, transport: database, retention: .days(7),
                environment: environment)
        }
        #expect(try await points.violations() == [])
    }

    @Test(
        "the inbox moves the system exactly once, whatever reads of its records are good for",
        arguments: [ReadConsistency.strong, .eventual])
    func inbox(reads: ReadConsistency) async throws {
        let points = CrashPoints { database, environment in
            Deduplication.inbox(retention: .days(7), reads: reads)
                .make(database, database, environment)
        }
        #expect(try await points.violations() == [])
    }

    @Test("replay moves the system exactly once")
    func replay() async throws {
        let points = CrashPoints { Deduplication.replay.make($0, $0, $1) }
        #expect(try await points.violations() == [])
    }

    @Test("tokens move the system exactly once, with messages that have one and that have none")
    func tokens() async throws {
        for isIssuing in [true, false] {
            for hasTokens in [true, false] {
                let points = CrashPoints(
                    algorithm: { database, environment in
                        Deduplication.tokens(isIssuing: isIssuing)
                            .make(database, database, environment)
                    }, hasTokens: hasTokens)
                #expect(try await points.violations() == [])
            }
        }
    }

    @Test("the transactional algorithm moves the system exactly once", arguments: [true, false])
    func transactional(isLocal: Bool) async throws {
        let points = CrashPoints(
            algorithm: { database, _ in Transactional(database: database) }, isLocal: isLocal)
        #expect(try await points.violations() == [])
    }

    @Test("the natural algorithm moves the system exactly once, with handlers made for it")
    func natural() async throws {
        let points = CrashPoints(
            algorithm: { Deduplication.natural.make($0, $0, $1) }, isIdempotent: true)
        #expect(try await points.violations() == [])
    }

    @Test("and with handlers that count on being called once it does not")
    func unnatural() async throws {
        let points = CrashPoints { Deduplication.natural.make($0, $0, $1) }
        #expect(try await points.violations().contains { $0.contains("payments") })
    }

    @Test("the copies that mistakes are put into do so too as long as none is")
    func copies() async throws {
        let outbox = CrashPoints { database, environment in
            MistakenOutbox(nil, store: database, transport: database, environment: environment)
        }
        #expect(try await outbox.violations() == [])
        let transactional = CrashPoints { database, environment in
            MistakenTransactional(nil, database: database, environment: environment)
        }
        #expect(try await transactional.violations() == [])
        let inbox = CrashPoints { MistakenInbox(nil, database: $0, environment: $1) }
        #expect(try await inbox.violations() == [])
        let replay = CrashPoints { MistakenReplay(nil, database: $0, environment: $1) }
        #expect(try await replay.violations() == [])
        let tokens = CrashPoints(
            algorithm: { MistakenTokens(nil, database: $0, environment: $1) }, hasTokens: true)
        #expect(try await tokens.violations() == [])
        let natural = CrashPoints(
            algorithm: { MistakenNatural(nil, database: $0, environment: $1) }, isIdempotent: true)
        #expect(try await natural.violations() == [])
        let claims = CrashPoints { MistakenClaimInbox(nil, database: $0, environment: $1) }
        #expect(try await claims.violations() == [])
    }

    /// What it takes more for than one process in trouble: reads that are out of date, time that
    /// leaps, or another process at a moment of its own. Or a look at once: the ghost of an
    /// idempotent handler comes true in the end (n1), and a token that is late is there (27). The
    /// checker finds them.
    private static let beyond = [
        "12", "13b", "13c", "14", "17", "17b", "24", "25", "26", "27", "k2", "n1", "r3", "r7",
    ]

    @Test(
        "an algorithm that does one thing wrong is found out",
        arguments: Mutants.catalogued.filter {
            !$0.scope.needsSession && !beyond.contains($0.id)
        }.map(\.id))
    func mutants(id: String) async throws {
        let mutant = try #require(Mutants.catalogued.first { $0.id == id })
        let points = CrashPoints(
            algorithm: { mutant.algorithm.make($0, $1) }, isLocal: mutant.scope.isLocal,
            hasTokens: mutant.algorithm.hasTokens,
            isIdempotent: mutant.algorithm.demand == .idempotence)
        #expect(try await points.violations() != [], "\(mutant.name)")
    }
}
