internal import GRDBSQLite
internal import Pawl

// Statements are prepared and kept by GRDB, but bound and stepped through SQLite's C interface:
// a message costs about five statements, and the way through GRDB's values and rows costs as much
// as SQLite itself does. It also hands over SQLite's result codes as they are.

/// A value that can be bound to a parameter of a statement.
protocol Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// Tells SQLite to copy what is bound before the call returns.
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

extension Int64: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self)
    }
}

extension Int: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Timestamp: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, microseconds)
    }
}

extension String: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bindText($0, to: statement, at: index) }
    }
}

/// Bytes that are text in UTF-8.
struct TextBytes: Bindable {
    let bytes: [UInt8]

    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        bytes.withUnsafeBufferPointer { bindText($0, to: statement, at: index) }
    }
}

private func bindText(
    _ text: UnsafeBufferPointer<UInt8>, to statement: OpaquePointer, at index: Int32
) -> Int32 {
    guard let start = text.baseAddress, !text.isEmpty else {
        // Without an address SQLite would bind NULL.
        return sqlite3_bind_text(statement, index, "", 0, copied)
    }
    return start.withMemoryRebound(to: CChar.self, capacity: text.count) {
        sqlite3_bind_text64(
            statement, index, $0, sqlite3_uint64(text.count), copied, UInt8(SQLITE_UTF8))
    }
}

extension [UInt8]: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        if isEmpty { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes {
            sqlite3_bind_blob64(
                statement, index, $0.baseAddress, sqlite3_uint64($0.count), copied)
        }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        guard let value = self else { return sqlite3_bind_null(statement, index) }
        return value.bind(to: statement, at: index)
    }
}

/// The row that a statement stands on.
struct Row {
    let statement: OpaquePointer

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(statement, column)
    }

    func time(_ column: Int32) -> Timestamp? {
        isNull(column) ? nil : Timestamp(microseconds: integer(column))
    }

    /// A text or a blob; `nil` for NULL.
    func bytes(_ column: Int32) -> [UInt8]? {
        if isNull(column) { return nil }
        let start = sqlite3_column_blob(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
