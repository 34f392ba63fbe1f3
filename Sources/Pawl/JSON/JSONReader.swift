internal import FoundationEssentials

/// Decodes one value of a tape.
///
/// It is small enough for an existential to hold it without a box, and so are its containers.
struct JSONReader: Decoder, SingleValueDecodingContainer {
    let tape: JSONTape
    let index: Int

    var token: JSONToken { tape.tokens[index] }
    var codingPath: [any CodingKey] { tape.path(to: index) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard token.kind == .object else { throw mismatch([String: Any].self) }
        return KeyedDecodingContainer(JSONKeyedReader(tape: tape, object: index))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard token.kind == .array else { throw mismatch([Any].self) }
        return JSONUnkeyedReader(tape: tape, array: index)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { token.kind == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        switch token.kind {
        case .isTrue: true
        case .isFalse: false
        default: throw mismatch(type)
        }
    }

    func decode(_ type: String.Type) throws -> String {
        let token = token
        guard token.kind == .string || token.kind == .escaped else { throw mismatch(type) }
        return tape.text(token)
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // These three say of themselves something else than Foundation's coders make of them.
        if type == Data.self, let data = try decodeData() as? Value { return data }
        if type == URL.self, let url = try decodeURL() as? Value { return url }
        if type == Decimal.self, let number = try decodeDecimal() as? Value { return number }
        return try Value(from: self)
    }

    private func decodeData() throws -> Data {
        guard let data = Data(base64Encoded: try decode(String.self)) else {
            throw corrupted("Encountered Data is not valid Base64.")
        }
        return data
    }

    private func decodeURL() throws -> URL {
        guard let url = URL(string: try decode(String.self)) else {
            throw corrupted("Invalid URL string.")
        }
        return url
    }

    func corrupted(_ problem: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: problem))
    }

    /// What to throw where another type stands, or nothing does.
    func mismatch(_ type: any Any.Type) -> DecodingError {
        guard token.kind != .null else {
            return .valueNotFound(
                type,
                DecodingError.Context(
                    codingPath: codingPath,
                    debugDescription: "Expected a value of type \(type) but found null instead."))
        }
        return .typeMismatch(
            type,
            DecodingError.Context(
                codingPath: codingPath,
                debugDescription: "Expected to decode \(type) but found \(token.kind) instead."))
    }
}

/// Decodes the fields of an object.
struct JSONKeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let tape: JSONTape
    let object: Int

    var codingPath: [any CodingKey] { tape.path(to: object) }
    var allKeys: [Key] { tape.names(of: object).compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { tape.find(key.stringValue, in: object) != nil }

    private func value(_ key: some CodingKey) throws -> JSONReader {
        guard let index = tape.find(key.stringValue, in: object) else {
            throw DecodingError.keyNotFound(
                key,
                DecodingError.Context(
                    codingPath: codingPath,
                    debugDescription: "No value associated with key \(key.stringValue)."))
        }
        return JSONReader(tape: tape, index: index)
    }

    private func present(_ key: Key) -> JSONReader? {
        guard let index = tape.find(key.stringValue, in: object),
            tape.tokens[index].kind != .null
        else { return nil }
        return JSONReader(tape: tape, index: index)
    }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key).decodeNil() }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key).decode(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try value(key).decode(type)
    }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try value(key).decode(type)
    }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key).decode(type) }
    @inline(__always)
    func decode<Value: FixedWidthInteger & Decodable>(
        _ type: Value.Type, forKey key: Key
    ) throws -> Value { try value(key).decode(type) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try value(key).decode(type)
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try present(key)?.decode(type)
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try present(key)?.decode(type)
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try present(key)?.decode(type)
    }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        try present(key)?.decode(type)
    }
    @inline(__always)
    func decodeIfPresent<Value: FixedWidthInteger & Decodable>(
        _ type: Value.Type, forKey key: Key
    ) throws -> Value? { try present(key)?.decode(type) }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try present(key)?.decode(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try value(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try value(key).unkeyedContainer()
    }
    func superDecoder() -> any Decoder { decoder(JSONKey.superKey) }
    func superDecoder(forKey key: Key) -> any Decoder { decoder(key) }

    /// What is missing reads as null, which the last token is.
    private func decoder(_ key: some CodingKey) -> JSONReader {
        let index = tape.find(key.stringValue, in: object)
        return JSONReader(tape: tape, index: index ?? tape.tokens.count - 1)
    }
}

/// Decodes the values of an array, one after another.
struct JSONUnkeyedReader: UnkeyedDecodingContainer {
    let tape: JSONTape
    private let array: UInt32
    private var position: UInt32 = 0
    private var next: UInt32

    init(tape: JSONTape, array: Int) {
        self.tape = tape
        self.array = UInt32(truncatingIfNeeded: array)
        next = self.array + 1
    }

    var codingPath: [any CodingKey] { tape.path(to: Int(array)) }
    var count: Int? { Int(tape.tokens[Int(array)].count) }
    var currentIndex: Int { Int(position) }
    var isAtEnd: Bool { next == tape.tokens[Int(array)].next }

    /// The next value, which is passed only once it has been read.
    private mutating func read<Value>(
        _ type: any Any.Type, _ body: (JSONReader) throws -> Value
    ) throws -> Value {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                type,
                DecodingError.Context(
                    codingPath: codingPath + [JSONKey(intValue: currentIndex)],
                    debugDescription: "Unkeyed container is at end."))
        }
        let value = try body(JSONReader(tape: tape, index: Int(next)))
        next = tape.tokens[Int(next)].next
        position += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, tape.tokens[Int(next)].kind != .null else {
            return try read(Never.self) { $0.decodeNil() }
        }
        return false
    }
    mutating func decode(_ type: Bool.Type) throws -> Bool {
        try read(type) { try $0.decode(type) }
    }
    mutating func decode(_ type: String.Type) throws -> String {
        try read(type) { try $0.decode(type) }
    }
    mutating func decode(_ type: Double.Type) throws -> Double {
        try read(type) { try $0.decode(type) }
    }
    mutating func decode(_ type: Float.Type) throws -> Float {
        try read(type) { try $0.decode(type) }
    }
    @inline(__always)
    mutating func decode<Value: FixedWidthInteger & Decodable>(
        _ type: Value.Type
    ) throws -> Value { try read(type) { try $0.decode(type) } }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try read(type) { try $0.decode(type) }
    }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try read(KeyedDecodingContainer<Nested>.self) { try $0.container(keyedBy: type) }
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try read((any UnkeyedDecodingContainer).self) { try $0.unkeyedContainer() }
    }
    mutating func superDecoder() throws -> any Decoder { try read((any Decoder).self) { $0 } }
}
