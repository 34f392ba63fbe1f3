extension SQL {
    /// The statements about documents and about ids that are remembered.
    var documentText: String? {
        switch self {
        case .readDocuments:
            """
            SELECT r.ord::int8, d.version, d.body, d.ledger, d.expires
            FROM unnest($2::text[], $3::text[], $4::text[])
                WITH ORDINALITY AS r (kind, partition, id, ord)
            JOIN @.documents d
                ON d.kind = r.kind AND d.partition = r.partition AND d.id = r.id
            WHERE d.expires IS NULL OR d.expires > @now
            """
        case .pageOfDocuments:
            """
            SELECT version, body, ledger, expires, partition, id FROM @.documents
            WHERE kind = $2 AND partition = $3 AND ($4::text IS NULL OR id > $4)
                AND (expires IS NULL OR expires > @now)
            ORDER BY id LIMIT $5::int8
            """
        case .listDocuments:
            """
            SELECT version, body, ledger, expires, partition, id FROM @.documents
            WHERE kind = $2 AND ($3::text IS NULL OR (partition, id) > ($3, $4::text))
                AND (expires IS NULL OR expires > @now)
            ORDER BY partition, id LIMIT $5::int8
            """
        case .sweepDocuments:
            """
            WITH expired AS MATERIALIZED (
                SELECT kind, partition, id FROM @.documents
                WHERE expires <= @now ORDER BY expires LIMIT $2::int8 FOR UPDATE SKIP LOCKED)
            DELETE FROM @.documents d USING expired e
            WHERE d.kind = e.kind AND d.partition = e.partition AND d.id = e.id
            """
        default: changeText ?? processedText
        }
    }

    /// What changes documents. Rows come sorted by key, so that two transactions with the same
    /// statements do not wait for one another; where they do, one is rolled back and looks first.
    private var changeText: String? {
        switch self {
        case .lookAtDocuments:
            """
            SELECT r.ord::int8, CASE WHEN d.expires IS NULL OR d.expires > @now
                THEN d.version END
            FROM unnest($2::text[], $3::text[], $4::text[])
                WITH ORDINALITY AS r (kind, partition, id, ord)
            JOIN @.documents d
                ON d.kind = r.kind AND d.partition = r.partition AND d.id = r.id
            FOR UPDATE OF d
            """
        case .updateDocuments:
            """
            WITH changed AS (
                UPDATE @.documents d
                SET version = w.new, body = w.body, ledger = w.ledger, expires = w.expires
                FROM unnest($2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::text[],
                        $8::bytea[], $9::int8[])
                    AS w (kind, partition, id, old, new, body, ledger, expires)
                WHERE d.kind = w.kind AND d.partition = w.partition AND d.id = w.id
                    AND d.version = w.old AND (d.expires IS NULL OR d.expires > @now)
                RETURNING 1)
            SELECT 1 / (count(*) = cardinality($2))::int FROM changed
            """
        case .insertDocuments:
            """
            WITH changed AS (
                INSERT INTO @.documents AS d (kind, partition, id, version, body, ledger, expires)
                SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::int8[], $6::text[],
                    $7::bytea[], $8::int8[])
                ON CONFLICT (kind, partition, id) DO UPDATE
                SET version = excluded.version, body = excluded.body, ledger = excluded.ledger,
                    expires = excluded.expires
                WHERE d.expires <= @now
                RETURNING 1)
            SELECT 1 / (count(*) = cardinality($2))::int FROM changed
            """
        case .putDocuments:
            """
            INSERT INTO @.documents (kind, partition, id, version, body, ledger, expires)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[],
                $6::bytea[], $7::int8[])
            ON CONFLICT (kind, partition, id) DO UPDATE
            SET version = excluded.version, body = excluded.body, ledger = excluded.ledger,
                expires = excluded.expires
            """
        case .deleteDocuments:
            """
            WITH changed AS (
                DELETE FROM @.documents d
                USING unnest($2::text[], $3::text[], $4::text[], $5::int8[])
                    AS w (kind, partition, id, old)
                WHERE d.kind = w.kind AND d.partition = w.partition AND d.id = w.id
                    AND d.version = w.old AND (d.expires IS NULL OR d.expires > @now)
                RETURNING 1)
            SELECT 1 / (count(*) = cardinality($2))::int FROM changed
            """
        case .deleteAnyDocuments:
            """
            DELETE FROM @.documents d
            USING unnest($1::text[], $2::text[], $3::text[]) AS w (kind, partition, id)
            WHERE d.kind = w.kind AND d.partition = w.partition AND d.id = w.id
            """
        // By holding the key until the commit, so that nobody puts something there meanwhile. What is
        // inserted counts as absent, and is deleted in the same transaction.
        case .holdAbsence:
            """
            WITH held AS (
                INSERT INTO @.documents AS d (kind, partition, id, version, expires)
                SELECT *, 0, 0 FROM unnest($2::text[], $3::text[], $4::text[])
                ON CONFLICT (kind, partition, id) DO UPDATE SET expires = 0
                WHERE d.expires <= @now
                RETURNING 1)
            SELECT 1 / (count(*) = cardinality($2))::int FROM held
            """
        default: nil
        }
    }

    private var processedText: String? {
        switch self {
        case .lookAtProcessed:
            """
            SELECT r.ord::int8 FROM unnest($1::text[], $2::bytea[])
                WITH ORDINALITY AS r (endpoint, id, ord)
            JOIN @.processed p ON p.endpoint = r.endpoint AND p.id = r.id
            """
        case .insertProcessed:
            """
            WITH added AS (
                INSERT INTO @.processed (endpoint, id, at)
                SELECT w.endpoint, w.id, @now
                FROM unnest($2::text[], $3::bytea[]) AS w (endpoint, id)
                ON CONFLICT (endpoint, id) DO NOTHING
                RETURNING 1)
            SELECT 1 / (count(*) = cardinality($2))::int FROM added
            """
        case .isProcessed: "SELECT 1 FROM @.processed WHERE endpoint = $1 AND id = $2"
        case .sweepProcessed:
            """
            WITH old AS MATERIALIZED (
                SELECT endpoint, id FROM @.processed
                WHERE at <= @now - $2::int8 ORDER BY at LIMIT $3::int8 FOR UPDATE SKIP LOCKED)
            DELETE FROM @.processed p USING old o WHERE p.endpoint = o.endpoint AND p.id = o.id
            """
        default: nil
        }
    }
}
