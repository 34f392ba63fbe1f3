internal import CLibPQ
internal import Pawl

/// What the server or the connection to it has reported.
struct PostgresFailure: Error, CustomStringConvertible {
    /// When it happened, which says what it did.
    enum Stage: Sendable {
        /// No connection could be made, so nothing was asked.
        case connecting
        /// The server has refused a statement, and so its transaction.
        case refused
        /// The connection broke, or the server ended the session, while an answer was due.
        case unanswered
    }

    let stage: Stage
    /// The five characters of SQLSTATE; empty if the server did not say anything.
    let state: String
    let message: String

    var description: String {
        state.isEmpty ? message : "\(message) [SQLSTATE \(state)]"
    }

    init(_ stage: Stage, state: String = "", _ message: String) {
        self.stage = stage
        self.state = state
        self.message = message.trimmed
    }

    /// Reads an error of a statement.
    init(result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }
                .map { String(cString: $0) }
        }
        let state = field("C") ?? ""
        let severity = field("V") ?? field("S") ?? ""
        var message = field("M") ?? String(cString: PQresultErrorMessage(result))
        if let detail = field("D") { message += " (\(detail))" }
        // An ERROR has rolled back. With FATAL and PANIC the session has ended, possibly after its
        // commit was written and before it was answered.
        self.init(severity == "ERROR" ? .refused : .unanswered, state: state, message)
    }

    /// A condition that a statement was to check does not hold; see `SQL.guard`.
    var isGuard: Bool { stage == .refused && state == "22012" }

    /// Two transactions have locked the same rows in another order, or could not be made serial.
    var isCollision: Bool { stage == .refused && (state == "40P01" || state == "40001") }

    /// Whether the statement as it is was what the server objected to.
    var isAboutData: Bool {
        stage == .refused && ["22", "23", "54"].contains { state.hasPrefix($0) }
    }

    /// Whether one of several calls may be to blame, and the others not: it can't be stored, or it
    /// waits for a lock that somebody keeps.
    var isAboutOne: Bool {
        isAboutData || (stage == .refused && (state == "55P03" || state == "57014"))
    }

    /// Whether another connection may do better: this one leads to a server that only reads, is
    /// shutting down, or has sent something that was not understood.
    var condemnsConnection: Bool {
        stage != .refused || state == "25006" || state.hasPrefix("57P") || state.hasPrefix("08")
    }

    /// The failure as the caller of a store or a transport gets it.
    ///
    /// - Parameter place: Which database.
    /// - Returns: The error, with what to do about it.
    func backendError(at place: String) -> BackendError {
        BackendError(effect, "\(place): \(advice)", underlying: self)
    }

    private var effect: BackendError.Effect {
        switch stage {
        case .connecting: .didNotHappen
        case .unanswered: .mayHaveHappened
        case .refused: isAboutData && !isGuard ? .canNeverHappen : .didNotHappen
        }
    }

    private var advice: String {
        switch state {
        case "28P01", "28000":
            "the server does not let this user in. Check user, password and certificate in the "
                + "URL or in PGUSER, PGPASSWORD and the like, and the server's pg_hba.conf."
        case "3D000": "there is no such database. Create it, or check the URL."
        case "53300":
            "the server has no connection left. Give it a larger max_connections, or the services "
                + "fewer `connections`."
        case "53100": "the server's disk is full. Make room; work goes on by itself."
        case "57014":
            "a statement took longer than the option `statementTimeout`. Look for what holds locks "
                + "in pg_stat_activity."
        case "55P03", "40P01", "40001": "other transactions stood in the way. Trying again helps."
        case "57P01", "57P02", "57P03", "57P05": "the server is going down or coming up."
        case "25006":
            "the server only reads: it is a standby, or default_transaction_read_only "
                + "is on. Connect to the primary."
        case "42501":
            "this user lacks a privilege. Grant USAGE on the schema and SELECT, INSERT, UPDATE and "
                + "DELETE on its tables, and USAGE on its sequences."
        case "42P01", "3F000", "42703", "42883":
            "the tables are not as this version needs them. Run `pawl migrate`."
        default: plainAdvice
        }
    }

    private var plainAdvice: String {
        switch stage {
        case .connecting: "no connection. Is the server running, and are host and port right?"
        case .unanswered: "the connection was lost before the answer came."
        case .refused:
            isAboutData ? "the server can't store this value." : "the server refused a statement."
        }
    }
}

extension String {
    /// Without white space at its end, which libpq's messages have.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
