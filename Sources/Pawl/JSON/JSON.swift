/// Reads and writes messages and documents as JSON, laying what was stored over defaults where a
/// field is missing.
///
/// The defaults are looked at only when decoding without them has failed for a missing field, so
/// they cost nothing once everything has been written by the current code.
package enum JSON {
    /// The fields of objects are sorted, so that every attempt and every process writes the same
    /// bytes.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let writer = JSONWriter(text: JSONText(), item: 0)
        try writer.encode(value)
        guard !writer.isEmpty else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(
                    codingPath: [],
                    debugDescription: "Top-level \(type(of: value)) did not encode any values."))
        }
        return writer.text.buffer.text()
    }

    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws -> Value {
        try JSONReader(tape: JSONTape(bytes), index: 0).decode(type)
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], defaults: () throws -> any Encodable
    ) throws -> Value {
        var bytes = bytes
        var stored: JSONValue?
        var fallback: JSONValue?
        while true {
            do {
                return try decode(type, from: bytes)
            } catch DecodingError.keyNotFound(let key, let context) {
                // Only what is asked for is taken from the defaults. All that is not there would
                // be too much: an optional that was set to nil is not there either.
                var value = try stored ?? JSONValue(bytes)
                let others = try fallback ?? JSONValue(encode(AnyEncodable(defaults())))
                let path = context.codingPath.map(\.stringValue) + [key.stringValue]
                guard value.add(path[...], from: others) else {
                    throw DecodingError.keyNotFound(key, context)
                }
                bytes = value.encoded()
                stored = value
                fallback = others
            }
        }
    }
}

/// An encodable value of any type.
struct AnyEncodable: Encodable {
    private let value: any Encodable

    init(_ value: any Encodable) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        try value.encode(to: encoder)
    }
}
