/// The parameters of a statement, in PostgreSQL's binary format, one after the other in one buffer.
///
/// Many rows go as one array a column, so that a statement stays the same however many there are.
struct Parameters: Sendable {
    /// A parameter's place in the buffer; `nil` for NULL.
    private(set) var places: [Range<Int>?] = []
    private(set) var buffer: [UInt8] = []

    /// The types of array elements, with their object ids (`pg_type.dat`), which never change.
    private enum Element: UInt32 {
        case bool = 16
        case bytes = 17
        case int8 = 20
        case int4 = 23
        case text = 25
    }

    mutating func add(_ number: Int64?) {
        guard let number else { return places.append(nil) }
        value { $0.append(bigEndian: number) }
    }

    mutating func add(small number: Int32) {
        value { $0.append(bigEndian: number) }
    }

    mutating func add(_ text: String?) {
        guard let text else { return places.append(nil) }
        value { $0.append(contentsOf: text.utf8) }
    }

    mutating func add(_ bytes: [UInt8]?) {
        guard let bytes else { return places.append(nil) }
        value { $0.append(contentsOf: bytes) }
    }

    mutating func add(numbers: [Int64?]) {
        array(of: .int8, numbers) { $0.append(bigEndian: $1) }
    }

    mutating func add(smallNumbers: [Int32]) {
        array(of: .int4, smallNumbers.map(Optional.some)) { $0.append(bigEndian: $1) }
    }

    mutating func add(texts: [String]) {
        array(of: .text, texts.map(Optional.some)) { $0.append(contentsOf: $1.utf8) }
    }

    /// Texts that are at hand as bytes, in UTF-8.
    mutating func add(utf8: [[UInt8]?]) {
        array(of: .text, utf8) { $0.append(contentsOf: $1) }
    }

    mutating func add(bytes: [[UInt8]?]) {
        array(of: .bytes, bytes) { $0.append(contentsOf: $1) }
    }

    mutating func add(flags: [Bool]) {
        array(of: .bool, flags.map(Optional.some)) { $0.append($1 ? 1 : 0) }
    }

    private mutating func value(_ write: (inout [UInt8]) -> Void) {
        let start = buffer.count
        write(&buffer)
        places.append(start..<buffer.count)
    }

    /// The format is that of `array_recv` in `arrayfuncs.c`: dimensions, whether there are nulls,
    /// the type, then for each dimension its length and lower bound, then the elements.
    private mutating func array<Item>(
        of type: Element, _ items: [Item?], _ write: (inout [UInt8], Item) -> Void
    ) {
        value { buffer in
            buffer.append(bigEndian: Int32(items.isEmpty ? 0 : 1))
            buffer.append(bigEndian: Int32(1))
            buffer.append(bigEndian: type.rawValue)
            if items.isEmpty { return }
            buffer.append(bigEndian: Int32(items.count))
            buffer.append(bigEndian: Int32(1))
            for item in items {
                guard let item else {
                    buffer.append(bigEndian: Int32(-1))
                    continue
                }
                let start = buffer.count
                buffer.append(bigEndian: Int32(0))
                write(&buffer, item)
                buffer.replace(at: start, bigEndian: Int32(buffer.count - start - 4))
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func replace(at start: Int, bigEndian number: Int32) {
        withUnsafeMutableBytes {
            $0.storeBytes(of: number.bigEndian, toByteOffset: start, as: Int32.self)
        }
    }
}
