/// A value, or a key, and where it stands in the text.
struct JSONToken {
    enum Kind: UInt8 {
        case null, isFalse, isTrue
        /// Digits only, perhaps with a sign before them.
        case integer
        /// With a fraction or an exponent.
        case number
        case string
        /// A string with escapes. Its text is not in the input but among the unescaped bytes.
        case escaped
        case array, object
        /// A key that its object has already. It is never found.
        case duplicate
    }

    var kind: Kind
    /// Of a scalar, where its text starts, without quotes. Of an object, which cursor is its own.
    var start: UInt32
    /// Of a scalar, the number of its bytes; of an array or object, that of its values.
    var count: UInt32
    /// The token behind this value, all it contains included; behind a key's value for a key.
    var next: UInt32
}

/// The key of a coding path: an object's name or an array's index.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = "Index \(intValue)"
        self.intValue = intValue
    }

    static let superKey = JSONKey(stringValue: "super")
}
