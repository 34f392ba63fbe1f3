internal import CLibPQ
internal import Pawl

/// Which database a connection string leads to, in words that may stand in a log: without password.
enum Place {
    /// Reads a connection string.
    ///
    /// - Throws: `BackendError` if libpq does not understand it.
    static func name(_ url: String) throws(BackendError) -> String {
        var parts: [String: String] = [:]
        add(PQconndefaults(), to: &parts)
        let parsed = PQconninfoParse(url, nil)
        guard parsed != nil else {
            // libpq would say why, and quote the string, with the password in it.
            throw BackendError(
                .canNeverHappen,
                "The connection string of PostgreSQL is not understood. Write "
                    + "postgres://user@host:port/database, or leave it empty and set PGHOST and "
                    + "so on.")
        }
        add(parsed, to: &parts)
        let host = parts["host"] ?? parts["hostaddr"] ?? "local socket"
        let user = parts["user"] ?? "?"
        return "PostgreSQL \(parts["dbname"] ?? user) at \(host):\(parts["port"] ?? "5432")"
    }

    /// Adds what has a value, and frees the list.
    private static func add(
        _ list: UnsafeMutablePointer<PQconninfoOption>?, to parts: inout [String: String]
    ) {
        defer { PQconninfoFree(list) }
        var next = list
        while let option = next, let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parts[String(cString: keyword)] = String(cString: value)
            }
            next = option + 1
        }
    }
}
