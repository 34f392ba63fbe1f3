import CPowerCut
import Foundation
import GRDB
import Testing

/// SQLite keeps its promises through the power cuts of the simulated disk, and only those: each
/// test that nothing is lost has one beside it in which something is.
@Suite("A power cut", .serialized)
struct PowerCutTests {
    /// One to replay, or all: `PAWL_SEED=17 swift test --filter PowerCutTests`.
    private static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["PAWL_SEED"].flatMap(UInt64.init).map { [$0] }
        ?? Array(1...200)

    @Test("loses no commit of a WAL with synchronous FULL", arguments: seeds)
    func fullKeepsCommits(seed: UInt64) throws {
        var round = try Round(seed: seed, settings: .init(synchronous: .full))
        let outcome = try round.run()
        #expect(outcome == .complete, "PAWL_SEED=\(seed)")
    }

    @Test("loses no commit of a rollback journal with synchronous EXTRA", arguments: seeds)
    func extraKeepsCommits(seed: UInt64) throws {
        var round = try Round(seed: seed, settings: .init(isWAL: false, synchronous: .extra))
        let outcome = try round.run()
        #expect(outcome == .complete, "PAWL_SEED=\(seed)")
    }

    @Test("loses commits of a WAL with synchronous NORMAL, but whole ones and the last ones")
    func normalLosesCommits() throws {
        let outcomes = try outcomes(.init(synchronous: .normal))
        #expect(outcomes.lost > 0)
        #expect(outcomes.damaged == 0)
    }

    @Test("loses the last commit of a rollback journal with synchronous FULL: it comes back")
    func journalComesBack() throws {
        let outcomes = try outcomes(.init(isWAL: false, synchronous: .full))
        #expect(outcomes.lost > 0)
        #expect(outcomes.mostLost == 1)
        #expect(outcomes.damaged == 0)
    }

    @Test("loses commits in spite of FULL and damages the database if the disk ignores syncs")
    func lyingDiskLoses() throws {
        let outcomes = try outcomes(.init(synchronous: .full, ignoresSyncs: true))
        #expect(outcomes.lost > 0)
        #expect(outcomes.damaged > 0)
    }

    private func outcomes(
        _ settings: Round.Settings
    ) throws -> (lost: Int, mostLost: Int, damaged: Int) {
        var counts = (lost: 0, mostLost: 0, damaged: 0)
        for seed: UInt64 in 1...50 {
            var round = try Round(seed: seed, settings: settings)
            switch try round.run() {
            case .complete:
                break
            case .lost(let commits):
                counts.lost += 1
                counts.mostLost = max(counts.mostLost, commits)
            case .damaged:
                counts.damaged += 1
            }
        }
        return counts
    }
}
