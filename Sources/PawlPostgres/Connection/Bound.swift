/// A statement with its parameters.
struct Bound: Sendable {
    enum Statement: Sendable {
        /// One of ours, which each connection prepares once.
        case prepared(SQL)
        /// A text that is sent as it is.
        case plain(String)
    }

    let statement: Statement
    let parameters: Parameters

    init(_ statement: SQL, _ fill: (inout Parameters) -> Void = { _ in }) {
        self.init(.prepared(statement), fill)
    }

    init(text: String, _ fill: (inout Parameters) -> Void = { _ in }) {
        self.init(.plain(text), fill)
    }

    private init(_ statement: Statement, _ fill: (inout Parameters) -> Void) {
        self.statement = statement
        var parameters = Parameters()
        fill(&parameters)
        self.parameters = parameters
    }
}
