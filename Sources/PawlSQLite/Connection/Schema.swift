internal import GRDB

/// The tables of a file. Names and columns are part of the interface: operators read them with
/// the sqlite3 program.
enum Schema {
    /// In front of the names of Pawl's own migrations: a program may keep its own tables, and
    /// migrations, in the same file.
    static let prefix = "pawl-"

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration(prefix + "1") { try $0.execute(sql: version1) }
        return migrator
    }

    /// Whether a newer Pawl has been here.
    static func isNewer(_ database: GRDB.Database) throws -> Bool {
        let applied = try migrator.appliedIdentifiers(database).filter { $0.hasPrefix(prefix) }
        return !applied.isSubset(of: migrator.migrations)
    }

    // Why a version never comes back: a document's version only rises; deleting one raises
    // `deleted_versions.highest` at least to its version, and a new one starts above that.
    //
    // `messages.local` is 1 for a message that was sent by a transaction in this same file.
    // `visible` is the moment from which on a message may be taken, be it new, released or leased.
    private static let version1 = """
        CREATE TABLE documents (
            partition TEXT NOT NULL,
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            body TEXT,
            ledger BLOB,
            expires INTEGER,
            UNIQUE (partition, kind, id)
        );
        CREATE INDEX documents_by_kind ON documents (kind, partition, id);
        CREATE INDEX documents_by_expiry ON documents (expires) WHERE expires IS NOT NULL;
        CREATE TABLE deleted_versions (highest INTEGER NOT NULL);
        INSERT INTO deleted_versions VALUES (0);

        CREATE TABLE queues (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        );
        CREATE TABLE messages (
            seq INTEGER PRIMARY KEY,
            queue INTEGER NOT NULL,
            visible INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            lease INTEGER,
            local INTEGER NOT NULL,
            envelope BLOB NOT NULL
        );
        CREATE INDEX messages_by_time ON messages (queue, visible);
        CREATE TABLE subscriptions (
            endpoint TEXT NOT NULL,
            type TEXT NOT NULL,
            seen INTEGER NOT NULL,
            PRIMARY KEY (endpoint, type)
        ) WITHOUT ROWID;

        CREATE TABLE processed (
            endpoint TEXT NOT NULL,
            id BLOB NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (endpoint, id)
        ) WITHOUT ROWID;
        """

    /// Only who forgets processed ids by age pays for finding them by age.
    static let processedByAge =
        "CREATE INDEX IF NOT EXISTS processed_by_age ON processed (at)"
}
