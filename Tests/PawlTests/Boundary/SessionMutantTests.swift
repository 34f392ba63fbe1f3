import PawlContracts
import PawlMutants
import Synchronization
import Testing

@testable import Pawl

@Suite("A session that does one thing wrong", .timeLimit(.minutes(1)))
struct SessionMutantTests {
    static let mistakes: [MistakenOutbox.Mistake?] = [
        .completeAfterCommit, .asyncCommit, .unannounced, .noTombstone, .blindTombstone,
        .completeDropsOutbox, .tombstoneIsCommit,
    ]

    private func desk(_ mistake: MistakenOutbox.Mistake?) async throws -> Desk {
        try await Desk(
            Deduplication(name: "mistaken", retention: nil) { store, transport, environment in
                MistakenOutbox(
                    mistake, store: store, transport: transport, environment: environment)
            })
    }

    /// What is wrong in the end: sent is what was saved, and saved is what was said to be.
    private func violations(_ desk: Desk, said result: Session.Result?) async throws -> [String] {
        try await desk.hand.drain(for: .seconds(90))
        let payments = try await desk.payments()
        let events = try await desk.events().count
        var found: [String] = []
        if payments.count != events { found.append("\(payments) saved, \(events) sent") }
        if payments.count > 1 { found.append("\(payments) saved") }
        if result != nil, payments.isEmpty { found.append("said to be saved, and is not") }
        return found
    }

    /// A session is disturbed at any call, and nobody submits again, or somebody does late.
    private func disturbed(_ mistake: MistakenOutbox.Mistake?) async throws -> [String] {
        var found: [String] = []
        for isLate in [false, true] {
            for kind in 0..<3 {
                for call in 0..<6 {
                    let desk = try await desk(mistake)
                    let disturbance: Disturbance =
                        switch kind {
                        case 0: .crashBefore
                        case 1: .crashAfter
                        default: .meanwhile { try? await desk.hand.drain(for: .seconds(90)) }
                        }
                    var result = try? await desk.pay(desk.session(Boundary(disturbance, at: call)))
                    // A submission whose commit comes late, and whose process dies right then.
                    if isLate {
                        try await desk.hand.drain(for: .seconds(90))
                        result = try await desk.pay(desk.session())
                    }
                    found += try await violations(desk, said: result)
                }
            }
        }
        return found
    }

    /// A session stands still until it has been given up, goes on, saves, and dies.
    private func savedLate(_ mistake: MistakenOutbox.Mistake?) async throws -> [String] {
        let desk = try await desk(mistake)
        let dying = Mutex<Boundary?>(nil)
        let boundary = Boundary(
            .meanwhile {
                try? await desk.hand.drain(for: .seconds(90))
                // The call that it stands at is the last one that takes effect.
                dying.withLock { $0?.die() }
            }, at: 3)
        dying.withLock { $0 = boundary }
        _ = try? await desk.pay(desk.session(boundary))
        if mistake == nil {
            #expect(boundary.names.prefix(4) == ["read", "directory", "send", "write"])
        }
        return try await violations(desk, said: nil)
    }

    /// While a session that died is given up, somebody submits it again, at any call of that.
    private func givenUpMeanwhile(_ mistake: MistakenOutbox.Mistake?) async throws -> [String] {
        var found: [String] = []
        for call in 0..<3 {
            let desk = try await desk(mistake)
            _ = try? await desk.pay(desk.session(Boundary(.crashBefore, at: 3)))
            try await desk.hand.drain(for: .seconds(55))
            await desk.hand.clock.advance(by: .seconds(5))
            let meanwhile = Disturbance.meanwhile { _ = try? await desk.pay(desk.session()) }
            try await desk.hand.drain(Boundary(meanwhile, at: call))
            found += try await violations(desk, said: nil)
        }
        return found
    }

    private func violations(of mistake: MistakenOutbox.Mistake?) async throws -> [String] {
        try await disturbed(mistake) + savedLate(mistake) + givenUpMeanwhile(mistake)
    }

    @Test("is found out", arguments: mistakes)
    func foundOut(mistake: MistakenOutbox.Mistake?) async throws {
        #expect(try await violations(of: mistake) != [])
    }

    @Test("is not found out if it does nothing wrong")
    func correct() async throws {
        #expect(try await violations(of: nil) == [])
    }
}
