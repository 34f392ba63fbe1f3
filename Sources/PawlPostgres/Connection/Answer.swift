internal import CLibPQ
internal import Pawl

/// What a statement has answered: rows, in binary format.
///
/// Sendable although it holds a pointer: nothing changes a result once libpq has handed it out, and
/// only this object frees it.
final class Answer: @unchecked Sendable {
    private let result: OpaquePointer

    /// Takes the result over.
    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    var count: Int { Int(PQntuples(result)) }

    /// How many rows the statement has changed.
    var changed: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The rows, in order.
    var rows: some Sequence<Row> {
        (0..<PQntuples(result)).lazy.map { Row(answer: self, number: $0) }
    }

    var first: Row? { count > 0 ? Row(answer: self, number: 0) : nil }

    /// One row of an answer.
    struct Row {
        fileprivate let answer: Answer
        fileprivate let number: Int32

        func isNull(_ column: Int32) -> Bool {
            PQgetisnull(answer.result, number, column) == 1
        }

        /// A `bigint`.
        func integer(_ column: Int32) -> Int64 {
            Int64(bigEndian: load(column))
        }

        /// An `integer`.
        func small(_ column: Int32) -> Int32 {
            Int32(bigEndian: load(column))
        }

        func flag(_ column: Int32) -> Bool {
            load(column) as UInt8 == 1
        }

        func text(_ column: Int32) -> String {
            String(decoding: raw(column), as: UTF8.self)
        }

        /// `nil` for NULL.
        func bytes(_ column: Int32) -> [UInt8]? {
            isNull(column) ? nil : Array(raw(column))
        }

        /// A moment in microseconds; `nil` for NULL.
        func timestamp(_ column: Int32) -> Timestamp? {
            isNull(column) ? nil : Timestamp(microseconds: integer(column))
        }

        private func raw(_ column: Int32) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(
                start: PQgetvalue(answer.result, number, column),
                count: Int(PQgetlength(answer.result, number, column)))
        }

        private func load<Value: FixedWidthInteger>(_ column: Int32) -> Value {
            let bytes = raw(column)
            // Statements are cast in SQL to what is read here, so this is a mistake of ours.
            precondition(
                bytes.count == MemoryLayout<Value>.size,
                "Column \(column) has \(bytes.count) bytes, not \(MemoryLayout<Value>.size).")
            return bytes.loadUnaligned(as: Value.self)
        }
    }
}
