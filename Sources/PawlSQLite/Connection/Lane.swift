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
/// microseconds, and to wake another thread takes many. A write never is, since it waits for the
/// disk.
final class Lane: Sendable {
    /// The largest number of operations in one round, so that none waits for very long.
    static let largestRound = 512

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
    }

    private let queue: DatabaseQueue
    /// The connection, with its prepared statements. Touched on GRDB's serial queue only.
    nonisolated(unsafe) private var connection: Connection?
    private let beginning: SQL
    private let turnstile: Turnstile?
    private let shared: Shared
    private let state = Mutex(State())
    /// Called after a commit that rang bells, so that other processes hear them too.
    private let announce: @Sendable () -> Void

    private let metrics: FileMetrics?
    private var writes: Bool { turnstile != nil }

    init(
        _ queue: DatabaseQueue, begin: SQL, turnstile: Turnstile? = nil, shared: Shared,
        announce: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        beginning = begin
        self.turnstile = turnstile
        metrics = turnstile == nil ? nil : FileMetrics(path: queue.path)
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

    /// Reads on the caller's thread, unless somebody is at work on the connection.
    private func readAtOnce<Value: Sendable>(
        _ work: (Connection) throws -> Value
    ) -> Result<Value, BackendError>? {
        let isFree = state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
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
        let isOver = state.withLock { state in
            guard state.waiting.isEmpty, !state.wantsLook else { return false }
            state.isDraining = false
            return true
        }
        if !isOver { scheduleDrain() }
        return result
    }

    /// Rings all bells if another connection has committed since the last look. Takes no lock.
    func look() {
        let isFirst = state.withLock { state in
            state.wantsLook = true
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if isFirst { scheduleDrain() }
    }

    /// How many operations wait for the next round.
    var waitingOperations: Int { state.withLock { $0.waiting.count } }

    private func add(_ operation: Operation) {
        let isFirst = state.withLock { state in
            state.waiting.append(operation)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if isFirst { scheduleDrain() }
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
            if !round.isEmpty { commit(round, on: connection) }
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

    private func commit(_ round: [Operation], on connection: Connection) {
        var answers: [@Sendable () -> Void] = []
        answers.reserveCapacity(round.count)
        var takings: [Taking] = []
        do {
            try begin(on: connection)
            for operation in round { answers.append(try attempt(operation, on: connection)) }
            try takeForReceivers(on: connection, &takings)
        } catch {
            connection.rollBack()
            undo(takings)
            return repeatAlone(round, after: SQLiteFailure(error), on: connection)
        }
        do {
            try connection.run(.commit)
        } catch {
            connection.rollBack()
            undo(takings)
            let error = error.backendError(at: .commit, file: queue.path)
            for operation in round { operation.fail(error) }
            return
        }
        metrics?.count(operations: round.count, changes: connection.changesOfThisRound)
        for taking in takings { _ = taking.claim.end(taking.deliveries) }
        tell(connection, served: takings)
        for answer in answers { answer() }
    }

    /// What a round has taken for a receiver that waits.
    private struct Taking {
        let queue: Int64
        let bell: QueueBell
        let claim: StandingClaim
        var deliveries: [Delivery] = []
    }

    /// Takes what this round has sent for receivers of this process that wait for it.
    private func takeForReceivers(
        on connection: Connection, _ takings: inout [Taking]
    ) throws(SQLiteFailure) {
        for queue in connection.queuesToRing.sorted() {
            let bell = shared.bells[queue]
            guard let claim = bell.beginTaking() else { continue }
            takings.append(Taking(queue: queue, bell: bell, claim: claim))
            takings[takings.count - 1].deliveries = try claim.take(connection)
        }
        // What was sent for later is not there yet: its receiver goes on waiting.
        undo(takings.filter(\.deliveries.isEmpty))
        takings.removeAll(where: \.deliveries.isEmpty)
    }

    /// Has the receivers wait on: nothing was taken for them.
    private func undo(_ takings: [Taking]) {
        for taking in takings where taking.claim.end([]) { taking.bell.stand(taking.claim) }
    }

    private func begin(on connection: Connection) throws(SQLiteFailure) {
        turnstile?.enter()
        defer { turnstile?.leave() }
        try connection.begin(beginning)
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
    ) {
        guard round.count > 1, !failure.isBusy else {
            let error = failure.backendError(at: .work, file: queue.path)
            for operation in round { operation.fail(error) }
            return
        }
        for operation in round { commit([operation], on: connection) }
    }

    private func tell(_ connection: Connection, served takings: [Taking]) {
        if connection.queuesToRing.isEmpty { return }
        shared.bells.ring(connection.queuesToRing)
        // Other processes need not wake up for a queue that has been emptied already. What was sent
        // for later is this process's to wait for; should it die, they find it by their slow look.
        let emptied = takings.filter { $0.deliveries.count < $0.claim.max }.map(\.queue)
        let isNews = !connection.queuesToRing.subtracting(emptied).isEmpty
        connection.queuesToRing = []
        if isNews { announce() }
    }
}
