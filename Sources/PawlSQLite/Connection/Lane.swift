internal import GRDB
internal import Pawl
internal import Synchronization

/// Runs operations on one connection, in rounds: what has come while one round was on its way
/// makes up the next one, and shares its transaction and its disk sync.
///
/// ```
///   perform ──▶ waiting ─┐                          ┌─▶ each gets its own answer
///   perform ──▶ waiting ─┼─▶ BEGIN · each · COMMIT ─┤
///   perform ──▶ waiting ─┘   (on GRDB's queue)      └─▶ meanwhile: waiting ─▶ next round
/// ```
///
/// There is no timer and no task: the first one that has to wait schedules a drain on GRDB's
/// serial queue, and the drain goes on until nobody waits. An idle file costs nothing, and a
/// single call waits for nobody.
///
/// A read that finds nobody at work is done on the caller's own thread: it takes a few
/// microseconds, and to wake another thread takes many. So is a write that finds nobody at work,
/// alone, while writes come one at a time and the disk is quick: to wake the connection's thread,
/// and the caller's again, takes as long as such a disk does. It waits for no other process there.
final class Lane: Sendable {
    /// The largest number of operations in one round, so that none waits for very long.
    static let largestRound = 512
    /// A disk that takes longer for a write is not worth holding up the caller's thread.
    private static let quick: Duration = .milliseconds(1)
    /// After so many single operations writes are thought to come one at a time. A busy endpoint
    /// has a single one now and then, and would lose a thread that handles messages to it.
    private static let calm = 4

    private struct Operation: Sendable {
        /// Does the work and returns how to tell its caller, once it is committed.
        let attempt: @Sendable (Connection) throws -> @Sendable () -> Void
        let fail: @Sendable (BackendError) -> Void
    }

    private struct State {
        var waiting: [Operation] = []
        var isDraining = false
        var wantsLook = false
        var dataVersion: Int64?
        /// How many of the last rounds had one operation each and took no time worth mentioning.
        var shortRounds = Lane.calm
        var isCalm: Bool { shortRounds >= Lane.calm }
    }

    /// What is needed to take turns with other processes.
    struct Turns {
        let turnstile: Turnstile
        let haste: Haste
    }

    private let queue: DatabaseQueue
    /// The connection, with its prepared statements. Touched on GRDB's serial queue only.
    nonisolated(unsafe) private var connection: Connection?
    private let beginning: SQL
    /// `nil` for a connection that reads.
    private let turns: Turns?
    private let shared: Shared
    private let state = Mutex(State())
    /// Called after a commit that rang bells, so that other processes hear them too.
    private let announce: @Sendable () -> Void

    private let metrics: FileMetrics?
    private var writes: Bool { turns != nil }

    init(
        _ queue: DatabaseQueue, begin: SQL, turns: Turns? = nil, shared: Shared,
        announce: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        beginning = begin
        self.turns = turns
        metrics = turns == nil ? nil : FileMetrics(path: queue.path)
        self.shared = shared
        self.announce = announce
    }

    /// Runs an operation in the next round.
    ///
    /// - Parameter work: What to do. It may run twice, in which case the first time was undone. It
    ///   throws a `BackendError` only while it has not written anything: such an error ends this
    ///   operation, not the round.
    /// - Returns: What `work` returned, once it is committed.
    /// - Throws: `BackendError`.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable (Connection) throws -> Value
    ) async throws(BackendError) -> Value {
        if !writes, let result = readAtOnce(work) { return try result.get() }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, BackendError>, Never>) in
            add(
                Operation(
                    attempt: { connection in
                        let value = try work(connection)
                        return { continuation.resume(returning: .success(value)) }
                    },
                    fail: { continuation.resume(returning: .failure($0)) }))
        }
        return try result.get()
    }

    /// Reads on the caller's thread, unless somebody is at work on the connection, or is likely to
    /// be in a moment.
    func readAtOnce<Value: Sendable>(
        _ work: (Connection) throws -> Value
    ) -> Result<Value, BackendError>? {
        let isFree = state.withLock { state in
            guard !state.isDraining, state.isCalm else { return false }
            state.isDraining = true
            return true
        }
        guard isFree else { return nil }
        // One statement is a transaction of its own.
        let result: Result<Value, BackendError> = queue.inDatabase { database in
            do {
                let connection = use(database)
                connection.lookAtTheClock()
                return .success(try work(connection))
            } catch let refusal as BackendError {
                return .failure(refusal)
            } catch {
                return .failure(SQLiteFailure(error).backendError(at: .work, file: queue.path))
            }
        }
        leave()
        return result
    }

    /// Writes on the caller's thread, alone. Nobody else is at work on the connection.
    private func writeHere(_ operation: Operation, taking turns: Turns) {
        let telling: Telling? = queue.inDatabase { database in
            turns.haste.isOn = true
            defer { turns.haste.isOn = false }
            return commit([operation], on: use(database), inHaste: true)
        }
        guard let telling else {
            // Another process writes. To wait for it would hold up a thread that runs tasks.
            state.withLock { $0.waiting.insert(operation, at: 0) }
            return scheduleDrain()
        }
        // First, so that those who are told find nobody at work.
        leave()
        tell(telling)
    }

    /// Leaves the connection to those who have come meanwhile.
    private func leave() {
        let isOver = state.withLock { state in
            guard state.waiting.isEmpty, !state.wantsLook else { return false }
            state.isDraining = false
            return true
        }
        if !isOver { scheduleDrain() }
    }

    /// Rings all bells if another connection has committed since the last look. Takes no lock.
    func look() {
        let isFirst = state.withLock { state in
            state.wantsLook = state.isDraining
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard isFirst else { return }
        queue.inDatabase { look(on: use($0)) }
        leave()
    }

    /// How many operations wait for the next round.
    var waitingOperations: Int { state.withLock { $0.waiting.count } }

    private func add(_ operation: Operation) {
        let (isFirst, isShort) = state.withLock { state in
            defer { state.isDraining = true }
            if !state.isDraining, writes, state.isCalm { return (true, true) }
            state.waiting.append(operation)
            return (!state.isDraining, false)
        }
        guard isFirst else { return }
        if isShort, let turns { writeHere(operation, taking: turns) } else { scheduleDrain() }
    }

    /// GRDB's callback interface: unlike its `async` one it is not ended by the cancellation of a
    /// task, so every operation's outcome is known.
    private func scheduleDrain() {
        queue.asyncWriteWithoutTransaction { self.drain(self.use($0)) }
    }

    /// The connection, which is the same each time.
    private func use(_ database: GRDB.Database) -> Connection {
        if let connection { return connection }
        let connection = Connection(database, shared)
        self.connection = connection
        return connection
    }

    private func drain(_ connection: Connection) {
        while let (round, wantsLook) = nextRound() {
            if wantsLook { look(on: connection) }
            if !round.isEmpty, let telling = commit(round, on: connection) { tell(telling) }
        }
    }

    private func nextRound() -> (round: [Operation], wantsLook: Bool)? {
        state.withLock { state in
            if state.waiting.isEmpty && !state.wantsLook {
                state.isDraining = false
                return nil
            }
            defer { state.wantsLook = false }
            var round: [Operation] = []
            if state.waiting.count <= Self.largestRound {
                swap(&round, &state.waiting)
            } else {
                round = Array(state.waiting.prefix(Self.largestRound))
                state.waiting.removeFirst(round.count)
            }
            return (round, state.wantsLook)
        }
    }

    private func look(on connection: Connection) {
        // An error here shows itself in the next operation, and receivers look by themselves.
        guard let version = try? connection.first(.dataVersion, as: { $0.integer(0) }) else {
            return
        }
        let isNews = state.withLock { state in
            defer { state.dataVersion = version }
            return state.dataVersion != version
        }
        if isNews { shared.bells.ringAll() }
    }

    /// What is to be said after a round.
    private struct Telling {
        var answers: [@Sendable () -> Void] = []
        var takings: [Taking] = []
        var queuesToRing: Set<Int64> = []
    }

    /// Runs a round.
    ///
    /// - Returns: What is to be said then; `nil` if it was in haste and would have had to wait.
    private func commit(
        _ round: [Operation], on connection: Connection, inHaste: Bool = false
    ) -> Telling? {
        var telling = Telling()
        telling.answers.reserveCapacity(round.count)
        do {
            guard try begin(on: connection, inHaste: inHaste) else { return nil }
            for operation in round {
                telling.answers.append(try attempt(operation, on: connection))
            }
            telling.takings = try connection.closeTakings()
        } catch {
            connection.rollBack()
            return repeatAlone(round, after: SQLiteFailure(error), on: connection)
        }
        do {
            try connection.run(.commit)
        } catch {
            connection.rollBack()
            for taking in telling.takings { taking.undo() }
            return failing(round, error.backendError(at: .commit, file: queue.path))
        }
        metrics?.count(operations: round.count, changes: connection.changesOfThisRound)
        telling.queuesToRing = connection.takeQueuesToRing()
        let isShort = round.count == 1 && connection.timeOfThisRound < Self.quick
        if writes { state.withLock { $0.shortRounds = isShort ? $0.shortRounds + 1 : 0 } }
        return telling
    }

    private func failing(_ round: [Operation], _ error: BackendError) -> Telling {
        Telling(answers: round.map { operation in { operation.fail(error) } })
    }

    /// Begins a round, unless that was to be in haste and another process is at it.
    private func begin(on connection: Connection, inHaste: Bool) throws(SQLiteFailure) -> Bool {
        let isTurn = turns?.turnstile.enter()
        if inHaste, isTurn == false { return false }
        defer { turns?.turnstile.leave() }
        do {
            try connection.begin(beginning)
            return true
        } catch  where inHaste && error.isBusy {
            return false
        }
    }

    private func attempt(
        _ operation: Operation, on connection: Connection
    ) throws -> @Sendable () -> Void {
        do {
            return try operation.attempt(connection)
        } catch let refusal as BackendError {
            return { operation.fail(refusal) }
        }
    }

    /// One operation failed in SQLite itself, and its round is undone: each one again, in a
    /// transaction of its own, so that none pays for another.
    private func repeatAlone(
        _ round: [Operation], after failure: SQLiteFailure, on connection: Connection
    ) -> Telling {
        guard round.count > 1, !failure.isBusy else {
            return failing(round, failure.backendError(at: .work, file: queue.path))
        }
        for operation in round {
            if let telling = commit([operation], on: connection) { tell(telling) }
        }
        return Telling()
    }

    /// Receivers first, since what they do takes longest; other processes last.
    private func tell(_ telling: Telling) {
        for taking in telling.takings { taking.deliver() }
        shared.bells.ring(telling.queuesToRing)
        for answer in telling.answers { answer() }
        // Other processes need not wake up for a queue that has been emptied already. What was sent
        // for later is this process's to wait for; should it die, they find it by their slow look.
        let emptied = telling.takings.filter(\.isAll).map(\.queue)
        if !telling.queuesToRing.subtracting(emptied).isEmpty { announce() }
    }
}
