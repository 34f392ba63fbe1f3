internal import CLibPQ
internal import Pawl
internal import Synchronization

/// One connection to the server. Statements go out in a pipeline and are answered together, and no
/// thread waits for that.
///
///     run ──▶ send all, one sync ──▶ socket can be read ──▶ take results … sync ──▶ answered
///                  ▲ socket can be written, while libpq has more to send
///
/// Sendable although it is not guarded by types: all that changes is touched on the reactor's thread
/// alone.
final class Wire: Reactor.Watched, @unchecked Sendable {
    /// Some statements, and who waits for the answers.
    private struct Job {
        let steps: [Bound]
        let done: @Sendable (Result<[Answer], PostgresFailure>) -> Void
        /// What results are due, in order: a statement that is being prepared, or an answer.
        var due: ArraySlice<Due> = []
        /// Whether the server may have got any of it.
        var isSent = false
        var answers: [Answer] = []
        var failure: PostgresFailure?
    }

    private enum Due {
        case prepared(SQL)
        case answer
    }

    private let reactor = Reactor.shared
    private let texts: StatementTexts
    private let patience: Duration
    private let broken = Atomic<Bool>(false)
    private var connection: OpaquePointer?
    private var hasMoreToSend = false
    private(set) var deadline: ContinuousClock.Instant?
    private var prepared: Set<SQL> = []
    private var jobs: [Job] = []
    private var heard: (@Sendable (String?) -> Void)?

    /// Takes over a connection that is established.
    ///
    /// - Parameters:
    ///   - connection: The connection, in non-blocking mode; only this object uses it from now on.
    ///   - texts: The statements' texts.
    ///   - patience: After which time without an answer the connection is given up.
    init(_ connection: OpaquePointer, texts: StatementTexts, patience: Duration) {
        self.connection = connection
        self.texts = texts
        self.patience = patience
        PQenterPipelineMode(connection)
        reactor.perform { self.reactor.watch(self) }
    }

    var socket: Int32 { connection.map(PQsocket) ?? -1 }

    var interest: Reactor.Interest { hasMoreToSend ? [.reading, .writing] : .reading }

    /// Whether it can't be used any more.
    var isBroken: Bool { broken.load(ordering: .acquiring) }

    /// Runs statements, one after the other and in one transaction unless they say otherwise.
    ///
    /// - Returns: An answer for each.
    func run(_ steps: [Bound]) async throws(PostgresFailure) -> [Answer] {
        let result = await withCheckedContinuation { continuation in
            post(steps) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Runs statements after those that were posted before, and calls back on the reactor's thread.
    func post(
        _ steps: [Bound],
        done: @escaping @Sendable (Result<[Answer], PostgresFailure>) -> Void
    ) {
        reactor.perform { [self] in
            jobs.append(Job(steps: steps, done: done))
            if jobs.count == 1 { begin() }
        }
    }

    /// Calls back on the reactor's thread whenever the server has a notification, with its payload; with `nil`
    /// when the connection is lost.
    func listen(_ heard: @escaping @Sendable (String?) -> Void) {
        reactor.perform { [self] in
            self.heard = heard
            if connection == nil { heard(nil) }
        }
    }

    /// Closes the connection; what is under way fails. It has to be called: the reactor keeps it.
    func close() {
        reactor.perform { self.lose("it was closed.") }
    }

    private func begin() {
        guard let connection, var job = jobs.first else {
            return lose("it is closed.")
        }
        job.isSent = true
        jobs[0] = job
        // A statement may occur twice, and is prepared once.
        var known = prepared
        for step in job.steps {
            if case .prepared(let statement) = step.statement, known.insert(statement).inserted {
                guard
                    PQsendPrepare(connection, statement.name, texts[statement], 0, nil) == 1
                else { return lose(lastError) }
                job.due.append(.prepared(statement))
            }
            guard send(step, on: connection) else { return lose(lastError) }
            job.due.append(.answer)
        }
        guard PQpipelineSync(connection) == 1 else { return lose(lastError) }
        jobs[0] = job
        deadline = .now + patience
        flush()
    }

    private func send(_ step: Bound, on connection: OpaquePointer) -> Bool {
        let parameters = step.parameters
        let lengths = parameters.places.map { Int32($0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: lengths.count)
        return parameters.buffer.withUnsafeBytes { buffer in
            // An empty buffer has no address, but an empty value is not NULL.
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return withUnsafePointer(to: CChar(0)) { nothing in
                let values = parameters.places.map { place in
                    place.map { (start ?? nothing) + $0.lowerBound }
                }
                let count = Int32(values.count)
                return switch step.statement {
                case .prepared(let statement):
                    PQsendQueryPrepared(
                        connection, statement.name, count, values, lengths, formats, 1) == 1
                case .plain(let text):
                    PQsendQueryParams(
                        connection, text, count, nil, values, lengths, formats, 1) == 1
                }
            }
        }
    }

    /// A server that stands still keeps its sockets open.
    func losePatience() {
        lose("there was no answer within \(patience).")
    }

    private func flush() {
        guard let connection else { return }
        let left = PQflush(connection)
        if left < 0 { return lose(lastError) }
        hasMoreToSend = left > 0
    }

    func ready() {
        guard let connection else { return }
        guard PQconsumeInput(connection) == 1 else { return lose(lastError) }
        flush()
        takeResults()
        takeNotifications()
    }

    private func takeResults() {
        while let connection, !jobs.isEmpty, PQisBusy(connection) == 0 {
            // Between the results of two statements there is a `nil`.
            guard let result = PQgetResult(connection) else { continue }
            if take(result) { finish() }
        }
    }

    /// Takes a result over.
    ///
    /// - Returns: Whether it was the last of its job.
    private func take(_ result: OpaquePointer) -> Bool {
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            return true
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
            switch jobs[0].due.popFirst() {
            case .prepared(let statement)?:
                prepared.insert(statement)
                PQclear(result)
            case .answer?, nil: jobs[0].answers.append(Answer(result))
            }
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        default:
            if jobs[0].failure == nil { jobs[0].failure = PostgresFailure(result: result) }
            PQclear(result)
        }
        return false
    }

    private func finish() {
        let job = jobs.removeFirst()
        deadline = nil
        if let failure = job.failure {
            if failure.condemnsConnection { lose(failure.message) }
            job.done(.failure(failure))
        } else {
            job.done(.success(job.answers))
        }
        if !jobs.isEmpty { begin() }
    }

    private func takeNotifications() {
        while let connection, let notification = PQnotifies(connection) {
            let payload = String(cString: notification.pointee.extra)
            PQfreemem(notification)
            heard?(payload)
        }
    }

    private var lastError: String {
        connection.map { String(cString: PQerrorMessage($0)) } ?? "it is closed."
    }

    /// Ends it: whoever waits is told that nothing more will come.
    private func lose(_ why: String) {
        deadline = nil
        broken.store(true, ordering: .releasing)
        if let connection {
            self.connection = nil
            reactor.forget(self)
            PQfinish(connection)
            heard?(nil)
        }
        let lost = jobs
        jobs = []
        for job in lost {
            // A server that has begun to answer may have committed all the same.
            let failure =
                job.failure ?? PostgresFailure(job.isSent ? .unanswered : .connecting, why)
            job.done(.failure(failure))
        }
    }
}

/// Carries a pointer to the one place that frees it.
struct Unchecked<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
