/// A sum to which each message adds one amount: adding it twice is adding it once, in any order.
///
/// ```swift
/// try account.turnover.add(message.amount, by: context.message)
/// ```
///
/// What grows: the id and the amount of each message. It is written as an object of amounts by
/// message.
///
/// Source: the counters of M. Shapiro, N. Preguiça, C. Baquero, M. Zawirski, "A comprehensive study
/// of Convergent and Commutative Replicated Data Types", INRIA 7506, 2011, section 3.1, which keep a
/// number for each replica; here each message is its own.
public struct MessageCounter: Hashable, Sendable {
    private var amounts: [MessageID: Int] = [:]

    /// Creates a counter that stands at 0.
    public init() {}

    /// Adds an amount, unless this message has done so before.
    ///
    /// - Parameters:
    ///   - amount: The amount; it may be negative.
    ///   - message: The message that is being handled. It can add one amount to a counter.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/contradiction`` if the message has
    ///   added another amount before.
    public mutating func add(_ amount: Int = 1, by message: Envelope) throws {
        try add(amount, by: message.id)
    }

    /// Adds an amount, unless the message with this id has done so before.
    ///
    /// - Parameters:
    ///   - amount: The amount; it may be negative.
    ///   - message: The message's id.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/contradiction`` if the message has
    ///   added another amount before.
    public mutating func add(_ amount: Int = 1, by message: MessageID) throws {
        if let known = amounts[message], known != amount {
            throw PawlError(
                .contradiction,
                """
                Message \(message) can't add \(amount): it has added \(known) to this counter, and \
                a message adds one amount. Add the sum of what it adds, or count apart; and let \
                the amount follow from the message alone, so that every copy adds the same.
                """)
        }
        amounts[message] = amount
    }

    /// The sum of all amounts.
    public var total: Int { amounts.values.reduce(0, +) }
    /// The number of messages that have added to it.
    public var count: Int { amounts.count }
}

extension MessageCounter: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads the amounts by message.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for key in container.allKeys {
            guard let id = MessageID(hexadecimal: key.stringValue) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container,
                    debugDescription: "a message id has 32 hexadecimal digits")
            }
            amounts[id] = try container.decode(Int.self, forKey: key)
        }
    }

    /// Writes the amounts by message, in the order of the messages' ids.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (message, amount) in amounts.sorted(by: { $0.key < $1.key }) {
            try container.encode(amount, forKey: Key(stringValue: message.description))
        }
    }
}
