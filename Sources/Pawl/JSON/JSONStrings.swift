extension JSONScanner {
    /// Scans a string, from its opening quote on.
    mutating func scanString() throws {
        position += 1
        let start = position
        // Most of a text's bytes pass here, so without a check of bounds for each.
        let (end, all) = bytes.withUnsafeBufferPointer { bytes in
            var end = start
            var all: UInt8 = 0
            while end < bytes.count {
                let byte = bytes[end]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                all |= byte
                end += 1
            }
            return (end, all)
        }
        position = end
        if all >= 0x80 { isASCII = false }
        guard end < bytes.count else { throw malformed("has an open string") }
        guard bytes[end] == UInt8(ascii: "\"") else { return try scanEscaped(from: start) }
        add(.string, from: start)
        position += 1
    }

    /// Scans the rest of a string, from its first escape on.
    private mutating func scanEscaped(from start: Int) throws {
        let textStart = unescaped.count
        unescaped.append(contentsOf: bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                add(.escaped, from: position)
                tokens[tokens.count - 1].start = UInt32(truncatingIfNeeded: textStart)
                tokens[tokens.count - 1].count = UInt32(
                    truncatingIfNeeded: unescaped.count - textStart)
                position += 1
                return
            }
            guard byte >= 0x20 else { throw malformed("has a control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                try scanEscape()
            } else {
                if byte >= 0x80 { isASCII = false }
                unescaped.append(byte)
            }
        }
        throw malformed("has an open string")
    }

    private mutating func scanEscape() throws {
        guard position < bytes.count else { throw malformed("has an open string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"):
            var code = try scanHex()
            if (0xD800..<0xDC00).contains(code), position + 1 < bytes.count,
                bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try scanHex()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw malformed("has half a surrogate pair")
                }
                code = 0x1_0000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw malformed("has half a surrogate pair")
            }
            unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw malformed("has an escape that there is not")
        }
    }

    private mutating func scanHex() throws -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw malformed("has an escape that is not hexadecimal") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
