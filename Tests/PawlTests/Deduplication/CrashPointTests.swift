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

    @Test("the transactional algorithm moves the system exactly once", arguments: [true, false])
    func transactional(isLocal: Bool) async throws {
        let points = CrashPoints(
            algorithm: { database, _ in Transactional(database: database) }, isLocal: isLocal)
        #expect(try await points.violations() == [])
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
        let claims = CrashPoints { MistakenClaimInbox(nil, database: $0, environment: $1) }
        #expect(try await claims.violations() == [])
    }

    /// What it takes more for than one process in trouble: reads that are out of date, time that
    /// leaps, or another process at a moment of its own. The checker finds them.
    private static let beyond = ["12", "13b", "14", "17", "17b", "r3", "r7"]

    @Test(
        "an algorithm that does one thing wrong is found out",
        arguments: Mutants.catalogued.filter {
            !$0.scope.needsSession && !beyond.contains($0.id)
        }.map(\.id))
    func mutants(id: String) async throws {
        let mutant = try #require(Mutants.catalogued.first { $0.id == id })
        let points = CrashPoints(
            algorithm: { mutant.algorithm.make($0, $1) }, isLocal: mutant.scope.isLocal)
        #expect(try await points.violations() != [], "\(mutant.name)")
    }
}
