/// The messages that endpoints have given up: to look at, to retry, to discard.
public struct DeadLetters: Sendable {
    private let store: any Store
    private let tokens: TokenRecords
    private let blobs: (any BlobStore)?
    private let environment: Environment

    /// Opens the dead letters in a store.
    ///
    /// - Parameters:
    ///   - store: The store of the endpoints.
    ///   - tokens: Where the tokens of messages are, if they have any; `nil` for the same store.
    ///   - blobs: Where bodies are that are too large to travel, if there are any.
    ///   - environment: Where the time comes from.
    public init(
        in store: any Store, tokens: (any Store)? = nil, blobs: (any BlobStore)? = nil,
        environment: Environment = .system
    ) {
        self.store = store
        self.tokens = TokenRecords(store: tokens ?? store, environment: environment)
        self.blobs = blobs
        self.environment = environment
    }

    /// Lists dead letters, ordered by endpoint, then by id.
    ///
    /// - Parameters:
    ///   - endpoint: Only those of this endpoint; of all if `nil`.
    ///   - limit: The largest number to return.
    /// - Returns: The dead letters.
    /// - Throws: ``BackendError``.
    public func list(endpoint: String? = nil, limit: Int = .max) async throws -> [DeadLetter] {
        var letters: [DeadLetter] = []
        var last: LocatedDocument?
        while letters.count < limit {
            let page = try await store.list(
                kind: TroubleBook.deadLetterKind, after: last, limit: 100)
            if page.isEmpty { break }
            last = page.last
            letters += try page.compactMap(Self.letter).filter {
                endpoint == nil || $0.endpoint == endpoint
            }
        }
        return Array(letters.prefix(limit))
    }

    /// Finds a dead letter.
    ///
    /// - Parameters:
    ///   - id: The id of the message.
    ///   - endpoint: The endpoint that gave it up; if `nil`, all are searched.
    /// - Returns: The dead letter.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/noSuchDeadLetter``.
    public func find(_ id: MessageID, endpoint: String? = nil) async throws -> DeadLetter {
        let found = try await list(endpoint: endpoint).filter { $0.id == id }
        guard let letter = found.first else {
            throw PawlError(.noSuchDeadLetter, "There is no dead letter \(id). `list` shows all.")
        }
        guard found.count == 1 else {
            throw PawlError(
                .noSuchDeadLetter,
                """
                \(found.map(\.endpoint).joined(separator: " and ")) have given up \(id); name the \
                endpoint that is meant.
                """)
        }
        return letter
    }

    /// Sends a dead letter's message to its endpoint again, with the same id, and removes the dead
    /// letter.
    ///
    /// - Parameters:
    ///   - letter: The dead letter.
    ///   - transport: The endpoint's transport.
    ///   - force: Retries even a letter that is older than what the endpoint remembers. If a copy
    ///     of the message was processed, it is then processed twice.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/deadLetterTooOld`` or
    ///   ``PawlError/Code/malformedMessage``, or a ``BackendError``; the dead letter is still there.
    public func retry(
        _ letter: DeadLetter, over transport: any Transport, force: Bool = false
    ) async throws {
        if let end = letter.retryBefore, environment.now() > end, !force {
            throw PawlError(
                .deadLetterTooOld,
                """
                Dead letter \(letter.id) is older than what \(letter.endpoint) remembers of \
                processed messages. If a copy of it was processed, it would be processed twice. \
                Look, then force it or discard it.
                """)
        }
        guard let bytes = letter.bytes else {
            throw PawlError(.malformedMessage, "Dead letter \(letter.id) holds no message.")
        }
        // First sent, then removed: a crash between leaves a copy, which is deduplicated. If the
        // message has been given up again already, that is another letter, and it stays.
        let envelope = try Envelope(decoding: bytes)
        try await transport.send([Outgoing(envelope, to: letter.endpoint)])
        _ = try await remove(letter)
    }

    /// Removes a dead letter for good, and then the message's token and body, if it has them, so
    /// that no copy of it is processed from then on. What an attempt had saved, or made, before the
    /// message was given up stays.
    ///
    /// - Parameter letter: The dead letter.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/noSuchDeadLetter`` if it is not
    ///   there any more as it was read, or with the code ``PawlError/Code/unsupportedMessage`` if
    ///   its body lies in a blob and the blob store was not given; a ``BackendError``.
    public func discard(_ letter: DeadLetter) async throws {
        let message = letter.envelope
        if let name = message?.claim, blobs == nil {
            throw PawlError(
                .unsupportedMessage,
                """
                The body of dead letter \(letter.id) lies in the blob \(name), which would stay \
                there for ever. Say where the blobs are. Nothing was discarded.
                """)
        }
        guard try await remove(letter) == .conflict else {
            // After the letter: a letter without its token could be retried in vain.
            guard let message else { return }
            if let token = try? message.token() { try await tokens.consume(token) }
            if let name = message.claim { try await blobs?.delete(name) }
            return
        }
        throw PawlError(
            .noSuchDeadLetter,
            """
            Dead letter \(letter.id) was not discarded: it has been retried, discarded or given up \
            again since it was read. `list` shows what is there now.
            """)
    }

    private func remove(_ letter: DeadLetter) async throws -> WriteResult {
        try await store.write(
            [
                .delete(
                    TroubleBook.deadLetterKey(letter.id),
                    if: letter.version.map { .version($0) } ?? .any)
            ],
            in: TroubleBook.partition(letter.endpoint, letter.id))
    }

    private static func letter(_ located: LocatedDocument) throws -> DeadLetter? {
        guard let body = located.document.content.body else { return nil }
        var letter = try JSON.decode(DeadLetter.self, from: body)
        letter.version = located.document.version
        return letter
    }
}
