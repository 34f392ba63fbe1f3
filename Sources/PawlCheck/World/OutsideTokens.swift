package import Pawl

// Tokens of messages that come from senders that are not there themselves, as such senders make them.

extension Token {
    /// The token that the sender of a message makes for it.
    ///
    /// - Parameter message: What to call the message.
    package init(ofSenderOf message: String) {
        self.init(attempt: MessageID("sender of \(message)"), ordinal: 0)
    }

    /// Makes the token.
    ///
    /// - Parameter store: The store of the tokens.
    /// - Throws: What the store throws.
    package func make(in store: some Store) async throws {
        _ = try await store.write([.put(key, Content(body: nil), if: .absent)], in: partition)
    }
}
