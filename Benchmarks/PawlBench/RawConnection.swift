import CLibPQ
import Foundation

/// A connection as one would write it by hand: it waits for each answer.
final class RawConnection {
    private let connection: OpaquePointer

    init(_ url: String) throws {
        guard let connection = PQconnectdb(url), PQstatus(connection) == CONNECTION_OK else {
            throw PostgresPlaces.Failure(description: "There is no connection to PostgreSQL.")
        }
        self.connection = connection
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// Runs a text.
    func run(_ sql: String) throws {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        try check(result)
    }

    func prepare(_ name: String, _ sql: String) throws {
        let result = PQprepare(connection, name, sql, 0, nil)
        defer { PQclear(result) }
        try check(result)
    }

    /// Runs prepared statements in one pipeline, and hands each answer to a closure.
    func pipeline(
        _ steps: [(name: String, values: [[UInt8]])],
        _ take: (Int, OpaquePointer) -> Void = { _, _ in }
    ) throws {
        PQenterPipelineMode(connection)
        for step in steps {
            let lengths = step.values.map { Int32($0.count) }
            let formats = [Int32](repeating: 1, count: lengths.count)
            withPointers(to: step.values) { values in
                _ = PQsendQueryPrepared(
                    connection, step.name, Int32(lengths.count), values, lengths, formats, 1)
            }
        }
        PQpipelineSync(connection)
        for number in steps.indices {
            let result = PQgetResult(connection)
            defer { PQclear(result) }
            try check(result)
            if let result { take(number, result) }
            PQclear(PQgetResult(connection))
        }
        PQclear(PQgetResult(connection))
        PQexitPipelineMode(connection)
    }

    private func withPointers(
        to values: [[UInt8]], _ body: ([UnsafePointer<CChar>?]) -> Void
    ) {
        let copies = values.map { value in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, value.count))
            for (index, byte) in value.enumerated() { copy[index] = CChar(bitPattern: byte) }
            return copy
        }
        body(copies.map { UnsafePointer($0) })
        for copy in copies { copy.deallocate() }
    }

    private func check(_ result: OpaquePointer?) throws {
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            throw PostgresPlaces.Failure(
                description: "PostgreSQL: \(String(cString: PQerrorMessage(connection)))")
        }
    }
}

/// Values in PostgreSQL's binary format.
enum Binary {
    static func int4(_ number: Int32) -> [UInt8] { bytes(number) }
    static func int8(_ number: Int64) -> [UInt8] { bytes(number) }

    static func int8s(_ numbers: [Int64]) -> [UInt8] { array(20, numbers.map(bytes)) }
    static func texts(_ texts: [String]) -> [UInt8] { array(25, texts.map { Array($0.utf8) }) }
    static func blobs(_ blobs: [[UInt8]]) -> [UInt8] { array(17, blobs) }

    private static func array(_ type: Int32, _ elements: [[UInt8]]) -> [UInt8] {
        var result = bytes(Int32(1)) + bytes(Int32(0)) + bytes(type)
        result += bytes(Int32(elements.count)) + bytes(Int32(1))
        for element in elements {
            result += bytes(Int32(element.count))
            result += element
        }
        return result
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
