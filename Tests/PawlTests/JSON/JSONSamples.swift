import Foundation

@testable import Pawl

/// A type whose values use everything that a coder has to know.
struct Everything: Codable, Equatable {
    enum Shape: Codable, Equatable {
        case none
        case circle(radius: Double)
        case pair(Int, Shape.Unit?)
        enum Unit: String, Codable, CodingKeyRepresentable { case metre, yard }
    }

    var bool = false
    var texts: [String] = []
    var int = 0
    var int8: Int8 = 0
    var int64: Int64 = 0
    var unsigned: UInt64 = 0
    var double = 0.0
    var float: Float = 0
    var optional: Int?
    var optionals: [String?] = []
    var shapes: [Shape] = []
    var byName: [String: Int] = [:]
    var byNumber: [Int: [Bool]] = [:]
    var byUnit: [Shape.Unit: String] = [:]
    var byDouble: [Double: Int] = [:]
    var date = Date(timeIntervalSinceReferenceDate: 0)
    var data = Data()
    var id = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
    var url = URL(string: "https://example.org/a?b=c")
    var decimal = Decimal(1)
    var children: [Everything] = []

    init(using generator: inout SeededGenerator, depth: Int = 0) {
        func number<T: FixedWidthInteger>(_: T.Type) -> T {
            let bits = T(truncatingIfNeeded: generator.next())
            return bits >> T(truncatingIfNeeded: generator.next() % UInt64(T.bitWidth))
        }
        func list<T>(_ element: () -> T) -> [T] {
            (0..<Int(generator.next() % 4)).map { _ in element() }
        }
        func text() -> String {
            let pool: [Unicode.Scalar] = [
                "a", "b", "Z", "0", " ", "\"", "\\", "/", "\u{0}", "\u{7}", "\u{8}", "\u{c}",
                "\n", "\r", "\t", "\u{1f}", "\u{7f}", "é", "ß", "\u{2028}", "漢", "😀", "\u{10ffff}",
            ]
            var text = String.UnicodeScalarView()
            for _ in 0..<Int(generator.next() % 12) {
                text.append(pool[Int(generator.next() % UInt64(pool.count))])
            }
            return String(text)
        }
        func double() -> Double {
            switch generator.next() % 4 {
            case 0: Double(number(Int32.self))
            case 1: Double(number(Int32.self)) / 100
            default:
                { $0.isFinite ? $0 : 1e300 }(Double(bitPattern: generator.next()))
            }
        }
        func shape() -> Shape {
            switch generator.next() % 4 {
            case 0: .none
            case 1: .circle(radius: double())
            case 2: .pair(number(Int.self), nil)
            default: .pair(number(Int.self), .yard)
            }
        }
        bool = generator.next() % 2 == 0
        texts = list(text)
        int = number(Int.self)
        int8 = number(Int8.self)
        int64 = number(Int64.self)
        unsigned = number(UInt64.self)
        self.double = double()
        float = Float(number(Int16.self)) / 7
        optional = generator.next() % 2 == 0 ? nil : 3
        optionals = list { generator.next() % 2 == 0 ? nil : text() }
        shapes = list(shape)
        // Foundation orders other names differently, and both have reason to.
        byName = Dictionary(list { ("k\(number(UInt8.self))", 1) }, uniquingKeysWith: { $1 })
        byNumber = Dictionary(list { (number(Int.self), [true]) }, uniquingKeysWith: { $1 })
        byUnit = generator.next() % 2 == 0 ? [:] : [.metre: text(), .yard: text()]
        // More than one would be in the order of the process.
        byDouble = generator.next() % 2 == 0 ? [:] : [double(): 1]
        date = Date(timeIntervalSinceReferenceDate: double())
        data = Data(list { number(UInt8.self) })
        decimal = Decimal(number(Int32.self)) / 100
        children = depth < 2 ? list { Everything(using: &generator, depth: depth + 1) } : []
    }
}

/// Uses nested containers and those of a superclass.
final class Nesting: Codable {
    enum Keys: String, CodingKey { case list, object, inner, own }

    struct Base: Codable, Equatable { var name = "base" }

    var numbers = [1, 2]
    var base = Base()

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        var list = try container.nestedUnkeyedContainer(forKey: .list)
        numbers = []
        while !list.isAtEnd {
            numbers.append(
                try list.nestedContainer(keyedBy: Keys.self).decode(Int.self, forKey: .inner))
        }
        _ = try container.nestedContainer(keyedBy: Keys.self, forKey: .object)
        base = try Base(from: container.superDecoder())
        _ = try Base(from: container.superDecoder(forKey: .own))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        var list = container.nestedUnkeyedContainer(forKey: .list)
        var object = container.nestedContainer(keyedBy: Keys.self, forKey: .object)
        // Both are open at once.
        for number in numbers {
            var element = list.nestedContainer(keyedBy: Keys.self)
            try element.encode(number, forKey: .inner)
            try object.encode(number, forKey: .inner)
        }
        var again = container.nestedContainer(keyedBy: Keys.self, forKey: .object)
        try again.encodeNil(forKey: .own)
        try base.encode(to: container.superEncoder())
        try base.encode(to: container.superEncoder(forKey: .own))
    }
}

/// What Foundation's coders do.
enum Foundations {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// An error's kind and where it happened.
func summary(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
        context.codingPath.map(\.stringValue).joined(separator: "/")
    }
    return switch error {
    case DecodingError.keyNotFound(let key, let context):
        "\(path(context)) lacks \(key.stringValue)"
    case DecodingError.typeMismatch(let type, let context): "\(path(context)) is no \(type)"
    // Which type it names depends on how deep the coder looks into Date and the like.
    case DecodingError.valueNotFound(_, let context): "\(path(context)) is null"
    // Foundation often leaves out where; Pawl's own coder never does.
    case DecodingError.dataCorrupted: "corrupted"
    case EncodingError.invalidValue(_, let context):
        "invalid at \(context.codingPath.map(\.stringValue).joined(separator: "/"))"
    default: "\(error)"
    }
}

/// Any JSON value, by way of `Codable`.
enum AnyJSON: Decodable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([AnyJSON])
    case object([String: AnyJSON])

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
        } else if let value = try? container.decode([AnyJSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: AnyJSON].self))
        }
    }
}
