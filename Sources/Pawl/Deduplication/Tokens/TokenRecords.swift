/// The store of the tokens, which senders and receivers share.
package struct TokenRecords: Sendable {
    let store: any Store
    let environment: Environment

    /// For how long nothing can be made in the name of an attempt that has lost: longer than any
    /// process stands still.
    package static let shutFor: Duration = .days(7)

    package init(store: any Store, environment: Environment) {
        self.store = store
        self.environment = environment
    }

    /// Whether a message may still be processed.
    package func contain(_ token: Token) async throws(BackendError) -> Bool {
        try await store.read(token.key, in: token.partition) != nil
    }

    /// Makes the tokens of an attempt.
    ///
    /// - Parameters:
    ///   - count: How many, numbered from 0.
    ///   - attempt: The attempt.
    /// - Returns: Whether it could; not if the attempt has been shut out.
    /// - Throws: What the store threw.
    package func issue(_ count: Int, for attempt: MessageID) async throws(BackendError) -> Bool {
        for tokens in batches(count) {
            let result = try await store.write(
                [.delete(Self.shutKey, if: .absent)]
                    + tokens.map {
                        .put(
                            Token(attempt: attempt, ordinal: $0).key, Content(body: nil),
                            if: .absent)
                    }, in: Token.partition(of: attempt))
            if result == .conflict { return false }
        }
        return true
    }

    /// Removes a message's token: from now on the message counts as processed.
    package func consume(_ token: Token) async throws(BackendError) {
        _ = try await store.write([.delete(token.key, if: .any)], in: token.partition)
    }

    /// Removes the tokens of an attempt that can't be saved any more, and shuts it out, so that it
    /// makes none if it has not come so far yet.
    package func revoke(_ count: Int, of attempt: MessageID) async throws(BackendError) {
        let shut = Content(body: nil, expires: environment.now() + Self.shutFor)
        for tokens in batches(count) {
            _ = try await store.write(
                [.put(Self.shutKey, shut, if: .any)]
                    + tokens.map {
                        .delete(Token(attempt: attempt, ordinal: $0).key, if: .any)
                    }, in: Token.partition(of: attempt))
        }
    }

    /// So many that one write covers them, and what shuts the attempt out.
    private func batches(_ count: Int) -> [Range<Int>] {
        let size = max(1, store.limits.largestBatch - 1)
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// Says that an attempt is shut out.
    package static let shutKey = DocumentKey(kind: Token.kind, id: "shut")
}

extension Store {
    /// Counts the tokens in this store: one for each message that is under way or lies in the dead
    /// letters. For operators; the count may be out of date by the time it is there.
    ///
    /// - Returns: The number of tokens.
    /// - Throws: ``BackendError``.
    public func countTokens() async throws(BackendError) -> Int {
        var count = 0
        var last: LocatedDocument?
        while true {
            let page = try await list(kind: Token.kind, after: last, limit: 1_000)
            guard let end = page.last else { return count }
            count += page.count { $0.key != TokenRecords.shutKey }
            last = end
        }
    }
}
