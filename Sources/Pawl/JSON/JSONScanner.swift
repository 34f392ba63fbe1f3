/// Reads JSON text from its first byte to its last, and lists what stands there.
///
/// It follows RFC 8259, and allows a comma behind the last value as Foundation does. Whatever the bytes are, it throws rather than trap: arrays
/// check their bounds, and how deep values are nested is limited.
struct JSONScanner {
    /// Foundation's limit.
    private static let maximumDepth = 512

    var tokens: [JSONToken] = []
    var unescaped: [UInt8] = []
    private(set) var cursors: [UInt32] = []
    let bytes: [UInt8]
    var position = 0
    var isASCII = true

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func scan() throws {
        guard bytes.count < Int(Int32.max) else { throw malformed("is too long") }
        tokens.reserveCapacity(8 + bytes.count / 8)
        try scanValue(depth: 0)
        guard nextByte() == nil else { throw malformed("goes on behind its value") }
        guard isASCII || String(validating: bytes, as: UTF8.self) != nil else {
            throw malformed("is not UTF-8")
        }
        add(.null, from: position)
    }

    func malformed(_ problem: String) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(
                codingPath: [],
                debugDescription: "The given data was not valid JSON: at byte \(position) it "
                    + "\(problem)."))
    }

    /// The next byte that is not white space, where the position is left.
    private mutating func nextByte() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    mutating func add(_ kind: JSONToken.Kind, from start: Int) {
        tokens.append(
            JSONToken(
                kind: kind, start: UInt32(truncatingIfNeeded: start),
                count: UInt32(truncatingIfNeeded: position - start),
                next: UInt32(truncatingIfNeeded: tokens.count + 1)))
    }

    private mutating func scanValue(depth: Int) throws {
        switch nextByte() {
        case UInt8(ascii: "\""): try scanString()
        case UInt8(ascii: "{"): try scanObject(depth: depth + 1)
        case UInt8(ascii: "["): try scanArray(depth: depth + 1)
        case UInt8(ascii: "t"): try scan("true", as: .isTrue)
        case UInt8(ascii: "f"): try scan("false", as: .isFalse)
        case UInt8(ascii: "n"): try scan("null", as: .null)
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): try scanNumber()
        default: throw malformed("has no value")
        }
    }

    private mutating func scan(_ word: StaticString, as kind: JSONToken.Kind) throws {
        let start = position
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == word.utf8Start[offset] else {
                throw malformed("has no value")
            }
            position += 1
        }
        add(kind, from: start)
    }

    // MARK: Arrays and objects

    private mutating func open(_ kind: JSONToken.Kind, depth: Int) throws -> Int {
        guard depth <= Self.maximumDepth else { throw malformed("is nested too deeply") }
        add(kind, from: position)
        position += 1
        return tokens.count - 1
    }

    private mutating func close(_ index: Int, count: Int) {
        position += 1
        tokens[index].count = UInt32(truncatingIfNeeded: count)
        tokens[index].next = UInt32(truncatingIfNeeded: tokens.count)
    }

    private mutating func scanArray(depth: Int) throws {
        let index = try open(.array, depth: depth)
        var count = 0
        if nextByte() != UInt8(ascii: "]") {
            while true {
                try scanValue(depth: depth)
                count += 1
                let byte = nextByte()
                if byte == UInt8(ascii: "]") { break }
                guard byte == UInt8(ascii: ",") else { throw malformed("has an open array") }
                position += 1
                if nextByte() == UInt8(ascii: "]") { break }
            }
        }
        close(index, count: count)
    }

    private mutating func scanObject(depth: Int) throws {
        let index = try open(.object, depth: depth)
        tokens[index].start = UInt32(truncatingIfNeeded: cursors.count)
        cursors.append(UInt32(truncatingIfNeeded: index + 1))
        var count = 0
        var last: Int?
        var isSorted = true
        if nextByte() != UInt8(ascii: "}") {
            while true {
                guard nextByte() == UInt8(ascii: "\"") else { throw malformed("has no key") }
                let key = tokens.count
                try scanString()
                if isSorted, let last { isSorted = order(last, key) < 0 }
                last = key
                guard nextByte() == UInt8(ascii: ":") else { throw malformed("has no colon") }
                position += 1
                try scanValue(depth: depth)
                tokens[key].next = UInt32(truncatingIfNeeded: tokens.count)
                count += 1
                let byte = nextByte()
                if byte == UInt8(ascii: "}") { break }
                guard byte == UInt8(ascii: ",") else { throw malformed("has an open object") }
                position += 1
                if nextByte() == UInt8(ascii: "}") { break }
            }
        }
        close(index, count: count)
        if !isSorted { markDuplicates(in: index) }
    }

    /// The first of several equal keys counts, as in Foundation. Sorted keys need no look: what is
    /// greater than the key before it is new.
    private mutating func markDuplicates(in object: Int) {
        var keys: [Int] = []
        var key = object + 1
        while key < Int(tokens[object].next) {
            keys.append(key)
            key = Int(tokens[key].next)
        }
        keys.sort {
            let order = order($0, $1)
            return order == 0 ? $0 < $1 : order < 0
        }
        var kept = 0
        for other in 1..<keys.count {
            if order(keys[kept], keys[other]) == 0 {
                tokens[keys[other]].kind = .duplicate
                tokens[object].count -= 1
            } else {
                kept = other
            }
        }
    }

    /// Less than zero if one key comes before another, more if after it.
    private func order(_ one: Int, _ other: Int) -> Int {
        let (one, other) = (tokens[one], tokens[other])
        for offset in 0..<Int(min(one.count, other.count)) {
            let difference = Int(byte(offset, of: one)) - Int(byte(offset, of: other))
            if difference != 0 { return difference }
        }
        return Int(one.count) - Int(other.count)
    }

    private func byte(_ offset: Int, of token: JSONToken) -> UInt8 {
        let position = Int(token.start) + offset
        return token.kind == .escaped ? unescaped[position] : bytes[position]
    }

    // MARK: Numbers

    private mutating func scanNumber() throws {
        let start = position
        var kind = JSONToken.Kind.integer
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let first = position
        try scanDigits()
        guard position == first + 1 || bytes[first] != UInt8(ascii: "0") else {
            throw malformed("has a number with a leading zero")
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            kind = .number
            position += 1
            try scanDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            kind = .number
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try scanDigits()
        }
        add(kind, from: start)
    }

    private mutating func scanDigits() throws {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else { throw malformed("has a number without digits") }
    }
}
