/// Tokens: a message can be processed only while its token exists.
///
/// Whoever sends a message makes a token for it first; whoever has processed it removes the token,
/// so that a copy that comes later, however late, is seen to be one. Nothing has to be remembered:
/// what is stored grows with the messages that are under way, not with those that were.
///
/// Tokens are made before the state that speaks of their messages is saved, so that attempts that
/// lose have made some as well. Therefore each attempt registers itself in the entity first. The one
/// that is saved strikes out all others that are registered, so that they can't be saved any more;
/// what they have made, or still make, is removed then.
///
/// Messages without a token, from senders that make none and from outside, are remembered in the
/// entity for a time, as the outbox does.
///
/// Needs a store with one-document compare-and-set for the entities, and one for the tokens, shared
/// with the senders, that writes several documents of a partition as one.
///
/// Source: "Token-based deduplication" and "Side effects", exactly-once.github.io; sections 4 and 6
/// of the algorithms, and for submissions section 8 over 1.
struct Tokens: DeduplicationAlgorithm {
    let transport: any Transport
    private let entities: LedgerStore
    private let tokens: TokenRecords
    private let claims: ClaimCheck?
    /// Whether messages are sent with tokens.
    private let isIssuing: Bool

    init(
        store: any Store, tokens: any Store, blobs: (any BlobStore)?, transport: any Transport,
        isIssuing: Bool, retention: Duration, environment: Environment
    ) {
        self.transport = transport
        entities = LedgerStore(store: store, environment: environment, retention: retention)
        self.tokens = TokenRecords(store: tokens, environment: environment)
        claims = blobs.map(ClaimCheck.init)
        self.isIssuing = isIssuing
    }

    func open(_ envelope: Envelope) async throws -> Envelope? {
        guard envelope.claim != nil else { return envelope }
        guard let claims else {
            throw PawlError(
                .unsupportedMessage,
                """
                The body of message \(envelope.id) (\(envelope.type)) lies in a blob. Give this \
                endpoint the sender's blob store: `.tokens(in:blobs:)`.
                """)
        }
        if let opened = try await claims.open(envelope) { return opened }
        guard let token = try envelope.token() else {
            throw PawlError(
                .malformedMessage,
                """
                The body of message \(envelope.id) (\(envelope.type)) is missing: there is no blob \
                \(envelope.claim ?? ""). Whether it was processed nobody can tell, since it has no \
                token. A sender that lays bodies down makes tokens, too.
                """)
        }
        // It is deleted after the token, so it can't be gone while the token is there.
        if try await tokens.contain(token) {
            throw BackendError(
                .didNotHappen,
                """
                The body of message \(envelope.id) (\(envelope.type)) is missing, though the \
                message was not processed: there is no blob \(envelope.claim ?? ""). Is this \
                endpoint's blob store the sender's, and is it all there?
                """)
        }
        return nil
    }

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let message = attempt.message
        let token = try message.token()
        let place = place(of: attempt, token)
        // 1. Load the entity.
        let documents = try await place.ledgers.load(place.attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        let outcome: Outcome
        if ledger.isProcessed(message.id) {
            // Whoever has processed it may not have come to the end.
            outcome = .duplicate
        } else {
            // 2. Look for the token only now: if it is gone by the time that the entity is saved,
            // so is the version that was loaded.
            if let token, try await !isThere(token, place, document) {
                try await forgetLate(message, token, place)
                try await transport.acknowledge(receipt)
                return .duplicate
            }
            // 3. to 6.
            guard
                let saved = try await commit(place, documents, &ledger, announcing: nil)
            else { return .conflict }
            document = saved
            outcome = .processed
        }
        // 7. to 10.
        if let document { try await finish(message, token, from: document, ledger, place) }
        // 11. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        let place = Place(ledgers: entities, attempt: attempt)
        let documents = try await entities.load(attempt)
        var ledger = try Ledger(documents[0])
        if ledger.isProcessed(attempt.message.id) { return .alreadyCommitted }
        let saved = try await commit(
            place, documents, &ledger, announcing: Submission(of: attempt))
        guard let saved else { return .conflict }
        // It is saved all the same if that fails, and then complete(x) finishes it.
        try? await finish(attempt.message, nil, from: saved, ledger, place)
        return .committed
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        let (key, partition) = (submission.key, PartitionKey(submission.partition))
        let document = try await entities.store.read(key, in: partition)
        var ledger = try Ledger(document)
        if let document, ledger.isProcessed(submission.id) {
            try await entities.send(submission.id, ledger, key, partition, over: transport)
            try await clear(submission.id, nil, document, ledger, entities, key, partition)
            return true
        }
        guard isLastTry else { return false }
        ledger.doom()
        return try await entities.giveUp(submission.id, key, partition) {
            let saved = try await entities.putTombstone(of: submission, over: document, &ledger)
            guard let saved else { return false }
            try await clear(submission.id, nil, saved, ledger, entities, key, partition)
            return true
        }
    }

    // MARK: Where

    /// Where the traces of a message are.
    private struct Place {
        let ledgers: LedgerStore
        /// The attempt, at the documents that it changes there.
        let attempt: Attempt
        /// Whether the token itself is the document.
        var isToken = false

        var key: DocumentKey { attempt.keys[0] }
        var partition: PartitionKey { attempt.partition }
    }

    /// Work without an entity leaves its traces in the token, and goes with it.
    private func place(of attempt: Attempt, _ token: Token?) -> Place {
        guard attempt.isMemo, let token else {
            return Place(ledgers: entities, attempt: attempt)
        }
        let ledgers = LedgerStore(
            store: tokens.store, environment: entities.environment,
            retention: entities.retention)
        return Place(
            ledgers: ledgers, attempt: attempt.moved(to: token.key, in: token.partition),
            isToken: true)
    }

    private func isThere(
        _ token: Token, _ place: Place, _ document: Document?
    ) async throws -> Bool {
        place.isToken ? document != nil : try await tokens.contain(token)
    }

    // MARK: Steps

    /// Steps 3 to 6. Returns the first document as it was saved, or `nil` after a conflict.
    private func commit(
        _ place: Place, _ loaded: [Document?], _ ledger: inout Ledger,
        announcing submission: Submission?
    ) async throws -> Document? {
        let attempt = place.attempt
        var documents = loaded
        // 3. Handle it, and see to it that somebody finishes a submission before anything is made.
        let effects = try await attempt.handle(documents, isAnySize: isIssuing && claims != nil)
        let issue = try Issue(
            isIssuing ? effects.messages : [], by: MessageID(from: entities.environment),
            over: attempt.router, hasBlobs: claims != nil)
        try await submission?.announce(over: transport, entities.environment)
        if issue.messages.isEmpty {
            ledger.doom()
            return try await save(effects.bodies, effects.messages, place, documents, &ledger)
        }
        // 4. Register what is about to be made.
        guard let registered = try await register(issue, place, documents[0], &ledger) else {
            return nil
        }
        documents[0] = registered
        // 5. Make it, unless this attempt has been shut out.
        guard try await make(issue) else { return nil }
        // 6. Save state and messages as one. No other attempt that is registered by now can be saved
        // any more.
        while case .registered = ledger[issue.attempt] {
            ledger.remove(issue.attempt)
            ledger.doom()
            if let saved = try await save(
                effects.bodies, issue.messages, place, documents, &ledger)
            {
                return saved
            }
            // If others have done no more than to register themselves, nothing is lost. So of
            // attempts that come in one another's way one is saved, whatever their order.
            let fresh = try await place.ledgers.load(attempt)
            if fresh.map({ $0?.version }) == documents.map({ $0?.version })
                || fresh.map({ $0?.content.body }) != loaded.map({ $0?.content.body })
            {
                break
            }
            documents = fresh
            ledger = try Ledger(fresh[0])
            // Whoever knows of no registrations may have saved it without striking out any.
            if ledger.isProcessed(attempt.message.id) { break }
        }
        // It has certainly not been saved, and may have made things after others had removed what it
        // had registered.
        try await revoke([issue.attempt: issue.effects])
        return nil
    }

    private func save(
        _ bodies: [[UInt8]?], _ messages: [Outgoing], _ place: Place, _ documents: [Document?],
        _ ledger: inout Ledger
    ) async throws -> Document? {
        try await place.ledgers.save(
            Effects(bodies: bodies, messages: messages), of: place.attempt, over: documents,
            &ledger,
            silent: try place.attempt.message.token() == nil ? .dispatched : .pending([]))
    }

    /// So many attempts may be registered at once. Beyond that most are of processes that have
    /// died, and whoever registers makes room.
    private static let maximumRegistered = 8

    private func register(
        _ issue: Issue, _ place: Place, _ document: Document?, _ ledger: inout Ledger
    ) async throws -> Document? {
        let (ledgers, environment) = (place.ledgers, entities.environment)
        if ledger.doomed.count >= Self.maximumRegistered {
            // They are saved as such, so what they have made can go; and it has to before there are
            // more of them.
            try await revoke(ledger.doomed)
            for attempt in ledger.doomed.keys { ledger.remove(attempt) }
        }
        if ledger.registered >= Self.maximumRegistered { ledger.doom() }
        ledger.record(
            issue.attempt, .registered(issue.effects), at: environment.now(),
            forget: environment.now() - ledgers.retention)
        // As long as what it names is there, so is the registration.
        var content = document?.content ?? Content(body: nil)
        content.expires = nil
        content.ledger = ledger.encoded()
        guard content.size <= ledgers.store.limits.largestDocument else {
            throw PawlError(
                .documentTooLarge,
                """
                \(place.key) would have \(content.size) bytes (\(content.ledger.count) of them its \
                ledger) while message \(place.attempt.message.id) is being handled; the store \
                holds at most \(ledgers.store.limits.largestDocument). Nothing was changed. Split \
                the entity.
                """)
        }
        return try await ledgers.put(place.key, in: place.partition, content, over: document)
    }

    private func make(_ issue: Issue) async throws -> Bool {
        guard try await tokens.issue(issue.effects.tokens, for: issue.attempt) else { return false }
        for (ordinal, body) in issue.bodies.sorted(by: { $0.key < $1.key }) {
            try await claims?.blobs.put(
                body, as: ClaimCheck.name(ordinal, of: issue.attempt))
        }
        return true
    }

    /// Steps 7 to 10, in this order: while the token is there, the entity has the id.
    private func finish(
        _ message: Envelope, _ token: Token?, from document: Document, _ ledger: Ledger,
        _ place: Place
    ) async throws {
        // 7. Send what is pending.
        try await place.ledgers.send(
            message.id, ledger, place.key, place.partition, over: transport)
        // 8. Remove the token: from now on the message counts as processed.
        if let token, !place.isToken { try await tokens.consume(token) }
        // 9. Only now forget the id and the messages, and what attempts that have lost have made.
        if let token, place.isToken {
            try await removeOutside(
                message.id, document, ledger, place.ledgers, place.key, place.partition)
            try await tokens.consume(token)
        } else {
            try await clear(
                message.id, token, document, ledger, place.ledgers, place.key, place.partition)
        }
        // 10. Whoever comes after this needs the body no more.
        try await removeBody(of: message)
    }

    /// A message whose token is gone was processed; whoever has done that may not have come as far as
    /// step 9. The entity may have been loaded before it was saved with the id, and then nothing of
    /// that is seen in it.
    private func forgetLate(
        _ message: Envelope, _ token: Token, _ place: Place
    ) async throws {
        if !place.isToken {
            let document = try await place.ledgers.store.read(place.key, in: place.partition)
            if let document {
                try await clear(
                    message.id, token, document, try Ledger(document), place.ledgers, place.key,
                    place.partition)
            }
        }
        try await removeBody(of: message)
    }

    /// Step 9.
    private func clear(
        _ id: MessageID, _ token: Token?, _ document: Document, _ ledger: Ledger,
        _ ledgers: LedgerStore, _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        try await removeOutside(id, document, ledger, ledgers, key, partition)
        let doomed = ledger.doomed
        try await ledgers.amend(key, in: partition, from: document) { ledger in
            let before = ledger.entries
            for attempt in doomed.keys { ledger.remove(attempt) }
            if token != nil {
                ledger.remove(id)
            } else if ledger.isUnsent(id) {
                // Without a token it has to be remembered.
                ledger.dispatched(id)
            }
            return ledger.entries != before
        }
    }

    /// Removes what lies outside of the document: messages that are sent, and what attempts that have
    /// lost have made.
    private func removeOutside(
        _ id: MessageID, _ document: Document, _ ledger: Ledger, _ ledgers: LedgerStore,
        _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        if ledger.mayBeStaged(id) {
            try await ledgers.noteSent(id, from: document, key, partition)
            try await ledgers.tidyUp(id, key, partition)
        }
        try await revoke(ledger.doomed)
    }

    private func revoke(_ doomed: [MessageID: SideEffects]) async throws {
        for (attempt, effects) in doomed.sorted(by: { $0.key < $1.key }) {
            try await tokens.revoke(effects.tokens, of: attempt)
            try await claims?.revoke(effects.blobs, of: attempt)
        }
    }

    private func removeBody(of message: Envelope) async throws {
        if let name = message.claim { try await claims?.blobs.delete(name) }
    }
}
