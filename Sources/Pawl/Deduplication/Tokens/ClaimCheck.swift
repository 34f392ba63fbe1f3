/// Bodies that are too large to travel: they lie in a blob, and the message has its name.
///
/// Source: "Claim Check", Hohpe and Woolf, Enterprise Integration Patterns, 2003.
struct ClaimCheck: Sendable {
    /// The header of a message whose body lies in a blob.
    static let header = "pawl-blob"

    let blobs: any BlobStore

    /// The name of the blob that holds the body of an attempt's message.
    static func name(_ ordinal: Int, of attempt: MessageID) -> String { "\(attempt)-\(ordinal)" }

    /// The message with its body.
    ///
    /// - Returns: `nil` if the body is gone: it is deleted when the message has been processed.
    func open(_ envelope: Envelope) async throws -> Envelope? {
        guard let name = envelope.claim else { return envelope }
        guard let body = try await blobs.get(name) else { return nil }
        var opened = envelope
        opened.body = body
        return opened
    }

    /// Deletes what an attempt that can't be saved any more has laid down.
    func revoke(_ ordinals: [Int], of attempt: MessageID) async throws {
        for ordinal in ordinals { try await blobs.delete(Self.name(ordinal, of: attempt)) }
    }
}

/// What an attempt is about to send, with its tokens, and what has to be made before it is sent.
struct Issue {
    /// Names the attempt.
    let attempt: MessageID
    /// The messages as they will travel.
    private(set) var messages: [Outgoing]
    /// What is to be registered.
    private(set) var effects: SideEffects
    /// The bodies that lie in blobs, by ordinal.
    private(set) var bodies: [Int: [UInt8]] = [:]

    /// Gives each message a token, and those that are too large a blob.
    ///
    /// - Parameters:
    ///   - messages: What the handler sent.
    ///   - attempt: Names the attempt.
    ///   - router: Knows what the transport can carry.
    ///   - hasBlobs: Whether bodies can be laid down.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/messageTooLarge``.
    init(
        _ messages: [Outgoing], by attempt: MessageID, over router: Router, hasBlobs: Bool
    ) throws {
        self.attempt = attempt
        self.messages = messages
        effects = SideEffects(tokens: messages.count)
        for ordinal in messages.indices {
            var envelope = messages[ordinal].envelope
            envelope.carry(Token(attempt: attempt, ordinal: ordinal))
            if hasBlobs, !router.fits(envelope) {
                bodies[ordinal] = envelope.body
                effects.blobs.append(ordinal)
                envelope.headers[ClaimCheck.header] = ClaimCheck.name(ordinal, of: attempt)
                envelope.body = []
            }
            try router.check(envelope)
            self.messages[ordinal].envelope = envelope
        }
    }
}
