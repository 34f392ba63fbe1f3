internal import Pawl

/// Makes the tables, or brings them to what this version needs.
struct Migration {
    let pool: Pool

    private var schema: String { StatementTexts.quoted(pool.options.schema) }

    /// What each version of the tables adds to the one before it. A version that was released is
    /// never changed.
    private static let versions: [[String]] = [
        [
            """
            CREATE TABLE @.documents (
                kind text COLLATE "C" NOT NULL,
                partition text COLLATE "C" NOT NULL,
                id text COLLATE "C" NOT NULL,
                version bigint NOT NULL,
                body text,
                ledger bytea,
                expires bigint,
                PRIMARY KEY (kind, partition, id)
            ) WITH (fillfactor = 80, @busy)
            """,
            "CREATE INDEX documents_expiry ON @.documents (expires) WHERE expires IS NOT NULL",
            """
            CREATE TABLE @.queues (
                id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name text COLLATE "C" NOT NULL UNIQUE
            )
            """,
            """
            CREATE TABLE @.subscriptions (
                endpoint text COLLATE "C" NOT NULL,
                type text COLLATE "C" NOT NULL,
                at bigint NOT NULL,
                PRIMARY KEY (endpoint, type)
            )
            """,
            """
            CREATE TABLE @.messages (
                queue integer NOT NULL,
                seq bigint GENERATED ALWAYS AS IDENTITY,
                visible bigint NOT NULL DEFAULT 0,
                lease bigint,
                attempt integer NOT NULL DEFAULT 0,
                local boolean NOT NULL,
                message bytea NOT NULL,
                PRIMARY KEY (queue, seq)
            ) WITH (fillfactor = 60, @busy)
            """,
            // Compressing costs more time than it saves for what lives so shortly.
            "ALTER TABLE @.messages ALTER message SET STORAGE EXTERNAL",
            """
            CREATE TABLE @.delayed (
                queue integer NOT NULL,
                visible bigint NOT NULL,
                seq bigint GENERATED ALWAYS AS IDENTITY,
                attempt integer NOT NULL DEFAULT 0,
                local boolean NOT NULL,
                message bytea NOT NULL,
                PRIMARY KEY (queue, visible, seq)
            ) WITH (@busy)
            """,
            """
            CREATE TABLE @.processed (
                endpoint text COLLATE "C" NOT NULL,
                id bytea NOT NULL,
                at bigint NOT NULL,
                PRIMARY KEY (endpoint, id)
            ) WITH (autovacuum_vacuum_cost_delay = 0)
            """,
            "CREATE INDEX processed_at ON @.processed (at)",
        ]
    ]

    /// For tables whose rows come and go: dead ones are removed early, since whoever takes
    /// messages has to pass them.
    private static let busy = """
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, \
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.5, \
        autovacuum_vacuum_cost_delay = 0
        """

    /// What this version of Pawl needs.
    static var newest: Int64 { Int64(versions.count) }

    /// Sees to it that the tables are as they have to be.
    ///
    /// - Parameter setup: Whether they may be made or changed.
    /// - Returns: The version of the tables before; 0 if there were none.
    /// - Throws: `BackendError` if they are not, or can't be made so.
    @discardableResult
    func run(_ setup: PostgresOptions.Setup) async throws(BackendError) -> Int64 {
        // Without a change first, which a role may not be allowed to try.
        let found = try await version()
        if found == Self.newest { return found }
        try refuseNewer(found)
        guard setup == .migrate else {
            throw BackendError(
                .didNotHappen,
                "\(pool.place): the tables in schema \(schema) "
                    + (found == 0 ? "are missing" : "have version \(found), not \(Self.newest)")
                    + ". Run `pawl migrate` with a role that may create them.")
        }
        return try await migrate()
    }

    private func migrate() async throws(BackendError) -> Int64 {
        let (name, schema) = (pool.options.schema, schema)
        let outcome = try await pool.use { (wire) throws(PostgresFailure) in
            _ = try await wire.run([
                Bound(.begin), Bound(.waitForLocks),
                // One process after the other; those that come later find it done.
                Bound(text: "SELECT pg_advisory_xact_lock(hashtextextended('pawl.migrate', 0))"),
            ])
            do throws(PostgresFailure) {
                let found = try await Self.version(on: wire, in: name)
                if found >= Self.newest {
                    _ = try await wire.run([Bound(.rollback)])
                    return found
                }
                _ = try await wire.run(Self.steps(from: found, in: schema) + [Bound(.commit)])
                return found
            } catch {
                // What failed is what counts; a connection that can't even roll back is broken.
                _ = try? await wire.run([Bound(.rollback)])
                throw error
            }
        }
        try refuseNewer(outcome)
        return outcome
    }

    private static func steps(from found: Int64, in schema: String) -> [Bound] {
        var texts: [String] = []
        if found == 0 {
            texts += [
                "CREATE SCHEMA IF NOT EXISTS \(schema)",
                "CREATE TABLE \(schema).meta (version bigint NOT NULL)",
                "INSERT INTO \(schema).meta VALUES (0)",
            ]
        }
        for version in versions[Int(found)...] {
            texts += version.map {
                $0.replacing("@.", with: schema + ".").replacing("@busy", with: busy)
            }
        }
        texts.append("UPDATE \(schema).meta SET version = \(newest)")
        return texts.map { Bound(text: $0) }
    }

    private func version() async throws(BackendError) -> Int64 {
        let name = pool.options.schema
        return try await pool.use { (wire) throws(PostgresFailure) in
            try await Self.version(on: wire, in: name)
        }
    }

    private static func version(
        on wire: Wire, in name: String
    ) async throws(PostgresFailure) -> Int64 {
        let exists = try await wire.run([
            // Not `to_regclass`, which may answer from before the lock was got.
            Bound(
                text: """
                    SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n
                        ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'meta')
                    """
            ) { $0.add(name) }
        ])
        guard exists[0].first?.flag(0) == true else { return 0 }
        let answer = try await wire.run([
            Bound(text: "SELECT max(version)::int8 FROM \(StatementTexts.quoted(name)).meta")
        ])
        guard let row = answer[0].first, !row.isNull(0) else { return 0 }
        return row.integer(0)
    }

    private func refuseNewer(_ found: Int64) throws(BackendError) {
        guard found > Self.newest else { return }
        throw BackendError(
            .canNeverHappen,
            "\(pool.place): the tables in schema \(schema) have version \(found), and this "
                + "version of Pawl knows them up to \(Self.newest). Deploy a newer Pawl.")
    }
}
