internal import CLibPQ
internal import Pawl

/// Makes a connection, step by step, so that no thread waits.
///
/// Sendable although it is not guarded by types: all that changes is touched on the reactor's thread
/// alone.
final class Connecting: Reactor.Watched, @unchecked Sendable {
    typealias Outcome = Result<Unchecked<OpaquePointer>, PostgresFailure>

    private let reactor = Reactor.shared
    private let done: @Sendable (Outcome) -> Void
    private var connection: OpaquePointer?
    private(set) var interest: Reactor.Interest = .writing
    private(set) var deadline: ContinuousClock.Instant?
    private var timeout: Duration = .zero

    private init(done: @escaping @Sendable (Outcome) -> Void) {
        self.done = done
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - url: A URL or another connection string of libpq; what it leaves out comes from `PG*`
    ///     variables of the environment.
    ///   - timeout: How long it may take.
    /// - Returns: The connection, in non-blocking mode.
    /// - Throws: ``PostgresFailure`` of the stage `connecting`.
    static func connect(
        to url: String, timeout: Duration
    ) async throws(PostgresFailure) -> Unchecked<OpaquePointer> {
        let result = await withCheckedContinuation { continuation in
            let connecting = Connecting { continuation.resume(returning: $0) }
            Reactor.shared.perform { connecting.start(url, timeout: timeout) }
        }
        return try result.get()
    }

    /// What the URL may override, the URL, and what it may not.
    ///
    /// A server that has vanished is noticed by the kernel within half a minute. Standbys are
    /// left alone: they can't be written to, and what they answer may be old.
    private static func keywords(_ url: String) -> [(String, String)] {
        [
            ("application_name", "pawl"), ("keepalives_idle", "10"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
            ("target_session_attrs", "read-write"), ("dbname", url), ("client_encoding", "UTF8"),
        ]
    }

    private func start(_ url: String, timeout: Duration) {
        let keywords = Self.keywords(url)
        connection = withCStrings(keywords.map(\.0)) { names in
            withCStrings(keywords.map(\.1)) { values in PQconnectStartParams(names, values, 1) }
        }
        guard let connection else { return end(.failure(.init(.connecting, "out of memory"))) }
        // Of a failed attempt nothing else tells SQLSTATE.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard PQstatus(connection) != CONNECTION_BAD else { return fail() }
        self.timeout = timeout
        deadline = .now + timeout
        reactor.watch(self)
    }

    func losePatience() {
        fail("no connection was made within \(timeout).")
    }

    var socket: Int32 { connection.map(PQsocket) ?? -1 }

    func ready() {
        guard let connection else { return }
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_READING: interest = .reading
        case PGRES_POLLING_WRITING: interest = .writing
        case PGRES_POLLING_OK:
            PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
            guard PQsetnonblocking(connection, 1) == 0 else { return fail() }
            end(.success(Unchecked(connection)))
        default: fail()
        }
    }

    private func fail(_ why: String? = nil) {
        guard let connection else { return }
        let message = why ?? String(cString: PQerrorMessage(connection))
        let failure = PostgresFailure(.connecting, state: Self.state(in: message), message)
        PQfinish(connection)
        end(.failure(failure))
    }

    private func end(_ outcome: Outcome) {
        connection = nil
        reactor.forget(self)
        done(outcome)
    }

    /// SQLSTATE, which stands after the severity: `FATAL:  28P01: password …`.
    static func state(in message: String) -> String {
        for word in message.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            guard word.count == 6, word.hasSuffix(":") else { continue }
            let state = word.dropLast()
            let isState = state.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            }
            if isState, state.contains(where: \.isNumber) { return String(state) }
        }
        return ""
    }
}

/// Lends texts to a C function that takes an array of them with NULL at its end.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var buffer: [CChar] = []
    let starts = texts.map { text in
        defer { buffer.append(contentsOf: text.utf8CString) }
        return buffer.count
    }
    return buffer.withUnsafeBufferPointer { buffer in
        let pointers = starts.map { start in buffer.baseAddress.map { $0 + start } } + [nil]
        return pointers.withUnsafeBufferPointer { pointers in
            guard let start = pointers.baseAddress else { preconditionFailure("no texts") }
            return body(start)
        }
    }
}
