/// The right of one message to be processed: it is there until that has been done, and then never
/// again.
///
/// It is a document of its own, which its sender makes, and named after the attempt that has made
/// it, so that no two attempts ever make the same.
package struct Token: Hashable, Sendable, CustomStringConvertible {
    package static let kind = "pawl.token"
    /// The header of a message that has one.
    package static let header = "pawl-token"

    /// The attempt that has made it.
    package let attempt: MessageID
    /// Which one it is of those that the attempt has made.
    package let ordinal: Int

    package init(attempt: MessageID, ordinal: Int) {
        self.attempt = attempt
        self.ordinal = ordinal
    }

    /// Reads what ``description`` writes.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let attempt = MessageID(hexadecimal: parts[0]),
            let ordinal = Int(parts[1]), ordinal >= 0
        else { return nil }
        self.init(attempt: attempt, ordinal: ordinal)
    }

    package var description: String { "\(attempt)/\(ordinal)" }

    /// All that one attempt makes is in one partition, so that it can be made, and refused, as one.
    package var partition: PartitionKey { Self.partition(of: attempt) }
    package var key: DocumentKey { DocumentKey(kind: Self.kind, id: "\(ordinal)") }

    static func partition(of attempt: MessageID) -> PartitionKey {
        PartitionKey("\(kind)/\(attempt)")
    }
}

/// What an attempt makes outside of its entity, before the entity is saved.
package struct SideEffects: Equatable, Sendable {
    /// The number of tokens.
    package var tokens: Int
    /// The ordinals of the messages whose body lies in a blob.
    package var blobs: [Int] = []

    package init(tokens: Int, blobs: [Int] = []) {
        self.tokens = tokens
        self.blobs = blobs
    }
}

extension Envelope {
    /// The token that says whether the message may still be processed.
    ///
    /// - Returns: The token; `nil` if its sender makes none.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/malformedMessage``.
    package func token() throws -> Token? {
        guard let text = headers[Token.header] else { return nil }
        if let token = Token(text) { return token }
        throw PawlError(
            .malformedMessage,
            """
            Message \(id) (\(type)) has "\(text)" as its header \(Token.header), which is no token: \
            the id of an attempt, a slash, a number. Mend the sender.
            """)
    }

    /// Gives the message a token.
    package mutating func carry(_ token: Token) {
        headers[Token.header] = token.description
    }

    /// The blob that holds the message's body, where that is too large to travel.
    package var claim: String? { headers[ClaimCheck.header] }
}
