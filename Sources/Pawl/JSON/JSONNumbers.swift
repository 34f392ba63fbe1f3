internal import FoundationEssentials

extension JSONReader {
    private var isNumber: Bool { token.kind == .integer || token.kind == .number }

    func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value {
        let token = token
        // With so few digits nothing can overflow on the way.
        guard token.kind == .integer, token.count <= 18 else { return try decodeLong(type) }
        let start = Int(token.start)
        let isNegative = tape.bytes[start] == UInt8(ascii: "-")
        var number: Int64 = 0
        for position in (isNegative ? start + 1 : start)..<start + Int(token.count) {
            number = number &* 10 &+ Int64(tape.bytes[position] &- UInt8(ascii: "0"))
        }
        guard let value = Value(exactly: isNegative ? -number : number) else {
            throw unfit(type)
        }
        return value
    }

    private func decodeLong<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        guard isNumber else { throw mismatch(type) }
        let text = tape.text(token)
        if token.kind == .integer {
            guard let value = Value(text) else { throw unfit(type) }
            return value
        }
        // As in Foundation, 1.0 and 1e2 are integers. Beyond 2^53 not every one is a Double.
        guard let double = Double(text), let value = Value(exactly: double) else {
            throw unfit(type)
        }
        if double.magnitude < 0x1p53 { return value }
        guard let decimal = Decimal(string: text), let value = Value("\(decimal)") else {
            throw unfit(type)
        }
        return value
    }

    func decode(_ type: Double.Type) throws -> Double {
        let token = token
        // Up to fifteen digits are a Double exactly.
        if token.kind == .integer, token.count <= 15, tape.bytes[Int(token.start)] != 0x2D {
            return Double(try decode(Int64.self))
        }
        return try decodeFloating(type)
    }

    func decode(_ type: Float.Type) throws -> Float { try decodeFloating(type) }

    private func decodeFloating<Value: BinaryFloatingPoint & LosslessStringConvertible>(
        _ type: Value.Type
    ) throws -> Value {
        guard isNumber else { throw mismatch(type) }
        let text = tape.text(token)
        guard let value = Value(text), value.isFinite else { throw unfit(type) }
        if value.isZero {
            // As in Foundation, what is too small is not zero.
            let digits = text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }
            guard !digits.contains(where: { $0 > UInt8(ascii: "0") }) else { throw unfit(type) }
        }
        return value
    }

    func decodeDecimal() throws -> Decimal {
        guard isNumber else { throw mismatch(Decimal.self) }
        guard let value = Decimal(string: tape.text(token)) else { throw unfit(Decimal.self) }
        return value
    }

    private func unfit(_ type: any Any.Type) -> DecodingError {
        corrupted("Parsed JSON number <\(tape.text(token))> does not fit in \(type).")
    }
}
