internal import CLibPQ
internal import Foundation
internal import Pawl

/// Makes a connection, on a thread of its own, which ends with that: libpq asks for addresses, and
/// for tickets of Kerberos, by calls that wait.
enum Connecting {
    typealias Outcome = Result<Unchecked<OpaquePointer>, PostgresFailure>

    /// Connects.
    ///
    /// - Parameters:
    ///   - url: A URL or another connection string of libpq; what it leaves out comes from `PG*`
    ///     variables of the environment.
    ///   - timeout: How long it may take, but for the time in which addresses are looked up.
    /// - Returns: The connection, in non-blocking mode.
    /// - Throws: ``PostgresFailure`` of the stage `connecting`.
    static func connect(
        to url: String, timeout: Duration
    ) async throws(PostgresFailure) -> Unchecked<OpaquePointer> {
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: connectNow(to: url, timeout: timeout))
            }
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

    private static func connectNow(to url: String, timeout: Duration) -> Outcome {
        let keywords = keywords(url)
        let begun = withCStrings(keywords.map(\.0)) { names in
            withCStrings(keywords.map(\.1)) { values in PQconnectStartParams(names, values, 1) }
        }
        guard let connection = begun else { return .failure(.init(.connecting, "out of memory")) }
        // Of a failed attempt nothing else tells SQLSTATE; which is why it is done step by step.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        var message: String?
        if !follow(connection, until: .now + timeout) {
            message = "no connection was made within \(timeout)."
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        guard PQstatus(connection) == CONNECTION_OK, PQsetnonblocking(connection, 1) == 0 else {
            let message = message ?? String(cString: PQerrorMessage(connection))
            PQfinish(connection)
            return .failure(.init(.connecting, state: state(in: message), message))
        }
        return .success(Unchecked(connection))
    }

    /// Takes all steps of making a connection, as far as it comes.
    ///
    /// - Returns: Whether it was in time.
    private static func follow(
        _ connection: OpaquePointer, until deadline: ContinuousClock.Instant
    ) -> Bool {
        var events = Int16(POLLOUT)
        while PQstatus(connection) != CONNECTION_BAD {
            var descriptor = pollfd(fd: PQsocket(connection), events: events, revents: 0)
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0, poll(&descriptor, 1, Int32(min(left, 1e6).rounded(.up))) != 0 else {
                return false
            }
            switch PQconnectPoll(connection) {
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: return true
            }
        }
        return true
    }

    /// SQLSTATE, which stands after the severity: `FATAL:  28P01: password …`.
    private static func state(in message: String) -> String {
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
