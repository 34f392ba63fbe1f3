internal import FoundationEssentials

/// Keeps, in the store, what is known about messages that failed: those to be tried again, and
/// those given up.
struct TroubleBook: Sendable {
    static let troubleKind = "pawl.trouble"
    static let deadLetterKind = "pawl.dead-letter"

    let store: any Store
    let endpoint: String
    /// For how long the endpoint remembers what it has processed; `nil` for ever.
    let retention: Duration?
    let environment: Environment

    func trouble(of id: MessageID) async throws -> Trouble {
        let document = try await store.read(Self.troubleKey(id), in: Self.partition(endpoint, id))
        guard let body = document?.content.body else { return Trouble() }
        return try JSON.decode(Trouble.self, from: body)
    }

    func save(_ trouble: Trouble, of id: MessageID) async throws {
        // Nobody else writes it while the message is leased; it goes by itself in the end.
        let content = Content(
            body: try JSON.encode(trouble), expires: environment.now() + .days(30))
        try await write([.put(Self.troubleKey(id), content, if: .any)], about: id)
    }

    /// Notes that handling the message alone has ended without the death of the process.
    func survived(_ id: MessageID) async throws {
        var trouble = try await trouble(of: id)
        guard trouble.trials > 0 else { return }
        trouble.trials = 0
        try await save(trouble, of: id)
    }

    func forgetTrouble(of id: MessageID) async throws {
        try await write([.delete(Self.troubleKey(id), if: .any)], about: id)
    }

    /// The writes that give a message up: they save it as a dead letter and forget its trouble.
    func burial(
        of bytes: [UInt8], id: MessageID, type: String?, after trouble: Trouble
    ) throws -> [Write] {
        let now = environment.now()
        // A copy may have been processed as soon as the message was sent.
        let envelope = try? Envelope(decoding: bytes)
        // What has a token is never processed twice, however late it is.
        let retention = envelope?.headers[Token.header] == nil ? retention : nil
        let letter = DeadLetter(
            id: id, endpoint: endpoint, type: type, error: trouble.failures.last?.error ?? "",
            attempts: trouble.attempts, failures: trouble.failures, time: now,
            retryBefore: retention.map { (envelope?.sentAt ?? now) + $0 },
            message: Data(bytes).base64EncodedString())
        return [
            .put(Self.deadLetterKey(id), Content(body: try JSON.encode(letter)), if: .any),
            .delete(Self.troubleKey(id), if: .any),
        ]
    }

    /// Gives a message up.
    func bury(_ bytes: [UInt8], id: MessageID, type: String?, after trouble: Trouble) async throws {
        try await write(burial(of: bytes, id: id, type: type, after: trouble), about: id)
    }

    private func write(_ writes: [Write], about id: MessageID) async throws {
        _ = try await store.write(writes, in: Self.partition(endpoint, id))
    }

    static func partition(_ endpoint: String, _ id: MessageID) -> PartitionKey {
        PartitionKey("pawl.trouble/\(endpoint)/\(id)")
    }

    static func deadLetterKey(_ id: MessageID) -> DocumentKey {
        DocumentKey(kind: deadLetterKind, id: id.description)
    }

    private static func troubleKey(_ id: MessageID) -> DocumentKey {
        DocumentKey(kind: troubleKind, id: id.description)
    }
}
