/// Every statement that is sent, so that all can be read in one place. Each connection prepares
/// those that it needs.
///
/// Many rows come as one array a column. Where a statement has to find or change as many rows as
/// there are elements, it ends in a *guard*: a division by zero if there were fewer, which rolls
/// back the transaction. So what has to hold needs no answer, and all goes out in one round trip.
enum SQL: Int, CaseIterable {
    case setUp, begin, commit, rollback, relax, waitForLocks
    case notify, listen, relaxSession
    case lockRegistrations, subscriptions, insertQueue, forgetSubscription, subscribe, directory
    case readDocuments, pageOfDocuments, listDocuments
    case lookAtDocuments, updateDocuments, insertDocuments, putDocuments, deleteDocuments
    case deleteAnyDocuments, holdAbsence, sweepDocuments
    case lookAtHeld, consume, insertMessages, insertDelayed
    case promote, claim, nextVisible, acknowledge, release, postpone, extend
    case lookAtProcessed, insertProcessed, isProcessed, sweepProcessed

    /// What a connection knows the statement by.
    var name: String { "pawl_\(rawValue)" }
}

/// The statements' texts for a schema.
struct StatementTexts: Sendable {
    private let texts: [String]
    /// The schema's name as SQL has it.
    let schema: String

    init(schema name: String) {
        let schema = Self.quoted(name)
        // A name as an identifier, and the same as text.
        let channel = Self.quoted(name + ".wake")
        let bell = (name + ".wake").replacing("'", with: "''")
        self.schema = schema
        texts = SQL.allCases.map { statement in
            statement.template
                .replacing("@now", with: Self.now)
                .replacing("@channel", with: channel)
                .replacing("@bell", with: bell)
                .replacing("@.", with: schema + ".")
        }
    }

    subscript(statement: SQL) -> String { texts[statement.rawValue] }

    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// The time in microseconds: the first parameter, or else the server's. A subquery, so that it
    /// is asked once a statement.
    private static let now = """
        (SELECT coalesce($1::int8, (extract(epoch FROM statement_timestamp()) * 1000000)::int8))
        """
}

extension SQL {
    /// The text; `@.` stands for the schema and `@now` for the time.
    fileprivate var template: String {
        switch self {
        case .setUp: Self.setUpText
        case .begin: "BEGIN"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        // For what may be lost in a crash of the server, since all it does is repeat something.
        case .relax: "SELECT set_config('synchronous_commit', 'off', true)"
        // For what is done one process after the other, however many there are.
        case .waitForLocks: "SELECT set_config('lock_timeout', '0', true)"
        case .notify: "SELECT pg_notify('@bell', q) FROM unnest($1::text[]) AS q"
        case .listen: "LISTEN @channel"
        case .relaxSession: "SELECT set_config('synchronous_commit', 'off', false)"
        default: documentText ?? queueText ?? directoryText
        }
    }

    /// All of our statements go by an index from row to row. Without statistics, in an empty table
    /// that fills at once, the planner would choose to read it all.
    private static let setUpText = """
        SELECT set_config('statement_timeout', $1::int8::text, false),
            set_config('lock_timeout', '2000', false),
            set_config('idle_in_transaction_session_timeout', '10000', false),
            set_config('default_transaction_isolation', 'read committed', false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
            set_config('plan_cache_mode', 'force_generic_plan', false),
            set_config('enable_seqscan', 'off', false),
            set_config('enable_hashjoin', 'off', false),
            set_config('enable_mergejoin', 'off', false),
            set_config('jit', 'off', false)
        """

    private var directoryText: String {
        switch self {
        case .lockRegistrations:
            "SELECT pg_advisory_xact_lock(hashtextextended('@.register', 0))"
        case .subscriptions: "SELECT type, at, @now FROM @.subscriptions WHERE endpoint = $2"
        case .insertQueue:
            "INSERT INTO @.queues (name) SELECT $1 WHERE NOT EXISTS "
                + "(SELECT FROM @.queues WHERE name = $1)"
        case .forgetSubscription:
            "DELETE FROM @.subscriptions WHERE endpoint = $1 AND type = $2"
        case .subscribe:
            "INSERT INTO @.subscriptions (endpoint, type, at) VALUES ($2, $3, @now) "
                + "ON CONFLICT (endpoint, type) DO UPDATE SET at = excluded.at"
        case .directory:
            """
            SELECT q.id, q.name, s.type FROM @.queues q
            LEFT JOIN @.subscriptions s ON s.endpoint = q.name
            """
        default: preconditionFailure("\(self) has no text.")
        }
    }
}
