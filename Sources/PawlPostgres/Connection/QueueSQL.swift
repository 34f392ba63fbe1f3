extension SQL {
    /// The statements about queues.
    ///
    /// A message that is taken is updated, and none of the columns that change is in an index: so
    /// its new version goes to the same page, and the index stays as it is ("HOT"). What must not
    /// be delivered yet waits in a table of its own, so that taking does not wade through it.
    var queueText: String? {
        switch self {
        case .insertMessages:
            """
            INSERT INTO @.messages (queue, local, message)
            SELECT * FROM unnest($1::int4[], $2::bool[], $3::bytea[])
            """
        case .insertDelayed:
            """
            INSERT INTO @.delayed (queue, visible, local, message)
            SELECT * FROM unnest($1::int4[], $2::int8[], $3::bool[], $4::bytea[])
            """
        case .promote:
            """
            WITH due AS MATERIALIZED (
                SELECT queue, visible, seq FROM @.delayed
                WHERE queue = $2::int4 AND visible <= @now ORDER BY visible, seq LIMIT $3::int8
                FOR UPDATE SKIP LOCKED
            ), moved AS (
                DELETE FROM @.delayed d USING due
                WHERE d.queue = due.queue AND d.visible = due.visible AND d.seq = due.seq
                RETURNING d.queue, d.attempt, d.local, d.message)
            INSERT INTO @.messages (queue, attempt, local, message) SELECT * FROM moved
            """
        case .claim:
            """
            WITH free AS MATERIALIZED (
                SELECT queue, seq FROM @.messages
                WHERE queue = $2::int4 AND seq > $3::int8 AND visible <= @now
                ORDER BY seq LIMIT $4::int8 FOR NO KEY UPDATE SKIP LOCKED)
            UPDATE @.messages m
            SET visible = @now + $5::int8, lease = $6::int8, attempt = m.attempt + 1
            FROM free WHERE m.queue = free.queue AND m.seq = free.seq
            RETURNING m.seq, m.attempt, m.local, m.message
            """
        case .nextVisible:
            """
            SELECT least(
                (SELECT min(visible) FROM @.messages WHERE queue = $2::int4),
                (SELECT min(visible) FROM @.delayed WHERE queue = $2::int4)), @now
            """
        default: holdText
        }
    }

    /// What is done with messages that are held: those whose lease is still the caller's.
    private var holdText: String? {
        switch self {
        case .lookAtHeld:
            """
            SELECT h.ord::int8
            FROM unnest($1::int4[], $2::int8[], $3::int8[])
                WITH ORDINALITY AS h (queue, seq, lease, ord)
            JOIN @.messages m ON m.queue = h.queue AND m.seq = h.seq
            WHERE m.lease = h.lease
            FOR UPDATE OF m
            """
        case .consume:
            """
            WITH gone AS (
                DELETE FROM @.messages m
                USING unnest($1::int4[], $2::int8[], $3::int8[]) AS h (queue, seq, lease)
                WHERE m.queue = h.queue AND m.seq = h.seq AND m.lease = h.lease
                RETURNING 1)
            SELECT 1 / (count(*) = cardinality($1))::int FROM gone
            """
        case .acknowledge:
            """
            DELETE FROM @.messages m
            USING unnest($1::int4[], $2::int8[], $3::int8[])
                WITH ORDINALITY AS h (queue, seq, lease, ord)
            WHERE m.queue = h.queue AND m.seq = h.seq AND m.lease = h.lease
            RETURNING h.ord::int8
            """
        case .release:
            """
            UPDATE @.messages SET visible = @now, lease = NULL, attempt = attempt - 1
            WHERE queue = $2::int4 AND seq = $3::int8 AND lease = $4::int8
            RETURNING 1
            """
        case .postpone:
            """
            WITH moved AS (
                DELETE FROM @.messages
                WHERE queue = $2::int4 AND seq = $3::int8 AND lease = $4::int8
                RETURNING queue, attempt - 1 AS attempt, local, message)
            INSERT INTO @.delayed (queue, visible, attempt, local, message)
            SELECT queue, @now + $5::int8, attempt, local, message FROM moved
            RETURNING 1
            """
        case .extend:
            """
            UPDATE @.messages m SET visible = @now + $5::int8
            FROM unnest($2::int4[], $3::int8[], $4::int8[])
                WITH ORDINALITY AS h (queue, seq, lease, ord)
            WHERE m.queue = h.queue AND m.seq = h.seq AND m.lease = h.lease
            RETURNING h.ord::int8
            """
        default: nil
        }
    }
}
