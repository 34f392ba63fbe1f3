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

    @Test("the transactional algorithm moves the system exactly once", arguments: [true, false])
    func transactional(isLocal: Bool) async throws {
        let points = CrashPoints(
            algorithm: { database, _ in Transactional(database: database) }, isLocal: isLocal)
        #expect(try await points.violations() == [])
    }

    @Test("the variants do so too as long as nothing in them is done wrong")
    func variants() async throws {
        let outbox = CrashPoints { database, environment in
            OutboxVariant(
                mutant: nil, store: database, transport: database, environment: environment)
        }
        #expect(try await outbox.violations() == [])
        let transactional = CrashPoints { database, environment in
            TransactionalVariant(mutant: nil, database: database, environment: environment)
        }
        #expect(try await transactional.violations() == [])
    }

    @Test(
        "an outbox that does one thing wrong is found out", arguments: OutboxVariant.Mutant.allCases
    )
    func mutants(mutant: OutboxVariant.Mutant) async throws {
        let points = CrashPoints { database, environment in
            OutboxVariant(
                mutant: mutant, store: database, transport: database, environment: environment)
        }
        #expect(try await points.violations() != [], "\(mutant.rawValue)")
    }

    @Test(
        "a transactional algorithm that does one thing wrong is found out",
        arguments: TransactionalVariant.Mutant.allCases)
    func transactionalMutants(mutant: TransactionalVariant.Mutant) async throws {
        let points = CrashPoints(
            algorithm: { database, environment in
                TransactionalVariant(mutant: mutant, database: database, environment: environment)
            }, isLocal: mutant == .noFence)
        #expect(try await points.violations() != [], "\(mutant.rawValue)")
    }
}
