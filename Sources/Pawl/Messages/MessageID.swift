internal import Crypto

/// The identity of a message: 128 bits that are the same in every copy of it.
///
/// A message that a handler sends has an id derived from the id that came in, so a handler that
/// runs twice sends copies of one message, never two messages.
public struct MessageID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Draws a new id.
    ///
    /// - Parameter environment: Where the randomness comes from.
    public init(from environment: Environment) {
        high = environment.random()
        low = environment.random()
    }

    /// Derives the id from a name, for example `submit-cart-42`: the same name, the same id.
    public init(_ name: String) {
        self.init(hashing: Array(name.utf8))
    }

    /// Reads the form that ``description`` writes.
    ///
    /// - Returns: `nil` unless the text is 32 hexadecimal digits.
    public init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(\.isHexadecimalDigit),
            let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// Derives the id of the message that was sent as number `ordinal` to `destination` while
    /// `endpoint` handled `cause`.
    package init(cause: MessageID, endpoint: String, ordinal: Int, destination: String) {
        var bytes = ByteWriter()
        bytes.write(cause)
        bytes.write(endpoint)
        bytes.write(UInt32(ordinal))
        bytes.write(destination)
        self.init(hashing: bytes.bytes)
    }

    /// Derives the id of a submission at `endpoint` from its name and from what says which entity
    /// it changes, if it changes one.
    init(submission name: String, about entity: [String], at endpoint: String) {
        var bytes = ByteWriter()
        for part in ["pawl.session", endpoint, name] + entity { bytes.write(part) }
        self.init(hashing: bytes.bytes)
    }

    /// The id that follows from some bytes.
    init(hashing bytes: [UInt8]) {
        let digest = SHA256.hash(data: bytes)
        self = digest.withUnsafeBytes { raw in
            MessageID(
                high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The id's 16 bytes, for stores and transports.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// The id as 32 hexadecimal digits.
    public var description: String {
        func hexadecimal(_ half: UInt64) -> String {
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return hexadecimal(high) + hexadecimal(low)
    }

    /// Orders ids by their bits.
    public static func < (left: MessageID, right: MessageID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// Reads the id from its 32 hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = MessageID(hexadecimal: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a message id has 32 hexadecimal digits")
        }
        self = id
    }

    /// Writes the id as its 32 hexadecimal digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
