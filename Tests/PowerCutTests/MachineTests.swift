import CPowerCut
import Foundation
import GRDB
import Testing

/// The machine itself. In the same suite, as there can be only one machine at a time.
extension PowerCutTests {
    @Test("is one at a time")
    func onlyOneMachine() throws {
        let machine = try PowerCut.install()
        #expect(throws: PowerCut.Failure.self) { try PowerCut.install() }
        withExtendedLifetime(machine) {}
    }

    @Test("stops every open connection for good, and lets none be opened until the power is on")
    func powerIsOff() throws {
        let machine = try PowerCut.install()
        let path = machine.path(of: "test.sqlite")
        let before = try DatabaseQueue(path: path)
        try before.write { db in try db.execute(sql: "CREATE TABLE t (a)") }

        machine.cut(seed: 1)
        #expect(machine.isOff)
        #expect(ioError { try before.read { db in try db.execute(sql: "SELECT * FROM t") } })
        #expect(ioError { try before.write { db in try db.execute(sql: "DELETE FROM t") } })
        #expect(ioError { _ = try DatabaseQueue(path: path) })

        try before.close()
        try machine.powerOn()
        #expect(!machine.isOff)
        let after = try DatabaseQueue(path: path)
        try after.write { db in try db.execute(sql: "CREATE TABLE u (a)") }
        try after.close()
    }

    @Test("leaves the power off while an old connection is open")
    func oldConnectionKeepsPowerOff() throws {
        let machine = try PowerCut.install()
        let old = try DatabaseQueue(path: machine.path(of: "test.sqlite"))
        try old.write { db in try db.execute(sql: "CREATE TABLE t (a)") }
        machine.cut(seed: 1)
        #expect(powercut_power_on(0) == 1)
        #expect(machine.isOff)
        try old.close()
        try machine.powerOn()
    }

    @Test("does not touch databases elsewhere")
    func elsewhere() throws {
        let machine = try PowerCut.install()
        machine.ignoreSyncs()
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("elsewhere-\(UUID().uuidString).sqlite").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let database = try DatabaseQueue(path: path)
        try database.write { db in try db.execute(sql: "CREATE TABLE t (a)") }
        machine.cut(seed: 1)
        try database.write { db in try db.execute(sql: "INSERT INTO t VALUES (1)") }
        #expect(machine.statistics.operations == 0)
        let count = try database.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM t") }
        #expect(count == 1)
        try database.close()
    }

    @Test("falls in the middle of the operation it is planned for", arguments: 1...40)
    func plannedCut(operations: Int) throws {
        let machine = try PowerCut.install()
        let before = machine.statistics.operations
        machine.cutAfter(operations: operations, seed: 1)
        #expect(
            ioError {
                let database = try DatabaseQueue(path: machine.path(of: "test.sqlite"))
                defer { try? database.close() }
                for number in 0..<operations {
                    try database.write { db in try db.execute(sql: "CREATE TABLE t\(number) (a)") }
                }
            })
        #expect(machine.statistics.operations - before == UInt64(operations))
        #expect(machine.statistics.cuts == 1)
    }

    @Test("counts the syncs of commits: one of the WAL with FULL, none with NORMAL")
    func syncsOfCommits() throws {
        for (synchronous, expected) in [(Round.Synchronous.full, 100), (.normal, 0)] {
            let machine = try PowerCut.install()
            let database = try pool(machine.path(of: "test.sqlite"), synchronous)
            try database.write { db in try db.execute(sql: "CREATE TABLE t (a)") }
            let before = machine.statistics
            for number in 0..<100 {
                try database.write { db in
                    try db.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
                }
            }
            #expect(machine.statistics.syncs.wal - before.syncs.wal == UInt64(expected))
            #expect(machine.statistics.syncs.database == before.syncs.database)
            try database.close()
        }
    }

    @Test("comes out the same for the same seed, and otherwise for another")
    func replay() throws {
        func survivors(seed: UInt64) throws -> [UInt64] {
            var round = try Round(seed: seed, settings: .init(synchronous: .normal))
            _ = try round.run()
            let statistics = round.machine.statistics
            return [
                statistics.operations, statistics.kept, statistics.dropped, statistics.torn,
                statistics.reverted, UInt64(round.ledger.acknowledged ?? 0),
            ]
        }
        let first = try survivors(seed: 5)
        #expect(try survivors(seed: 5) == first)
        #expect(try survivors(seed: 6) != first)
    }

    @Test(
        "loses nothing while other threads read and checkpoint",
        arguments: 1...20 as ClosedRange<UInt64>)
    func threads(seed: UInt64) async throws {
        let machine = try PowerCut.install()
        let path = machine.path(of: "ledger.sqlite")
        var chance = Chance(seed: seed)
        var ledger = Ledger()
        for _ in 0..<3 {
            let database = try pool(path, .full)
            try ledger.prepare(database)
            machine.cutAfter(
                operations: Int.random(in: 1...500, using: &chance), seed: chance.next())
            async let checkpoints = untilOff(machine) {
                // A connection of its own: a pool would let it wait for the writer.
                let other = try DatabaseQueue(path: path)
                defer { try? other.close() }
                while true {
                    do {
                        _ = try other.writeWithoutTransaction { db in try db.checkpoint(.passive) }
                    } catch DatabaseError.SQLITE_BUSY {
                        // The writer is at a checkpoint itself.
                    }
                }
            }
            async let reads = untilOff(machine) {
                while true {
                    let verdict = try database.read { db in
                        try String.fetchAll(db, sql: "PRAGMA integrity_check")
                    }
                    #expect(verdict == ["ok"])
                }
            }
            do {
                while true { try ledger.commit(to: database, chance: &chance) }
            } catch let error as DatabaseError {
                guard machine.isOff else {
                    // Or the others would go on for ever.
                    machine.cut(seed: seed)
                    throw error
                }
            }
            _ = try await (checkpoints, reads)
            try? database.close()
            try machine.powerOn()

            let after = try DatabasePool(path: path)
            #expect(try ledger.check(after) == .complete)
            try after.close()
        }
    }

    /// Not in an async function, where GRDB's methods would be others.
    private func pool(_ path: String, _ synchronous: Round.Synchronous) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = \(synchronous.rawValue)")
        }
        return pool
    }

    private func untilOff(_ machine: PowerCut, _ work: @Sendable () throws -> Void) async throws {
        do {
            try work()
        } catch let error as DatabaseError {
            guard machine.isOff else { throw error }
        }
    }

    private func ioError(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch {
            return (error as? DatabaseError)?.resultCode == .SQLITE_IOERR
        }
    }
}
