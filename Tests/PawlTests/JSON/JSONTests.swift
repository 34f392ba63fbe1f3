import Foundation
import Testing

@testable import Pawl

@Suite("The JSON coder")
struct JSONTests {
    private func outcome<Value>(_ body: () throws -> Value) -> String {
        do { return "\(try body())" } catch { return summary(error) }
    }

    /// Decodes with both coders, which are to say the same.
    private func compare<Value: Decodable>(_ text: String, as type: Value.Type) {
        let bytes = Array(text.utf8)
        let ours = outcome { try JSON.decode(type, from: bytes) }
        let theirs = outcome { try Foundations.decode(type, from: bytes) }
        #expect(ours == theirs, "\(text) as \(type)")
    }

    @Test("writes what Foundation writes, and each reads the other's", arguments: 1...20)
    func differential(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = Everything(using: &generator)
            let bytes = try JSON.encode(value)
            let theirs = try Foundations.encode(value)
            try #require(
                String(decoding: bytes, as: UTF8.self) == String(decoding: theirs, as: UTF8.self),
                "seed \(seed)")
            try #require(try JSON.decode(Everything.self, from: theirs) == value, "seed \(seed)")
            try #require(
                try Foundations.decode(Everything.self, from: bytes) == value, "seed \(seed)")
        }
    }

    @Test("keeps several containers open at once")
    func nesting() throws {
        let bytes = try JSON.encode(Nesting())
        #expect(try bytes == Foundations.encode(Nesting()))
        #expect(try JSON.decode(Nesting.self, from: bytes).numbers == [1, 2])
    }

    @Test(
        "reads numbers as Foundation does",
        arguments: [
            "0", "-0", "1", "-1", "127", "128", "-128", "-129", "255", "256", "65536",
            "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1.0", "1e2",
            "1E+2", "1.5", "10e-1", "1e-1", "9007199254740993.0", "1e18", "1e19", "1e400", "-1e400",
            "1e-400", "0.1", "123456789012345678", "5e-324", "1.7976931348623157e308", "3.5e38",
            "01", "-", "1.", ".5", "1e", "+1", "0x1", "NaN", "1 2", "--1", "-01", "1e+", "\"1\"",
            "null", "true", "[]", "1.0000000000000001", "100000000000000000000000000000000000001",
        ])
    func numbers(text: String) {
        compare(text, as: Int.self)
        compare(text, as: Int8.self)
        compare(text, as: UInt8.self)
        compare(text, as: Int32.self)
        compare(text, as: UInt64.self)
        compare(text, as: Double.self)
        compare(text, as: Float.self)
        compare("[\(text)]", as: [Int].self)
        compare("{\"a\":\(text)}", as: [String: Double].self)
    }

    @Test(
        "writes numbers as Foundation does",
        arguments: [
            0, -0.0, 1, 100, 1e15, 1e16, 1e17, 1e-5, 0.1, 1 / 3, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude,
            123_456_789.125,
        ] as [Double])
    func written(number: Double) throws {
        #expect(try JSON.encode(number) == Foundations.encode(number))
        let float = Float(number)
        if float.isFinite { #expect(try JSON.encode(float) == Foundations.encode(float)) }
    }

    @Test("does not write what is no number", arguments: [Double.nan, .infinity, -.infinity])
    func infinite(number: Double) {
        let value = ["a": [1, number]]
        #expect(outcome { try JSON.encode(value) } == outcome { try Foundations.encode(value) })
        #expect(outcome { try JSON.encode(value) } == "invalid at a/Index 1")
    }

    @Test(
        "reads strings as Foundation does",
        arguments: [
            #""""#, #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e9\u6f22""#, #""\ud83d\ude00""#,
            #""\uD83D\uDE00x""#, #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#,
            #""\ud83d\u0041""#, #""\ud83d\ud83d""#, #""\u00""#, #""\u00g0""#, #""\x""#, #""\"#,
            #"""#, #""\u"#, "\"\n\"", "\"\u{0}\"", "\"\u{7f}\u{2028}\"", "\"é😀\"", "'a'",
        ])
    func strings(text: String) {
        compare(text, as: String.self)
        compare("[\(text)]", as: [String].self)
        compare("{\(text):\(text)}", as: [String: String].self)
    }

    @Test("writes every control character as Foundation does", arguments: 0...0x80)
    func escapes(code: UInt8) throws {
        let text = "a\(Character(Unicode.Scalar(code)))b"
        #expect(try JSON.encode([text]) == Foundations.encode([text]))
        #expect(try JSON.encode([text: text]) == Foundations.encode([text: text]))
    }

    @Test(
        "says the same as Foundation about what is wrong, and where",
        arguments: [
            #"{}"#, #"{"a":null}"#, #"{"a":1}"#, #"{"a":{"b":[1,null]}}"#, #"{"a":{"b":["x"]}}"#,
            #"{"a":{"b":[1,2.5]}}"#, #"{"a":{"b":[300]}}"#, #"{"a":{"b":{}}}"#, #"{"a":{"b":1}}"#,
            #"{"a":{}}"#, #"{"a":{"b":null}}"#, #"{"a":[]}"#, #"[]"#, #"null"#, #"1"#, #""#, #"{"#,
            #"{"a"}"#, #"{"a":}"#, #"{"a":{"b":[1]},}"#, #"{"a":{"b":[1]}}"#, #"{"a":{"b":[1,]}}"#,
            #"{"a":{"b":[1]},"a":{"b":[2]}}"#, #"[,]"#,
            #"{,}"#, #"[1,,]"#,
            #" { "a" : { "b" : [ 1 , 2 ] } } "#, #"{"a":{"b":[1]}} x"#, #"{"a":{"b":[true]}}"#,
            #"{"\u0061":{"\u0062":[1]}}"#, #"{a:1}"#, #"{"a":{"b":[[]]}}"#,
        ])
    func errors(text: String) {
        struct Inner: Decodable { let b: [UInt8] }
        struct Outer: Decodable { let a: Inner }
        compare(text, as: Outer.self)
        compare(text, as: [String: [String: [UInt8]]].self)
        compare(text, as: [String: [String: UInt8]?].self)
        compare(text, as: [Int].self)
        compare(text, as: [Int: Int].self)
        compare(text, as: Everything.Shape.self)
        compare(text, as: Date.self)
        compare(text, as: UUID.self)
        compare(text, as: Data.self)
        compare(text, as: URL.self)
        compare(text, as: Decimal.self)
        compare(text, as: [Bool?].self)
        compare(text, as: Everything.self)
    }

    @Test(
        "takes the first of several equal keys",
        arguments: [
            #"{"b":1,"a":2,"b":3}"#, #"{"b":1,"b":2,"a":3,"a":4,"b":5}"#,
            #"{"a":1,"b":2,"\u0061":3}"#,
        ])
    func duplicates(text: String) throws {
        struct Pair: Decodable { let a, b: Int }
        compare(text, as: Pair.self)
        let fields = try JSON.decode([String: Int].self, from: Array(text.utf8))
        #expect(try fields == Foundations.decode([String: Int].self, from: Array(text.utf8)))
    }

    @Test("sorts few fields and many, whatever order they are written in", arguments: 1...30)
    func sorting(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var names = (0..<Int(seed * 2)).map { "k\($0)" }
        names.shuffle(using: &generator)
        let fields = Fields(names: names + names.prefix(3))
        let bytes = try JSON.encode(fields)
        #expect(try bytes == Foundations.encode(fields), "seed \(seed)")
        let sorted = names.sorted().map { name in
            "\"\(name)\":\(fields.names.lastIndex(of: name) ?? -1)"
        }
        #expect(String(decoding: bytes, as: UTF8.self) == "{\(sorted.joined(separator: ","))}")
    }

    @Test("leaves out what could not be written when its owner goes on")
    func failing() throws {
        struct Careless: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: JSONKey.self)
                try? container.encode(Double.nan, forKey: JSONKey(stringValue: "a"))
                try? container.encode([1, Double.nan], forKey: JSONKey(stringValue: "b"))
                try container.encode([1, 2.5], forKey: JSONKey(stringValue: "c"))
                var list = container.nestedUnkeyedContainer(forKey: JSONKey(stringValue: "d"))
                try? list.encode([Double.nan])
                try list.encode(list.count)
                _ = container.superEncoder()
            }
        }
        #expect(try JSON.encode(Careless()) == Array(#"{"c":[1,2.5],"d":[0],"super":{}}"#.utf8))
    }

    /// Numbers its names, and writes them in their order.
    private struct Fields: Encodable {
        let names: [String]

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: JSONKey.self)
            for (index, name) in names.enumerated() {
                try container.encode(index, forKey: JSONKey(stringValue: name))
            }
        }
    }

    @Test("reads what is nested 512 deep, and no deeper", arguments: [511, 512, 513, 100_000])
    func depth(depth: Int) throws {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let bytes = Array(text.utf8)
        let ours = outcome { try JSON.decode(Ignored.self, from: bytes) }
        #expect(ours == outcome { try Foundations.decode(Ignored.self, from: bytes) })
        #expect((ours == "corrupted") == (depth > 512))
    }

    private struct Ignored: Decodable {
        init(from decoder: any Decoder) {}
    }

    @Test("leaves every digit of the other fields when one is missing")
    func defaultsBesideLongNumbers() throws {
        let text = #"{"huge":123456789012345678901234567890,"price":12345678901234567890.12345}"#
        let price = try JSON.decode(
            Price.self, from: Array(text.utf8), defaults: { Price(price: 1, huge: 1, note: "-") })
        #expect(price.note == "-")
        #expect(price.price.description == "12345678901234567890.12345")
        #expect(price.huge.description == "123456789012345678901234567890")
    }

    private struct Price: Codable {
        var price: Decimal
        var huge: Decimal
        var note: String
    }

    @Test("agrees with Foundation on what is JSON when bytes are damaged", arguments: 1...20)
    func fuzz(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\u0019.eE+-truefalsn \n".utf8) + [0x80, 0xC3, 0xFF, 0]
        for _ in 0..<100 {
            let whole = try JSON.encode(Small(using: &generator))
            for _ in 0..<10 {
                var bytes = whole
                for _ in 0...generator.next() % 3 {
                    let position = Int(generator.next() % UInt64(bytes.count))
                    let byte = alphabet[Int(generator.next() % UInt64(alphabet.count))]
                    switch generator.next() % 4 {
                    case 0: bytes[position] = byte
                    case 1: bytes.insert(byte, at: position)
                    case 2 where bytes.count > 1: bytes.remove(at: position)
                    default: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
                    }
                }
                // Foundation reads other encodings, which are not told apart by damage only.
                if bytes.prefix(4).contains(0) { continue }
                let ours = try? JSON.decode(AnyJSON.self, from: bytes)
                let theirs = try? Foundations.decode(AnyJSON.self, from: bytes)
                try #require(
                    ours == theirs, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
                // What is laid over defaults goes this way, and must come through as it is.
                guard let ours else { continue }
                let again = try JSON.decode(AnyJSON.self, from: JSONValue(bytes).encoded())
                try #require(ours == again)
            }
        }
    }

    private struct Small: Codable {
        var items: [Everything.Shape]
        var texts: [String]
        var names: [String: Int]
        var flag: Bool
        var number: Double

        init(using generator: inout SeededGenerator) {
            let value = Everything(using: &generator, depth: 2)
            items = value.shapes
            texts = value.texts
            names = value.byName
            flag = value.bool
            number = value.double
        }
    }
}
