import CPowerCut
import GRDB

/// One database through several power cuts, all drawn from one seed.
struct Round {
    /// How the database is kept.
    struct Settings {
        var isWAL = true
        var synchronous: Synchronous
        var ignoresSyncs = false
    }

    /// Values of `PRAGMA synchronous`.
    enum Synchronous: Int {
        case normal = 1
        case full
        case extra
    }

    let settings: Settings
    let machine: PowerCut
    private(set) var ledger = Ledger()
    private var chance: Chance

    init(seed: UInt64, settings: Settings) throws {
        self.settings = settings
        chance = Chance(seed: seed)
        machine = try PowerCut.install()
        if settings.ignoresSyncs { machine.ignoreSyncs() }
    }

    /// Works until the power is cut and looks at what is left, up to `cuts` times. Stops at the
    /// first outcome that is not complete.
    mutating func run(cuts: Int = 4) throws -> Ledger.Outcome {
        for _ in 0..<cuts {
            let operations = Int.random(in: 1...250, using: &chance)
            machine.cutAfter(operations: operations, seed: chance.next())
            try workUntilCut()
            try machine.powerOn()
            let outcome = try look()
            guard outcome == .complete else { return outcome }
        }
        return .complete
    }

    private mutating func workUntilCut() throws {
        while !machine.isOff {
            do {
                let database = try open()
                defer { try? database.close() }
                try ledger.prepare(database)
                // Now and then the database is closed in good order, and opened again.
                for _ in 0..<Int.random(in: 1...60, using: &chance) {
                    try step(database)
                }
            } catch let error as DatabaseError {
                guard machine.isOff else { throw error }
            }
        }
    }

    private mutating func step(_ database: any DatabaseWriter) throws {
        if settings.isWAL, Int.random(in: 0..<10, using: &chance) == 0 {
            let kinds: [Database.CheckpointMode] = [.passive, .full, .restart, .truncate]
            let kind = kinds[Int.random(in: 0..<kinds.count, using: &chance)]
            _ = try database.writeWithoutTransaction { db in try db.checkpoint(kind) }
        } else {
            try ledger.commit(to: database, chance: &chance)
        }
    }

    private mutating func look() throws -> Ledger.Outcome {
        do {
            let database = try open()
            defer { try? database.close() }
            return try ledger.check(database)
        } catch let error as DatabaseError {
            return .damaged("\(error)")
        }
    }

    private mutating func open() throws -> any DatabaseWriter {
        // A short WAL is checkpointed amid the commits.
        let pages = [2, 20, 1_000][Int.random(in: 0..<3, using: &chance)]
        let path = machine.path(of: "ledger.sqlite")
        let database: any DatabaseWriter =
            settings.isWAL ? try DatabasePool(path: path) : try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { [settings] db in
            // Only now: GRDB sets NORMAL when it turns on the WAL.
            try db.execute(sql: "PRAGMA synchronous = \(settings.synchronous.rawValue)")
            let effective = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            precondition(effective == settings.synchronous.rawValue)
            guard settings.isWAL else { return }
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
        }
        return database
    }
}
