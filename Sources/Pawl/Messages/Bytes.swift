/// Appends values to a growing array of bytes; ``ByteReader`` reads them back.
/// Integers are little-endian, text and bytes carry their length in front.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 64) {
        bytes.reserveCapacity(capacity)
    }

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ value: [UInt8]) {
        write(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func write(_ text: String) {
        let view = text.utf8
        write(UInt32(view.count))
        bytes.append(contentsOf: view)
    }

    mutating func write(_ id: MessageID) {
        write(id.high)
        write(id.low)
    }

    /// A flag byte, then the value if there is one.
    mutating func write<Value>(_ value: Value?, _ writeValue: (inout ByteWriter, Value) -> Void) {
        write(UInt8(value == nil ? 0 : 1))
        if let value { writeValue(&self, value) }
    }
}

/// Reads what ``ByteWriter`` wrote; throws ``MalformedBytes`` instead of trapping, whatever the
/// bytes are.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func read<Value: FixedWidthInteger>(_: Value.Type) throws -> Value {
        let size = MemoryLayout<Value>.size
        try require(size)
        defer { position += size }
        return bytes.withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Value.self))
        }
    }

    mutating func readBytes() throws -> [UInt8] {
        let count = Int(try read(UInt32.self))
        try require(count)
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func readString() throws -> String {
        let count = Int(try read(UInt32.self))
        try require(count)
        defer { position += count }
        guard let text = String(validating: bytes[position..<position + count], as: UTF8.self)
        else { throw MalformedBytes("text at byte \(position) is not UTF-8") }
        return text
    }

    mutating func readID() throws -> MessageID {
        MessageID(high: try read(UInt64.self), low: try read(UInt64.self))
    }

    mutating func readOptional<Value>(
        _ readValue: (inout ByteReader) throws -> Value
    ) throws -> Value? {
        switch try read(UInt8.self) {
        case 0: nil
        case 1: try readValue(&self)
        case let flag: throw MalformedBytes("flag \(flag) at byte \(position - 1)")
        }
    }

    private func require(_ count: Int) throws {
        guard count <= bytes.count - position else {
            throw MalformedBytes(
                "\(count) bytes are missing at byte \(position) of \(bytes.count)")
        }
    }
}

/// Bytes that are not what they should be.
struct MalformedBytes: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
