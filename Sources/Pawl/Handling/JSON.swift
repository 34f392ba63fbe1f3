internal import FoundationEssentials

/// Reads and writes messages and documents as JSON, laying what was stored over defaults where a
/// field is missing.
///
/// The defaults are looked at only when decoding without them has failed for a missing field, so
/// they cost nothing once everything has been written by the current code.
enum JSON {
    private static let decoder = JSONDecoder()
    private static let encoder: JSONEncoder = {
        // Sorted, so that every attempt and every process writes the same bytes.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try decoder.decode(type, from: Data(bytes))
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], defaults: () throws -> any Encodable
    ) throws -> Value {
        var data = Data(bytes)
        var stored: JSONValue?
        var fallback: JSONValue?
        while true {
            do {
                return try decoder.decode(type, from: data)
            } catch DecodingError.keyNotFound(let key, let context) {
                // Only what is asked for is taken from the defaults. All that is not there would
                // be too much: an optional that was set to nil is not there either.
                var value = try stored ?? decoder.decode(JSONValue.self, from: data)
                let others =
                    try fallback
                    ?? decoder.decode(
                        JSONValue.self, from: encoder.encode(AnyEncodable(defaults())))
                let path = context.codingPath.map(\.stringValue) + [key.stringValue]
                guard value.add(path[...], from: others) else {
                    throw DecodingError.keyNotFound(key, context)
                }
                data = try encoder.encode(value)
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

/// Any JSON value.
enum JSONValue: Codable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Adds the field at a path of names, which is not there, from another value.
    ///
    /// - Returns: Whether the field was added.
    mutating func add(_ path: ArraySlice<String>, from other: JSONValue) -> Bool {
        guard case .object(var fields) = self, case .object(let others) = other,
            let name = path.first, let theirs = others[name]
        else { return false }
        if path.count == 1 {
            guard fields[name] == nil else { return false }
            fields[name] = theirs
        } else {
            guard var field = fields[name], field.add(path.dropFirst(), from: theirs) else {
                return false
            }
            fields[name] = field
        }
        self = .object(fields)
        return true
    }
}
