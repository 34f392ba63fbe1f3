internal import Logging

/// What algorithms that keep a ledger in the entity do with the store that both are in.
package struct LedgerStore: Sendable {
    let store: any Store
    let environment: Environment
    /// For how long an id is kept.
    let retention: Duration

    package init(store: any Store, environment: Environment, retention: Duration) {
        self.store = store
        self.environment = environment
        self.retention = retention
    }

    /// Reads all documents of an attempt.
    package func load(_ attempt: Attempt) async throws -> [Document?] {
        try await attempt.load(from: store)
    }

    /// Saves the new state, and in its ledger the id and the messages, as one. Messages that don't
    /// fit lie beside the entity then.
    ///
    /// - Parameters:
    ///   - effects: What the handler did.
    ///   - attempt: The attempt that has done it.
    ///   - documents: What was loaded for it.
    ///   - ledger: The first document's ledger; the id is recorded in it.
    ///   - state: What the ledger says of the id where there is nothing to be sent.
    /// - Returns: The first document as it was saved, or `nil` after a conflict.
    /// - Throws: What the store threw; a ``PawlError`` if the state itself is too large.
    package func save(
        _ effects: Effects, of attempt: Attempt, over documents: [Document?],
        _ ledger: inout Ledger, silent state: Ledger.State = .dispatched
    ) async throws -> Document? {
        var inline = ledger
        record(effects.messages.isEmpty ? state : .pending(effects.messages), of: attempt, &inline)
        let writes: [Write]
        do {
            writes = try self.writes(effects, of: attempt, over: documents, inline)
        } catch let error as PawlError
            where error.code == .documentTooLarge && !effects.messages.isEmpty
        {
            return try await saveStaged(effects, of: attempt, over: documents, &ledger)
        }
        ledger = inline
        return try await commit(writes, in: attempt.partition)
    }

    /// Saves a new state whose messages lie beside the entity.
    private func saveStaged(
        _ effects: Effects, of attempt: Attempt, over documents: [Document?],
        _ ledger: inout Ledger
    ) async throws -> Document? {
        let pages = try StagedMessages.pages(
            effects.messages, of: attempt, within: store.limits)
        let stage = Ledger.Stage(attempt: MessageID(from: environment), pages: pages.count)
        record(.staged(stage), of: attempt, &ledger)
        let writes = try writes(effects, of: attempt, over: documents, ledger)
        attempt.logger.notice(
            """
            The messages of \(attempt.message.type) \(attempt.message.id) don't fit into \
            \(attempt.keys[0]), so they are kept beside it until they are sent.
            """)
        // Lay down the messages before the state that names them, so that what is saved can be sent.
        let outside = staged(attempt.message.id, attempt.keys[0], attempt.partition)
        guard try await outside.put(pages, stage, over: documents[0]?.version) else { return nil }
        if let saved = try await commit(writes, in: attempt.partition) { return saved }
        // It has certainly not been saved. Nobody else may come by after a submission's attempt.
        try await outside.remove(stage)
        return nil
    }

    /// Saves a claim in the ledger of an attempt's first document, and nothing else.
    ///
    /// - Parameters:
    ///   - claim: The claim.
    ///   - attempt: The attempt.
    ///   - document: Its first document as it was loaded.
    ///   - ledger: That document's ledger; the claim is recorded in it.
    /// - Returns: The document as it was saved, or `nil` after a conflict.
    /// - Throws: What the store threw.
    package func claim(
        _ claim: MessageID, _ attempt: Attempt, _ document: Document?, _ ledger: inout Ledger
    ) async throws -> Document? {
        record(.claimed(claim), of: attempt, &ledger)
        // If the message is never handled, this is all that is there.
        var content =
            document?.content
            ?? Content(body: nil, expires: environment.now() + retention + retention)
        content.ledger = ledger.encoded()
        return try await put(attempt.keys[0], in: attempt.partition, content, over: document)
    }

    /// Saves a document, if it is still as it was read.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - partition: Its partition.
    ///   - content: What it is to hold.
    ///   - document: The document as it was read; `nil` if there was none.
    /// - Returns: The document as it was saved, or `nil` after a conflict.
    /// - Throws: What the store threw.
    func put(
        _ key: DocumentKey, in partition: PartitionKey, _ content: Content,
        over document: Document?
    ) async throws -> Document? {
        let condition = document.map { Write.Condition.version($0.version) } ?? .absent
        return try await commit([.put(key, content, if: condition)], in: partition)
    }

    private func record(_ state: Ledger.State, of attempt: Attempt, _ ledger: inout Ledger) {
        let now = environment.now()
        ledger.record(attempt.message.id, state, at: now, forget: now - retention)
    }

    private func writes(
        _ effects: Effects, of attempt: Attempt, over documents: [Document?], _ ledger: Ledger
    ) throws -> [Write] {
        try attempt.writes(
            saving: effects, over: documents, ledger: ledger.encoded(),
            expires: attempt.isMemo ? environment.now() + retention : nil, within: store.limits)
    }

    /// Returns the first document as it was saved, or `nil` after a conflict.
    private func commit(
        _ writes: [Write], in partition: PartitionKey
    ) async throws -> Document? {
        let result = try await store.write(writes, in: partition)
        guard case .committed(let versions) = result, let version = versions.first ?? nil,
            let content = writes.first?.content
        else { return nil }
        return Document(version: version, content: content)
    }

    // MARK: What is saved

    /// Sends what is still to be sent for an id. It stays in the ledger.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - ledger: The ledger of the entity as it was read or saved.
    ///   - key: The entity.
    ///   - partition: Its partition.
    ///   - transport: Where the messages go.
    /// - Throws: What the store or the transport threw.
    package func send(
        _ id: MessageID, _ ledger: Ledger, _ key: DocumentKey, _ partition: PartitionKey,
        over transport: any Transport
    ) async throws {
        switch ledger[id] {
        case .pending(let messages):
            if !messages.isEmpty { try await transport.send(messages) }
        case .staged(let stage):
            if let messages = try await staged(id, key, partition).read(stage) {
                return try await transport.send(messages)
            }
            // Whoever has removed them has noted first that they are sent.
            let current = try Ledger(try await store.read(key, in: partition))
            guard case .staged(stage) = current[id] else { return }
            throw PawlError(
                .malformedDocument,
                """
                The messages that \(key) has to send for message \(id) are gone: documents of the \
                kind \(StagedMessages.kind) are missing. Nobody but Pawl may delete them; restore \
                them.
                """)
        case nil, .dispatched, .unstaged, .claimed, .tombstone, .registered, .doomed: break
        }
    }

    /// Notes that everything of an id was sent. The id stays.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - document: The entity as it was read or saved.
    ///   - key: Its key.
    ///   - partition: Its partition.
    /// - Throws: What the store threw.
    package func noteSent(
        _ id: MessageID, from document: Document, _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        try await amend(key, in: partition, from: document) { ledger in
            guard ledger.isUnsent(id) else { return false }
            ledger.dispatched(id)
            return true
        }
    }

    /// Removes what lies beside the entity for an id whose messages are sent.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - key: The entity.
    ///   - partition: Its partition.
    /// - Throws: What the store threw.
    package func tidyUp(_ id: MessageID, _ key: DocumentKey, _ partition: PartitionKey) async throws
    {
        try await staged(id, key, partition).close()
    }

    /// Gives up a submission: whoever has loaded the entity by now can't save it any more, and what
    /// such attempts have laid down beside it is removed; nor can they lay down anything any more.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - key: The entity.
    ///   - partition: Its partition.
    ///   - write: Changes the entity's version; returns whether that was possible.
    /// - Returns: Whether that was possible.
    /// - Throws: What the store threw.
    func giveUp(
        _ id: MessageID, _ key: DocumentKey, _ partition: PartitionKey,
        _ write: () async throws -> Bool
    ) async throws -> Bool {
        try await staged(id, key, partition).giveUp(write)
    }

    /// What lies beside the entity for an id.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - key: The entity.
    ///   - partition: Its partition.
    /// - Returns: A view of it.
    package func staged(
        _ id: MessageID, _ key: DocumentKey, _ partition: PartitionKey
    ) -> StagedMessages {
        StagedMessages(
            store, environment, retention: retention, of: id, for: key, partition)
    }

    /// Changes a document's ledger: in the document as it was read or saved or, where others have
    /// changed it meanwhile, in a fresh copy, never over theirs.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - partition: Its partition.
    ///   - document: The document as it was read or saved.
    ///   - change: Changes its ledger; returns whether there was anything to change.
    /// - Throws: What the store threw.
    package func amend(
        _ key: DocumentKey, in partition: PartitionKey, from document: Document?,
        _ change: (inout Ledger) -> Bool
    ) async throws {
        var current = document
        while let document = current {
            var ledger = try Ledger(document)
            guard change(&ledger) else { return }
            var content = document.content
            content.ledger = ledger.encoded()
            // Nothing is in it any more. It is not deleted: whoever has found no document, before
            // all this, would find none again.
            if content.body == nil, ledger.entries.isEmpty {
                // For longer than anybody stands still who has found none.
                content.expires = environment.now() + max(retention, TokenRecords.shutFor)
            }
            if try await put(key, in: partition, content, over: document) != nil { return }
            current = try await store.read(key, in: partition)
        }
    }

    /// Forgets an id, and what lies beside the entity for it.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - document: The entity as it was read or saved.
    ///   - ledger: Its ledger.
    ///   - key: Its key.
    ///   - partition: Its partition.
    /// - Throws: What the store threw.
    package func forget(
        _ id: MessageID, from document: Document, _ ledger: Ledger, _ key: DocumentKey,
        _ partition: PartitionKey
    ) async throws {
        if ledger.mayBeStaged(id) {
            // While the entity has the id, somebody will come by; so what lies beside it goes first,
            // when everybody can see that it was sent.
            try await noteSent(id, from: document, key, partition)
            try await tidyUp(id, key, partition)
        }
        try await amend(key, in: partition, from: document) { ledger in
            guard ledger[id] != nil else { return false }
            ledger.remove(id)
            return true
        }
    }

    /// Changes nothing but a document's version, so that whoever has read it before can't save it.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - partition: Its partition.
    ///   - document: The document as it was read.
    /// - Returns: Whether that was possible: others may have changed it meanwhile.
    /// - Throws: What the store threw.
    func touch(
        _ key: DocumentKey, in partition: PartitionKey, _ document: Document?
    ) async throws -> Bool {
        let empty = Content(body: nil, expires: environment.now() + retention)
        return try await put(key, in: partition, document?.content ?? empty, over: document) != nil
    }

    /// Saves in an entity's ledger that a submission was given up. That changes its version, so that
    /// a commit that comes after this one fails.
    ///
    /// - Parameters:
    ///   - submission: The submission.
    ///   - document: The entity as it was read.
    ///   - ledger: Its ledger; the tombstone is recorded in it.
    /// - Returns: The entity as it was saved, or `nil` after a conflict.
    /// - Throws: What the store threw.
    func putTombstone(
        of submission: Submission, over document: Document?, _ ledger: inout Ledger
    ) async throws -> Document? {
        let now = environment.now()
        ledger.record(submission.id, .tombstone, at: now, forget: now - retention)
        var content = document?.content ?? Content(body: nil)
        content.ledger = ledger.encoded()
        if submission.kind == Work.memoKind { content.expires = now + retention }
        return try await put(
            submission.key, in: PartitionKey(submission.partition), content, over: document)
    }
}
