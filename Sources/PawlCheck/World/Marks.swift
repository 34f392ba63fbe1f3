/// The checker's notes about who has written a body, carried by the body itself.
///
/// A state is saved together with the marks of all attempts whose effect is in it, and a message
/// carries the mark of the attempt that has made it, so what was committed and what was published
/// can be compared whatever the algorithm between them does. A mark is white space behind the JSON
/// text, two bits a character: every reader of JSON skips it, so neither handlers nor algorithms see
/// that they are watched.
enum Marks {
    /// The attempt that has made something, and the ordinal of the message among its messages.
    struct Mark: Hashable, Sendable {
        let attempt: Int
        var ordinal = 0
    }

    private static let digits: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    /// 40 bits for the attempt and 8 for the ordinal.
    private static let length = 24

    /// The bytes of a mark.
    static func bytes(_ mark: Mark) -> [UInt8] {
        precondition(mark.attempt < 1 << 40 && mark.ordinal < 256, "more marks than there are")
        let value = UInt64(mark.attempt) << 8 | UInt64(mark.ordinal)
        return (0..<length).map { digits[Int(value >> (2 * UInt64($0)) & 3)] }
    }

    static func append(_ mark: Mark, to body: inout [UInt8]) {
        body.append(contentsOf: bytes(mark))
    }

    /// The number of bytes that belong to the JSON text.
    static func textLength(_ body: [UInt8]) -> Int {
        var end = body.count
        while end > 0, isDigit(body[end - 1]) { end -= 1 }
        // The text may end with white space of its own; marks have a fixed length.
        return body.count - (body.count - end) / length * length
    }

    /// All marks of a body, oldest first.
    static func of(_ body: [UInt8]) -> [Mark] {
        var position = textLength(body)
        var marks: [Mark] = []
        while position < body.count {
            var value: UInt64 = 0
            for index in 0..<length {
                let digit: UInt64 =
                    switch body[position + index] {
                    case 0x20: 0
                    case 0x09: 1
                    case 0x0A: 2
                    default: 3
                    }
                value |= digit << (2 * UInt64(index))
            }
            marks.append(Mark(attempt: Int(value >> 8), ordinal: Int(value & 0xFF)))
            position += length
        }
        return marks
    }

    /// The body without its marks.
    static func text(_ body: [UInt8]) -> [UInt8] {
        Array(body[..<textLength(body)])
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
