/// Every statement that runs more than once. Times are microseconds, `?` in the order of use.
enum SQL: Int, CaseIterable {
    case begin, beginImmediate, commit, rollBack, dataVersion
    case readDocument, readDocuments, listDocuments, currentVersion
    case insertDocument, updateDocument, upsertDocument, deleteDocument
    case raiseFloor, sweepDocuments
    case queueID, insertQueue, nextVisible, insertMessage, insertTaken, claim, heldMessage
    case deleteMessage, releaseMessage, extendMessage
    case subscriptions, forgetSubscription, subscribe, directory
    case isProcessed, insertProcessed, sweepProcessed

    var text: String {
        switch self {
        case .begin: "BEGIN DEFERRED"
        case .beginImmediate: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollBack: "ROLLBACK"
        case .dataVersion: "PRAGMA data_version"
        default: documentText ?? queueText ?? ""
        }
    }

    private var documentText: String? {
        switch self {
        case .readDocument:
            """
            SELECT version, body, ledger, expires FROM documents
            WHERE partition = ?1 AND kind = ?2 AND id = ?3 AND (expires IS NULL OR expires > ?4)
            """
        case .readDocuments:
            """
            SELECT version, body, ledger, expires, partition, id FROM documents
            WHERE partition = ?1 AND kind = ?2 AND id >= ?3 AND id IS NOT ?4
                AND (expires IS NULL OR expires > ?5)
            ORDER BY id LIMIT ?6
            """
        case .listDocuments:
            """
            SELECT version, body, ledger, expires, partition, id FROM documents
            WHERE kind = ?1 AND (partition, id) >= (?2, ?3) AND (partition, id) IS NOT (?4, ?5)
                AND (expires IS NULL OR expires > ?6)
            ORDER BY partition, id LIMIT ?7
            """
        case .currentVersion:
            """
            SELECT version FROM documents
            WHERE partition = ?1 AND kind = ?2 AND id = ?3 AND (expires IS NULL OR expires > ?4)
            """
        case .insertDocument:
            """
            INSERT INTO documents (partition, kind, id, version, body, ledger, expires)
            VALUES (?1, ?2, ?3, (SELECT highest FROM deleted_versions) + 1, ?4, ?5, ?6)
            ON CONFLICT (partition, kind, id) DO UPDATE SET
                version = version + 1,
                body = excluded.body, ledger = excluded.ledger, expires = excluded.expires
            WHERE documents.expires <= ?7 RETURNING version
            """
        case .updateDocument:
            """
            UPDATE documents SET version = version + 1, body = ?1, ledger = ?2, expires = ?3
            WHERE partition = ?4 AND kind = ?5 AND id = ?6 AND version = ?7
                AND (expires IS NULL OR expires > ?8)
            """
        case .upsertDocument:
            """
            INSERT INTO documents (partition, kind, id, version, body, ledger, expires)
            VALUES (?1, ?2, ?3, (SELECT highest FROM deleted_versions) + 1, ?4, ?5, ?6)
            ON CONFLICT (partition, kind, id) DO UPDATE SET
                version = version + 1,
                body = excluded.body, ledger = excluded.ledger, expires = excluded.expires
            RETURNING version
            """
        case .deleteDocument:
            """
            DELETE FROM documents WHERE partition = ?1 AND kind = ?2 AND id = ?3
            """
        case .raiseFloor: "UPDATE deleted_versions SET highest = ?1 WHERE highest < ?1"
        case .sweepDocuments:
            """
            DELETE FROM documents WHERE rowid IN (
                SELECT rowid FROM documents WHERE expires <= ?1 ORDER BY expires LIMIT ?2)
            RETURNING version
            """
        default: nil
        }
    }

    private var queueText: String? {
        switch self {
        case .queueID: "SELECT id FROM queues WHERE name = ?1"
        case .insertQueue: "INSERT INTO queues (name) VALUES (?1) ON CONFLICT DO NOTHING"
        case .nextVisible:
            "SELECT visible FROM messages WHERE queue = ?1 ORDER BY visible LIMIT 1"
        case .insertMessage:
            """
            INSERT INTO messages (queue, visible, attempt, local, envelope)
            VALUES (?1, ?2, 0, ?3, ?4)
            """
        case .insertTaken:
            """
            INSERT INTO messages (queue, visible, attempt, lease, local, envelope)
            VALUES (?1, ?2, 1, ?3, ?4, ?5)
            """
        case .claim:
            """
            UPDATE messages SET visible = ?1, lease = ?2, attempt = attempt + 1
            WHERE seq IN (
                SELECT seq FROM messages WHERE queue = ?3 AND visible <= ?4
                ORDER BY visible, seq LIMIT ?5)
            RETURNING seq, attempt, envelope
            """
        case .heldMessage: "SELECT local FROM messages WHERE seq = ?1 AND lease = ?2"
        case .deleteMessage: "DELETE FROM messages WHERE seq = ?1 AND lease = ?2"
        case .releaseMessage:
            """
            UPDATE messages SET visible = ?1, lease = NULL, attempt = attempt - 1
            WHERE seq = ?2 AND lease = ?3 RETURNING queue
            """
        case .extendMessage: "UPDATE messages SET visible = ?1 WHERE seq = ?2 AND lease = ?3"
        case .subscriptions: "SELECT type, seen FROM subscriptions WHERE endpoint = ?1"
        case .forgetSubscription: "DELETE FROM subscriptions WHERE endpoint = ?1 AND type = ?2"
        case .subscribe:
            """
            INSERT INTO subscriptions (endpoint, type, seen) VALUES (?1, ?2, ?3)
            ON CONFLICT (endpoint, type) DO UPDATE SET seen = excluded.seen
            """
        case .directory:
            """
            SELECT name, type FROM queues LEFT JOIN subscriptions ON endpoint = name
            """
        case .isProcessed: "SELECT 1 FROM processed WHERE endpoint = ?1 AND id = ?2"
        case .insertProcessed: "INSERT INTO processed (endpoint, id, at) VALUES (?1, ?2, ?3)"
        case .sweepProcessed:
            """
            DELETE FROM processed WHERE (endpoint, id) IN (
                SELECT endpoint, id FROM processed WHERE at <= ?1 ORDER BY at LIMIT ?2)
            """
        default: nil
        }
    }
}
