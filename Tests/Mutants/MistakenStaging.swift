package import Pawl
internal import PawlCheck

/// The outbox that lays messages down beside the entity, whether or not they would fit, once more,
/// and wrong. Without a mistake it makes the same calls as the one that ships where they don't fit.
package struct MistakenStaging: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case stagedByMessageID, stageAfterCommit, deleteOnError, noFence,
            unlooked
    }

    let mistake: Mistake?
    private let database: any Database
    private let environment: Environment
    private let entities: LedgerStore
    private let shipped: any DeduplicationAlgorithm

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        self.database = database
        self.environment = environment
        entities = LedgerStore(store: database, environment: environment, retention: .days(7))
        shipped = AlgorithmUnderCheck.outboxStaged.make(database, environment)
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        let (key, partition) = (attempt.keys[0], attempt.partition)
        let outside = entities.staged(id, key, partition)
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        var outcome = Outcome.duplicate
        if !ledger.isProcessed(id) {
            // 2. Handle it; lay down the messages; save state, id and where they are as one.
            let effects = try await attempt.handle(documents)
            document = try await save(effects, attempt, documents, &ledger, outside)
            if document == nil { return .conflict }
            outcome = .processed
        }
        // 4. Send, and only then note that it is sent. The id stays.
        if let document {
            if ledger.isUnsent(id) {
                try await send(attempt, ledger, outside)
                try await entities.noteSent(id, from: document, key, partition)
            }
            try await outside.close()
            // 17b no-fence: what is there is removed, but who comes late finds the place open.
            if mistake == .noFence {
                _ = try await database.write(
                    [.delete(outside.fenceKey, if: .any)], in: outside.partition)
            }
        }
        // 5. Only now may the message go.
        try await database.acknowledge(receipt)
        return outcome
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        // Nothing else that is wrong here is about submissions.
        guard mistake == .unlooked else { return try await shipped.submit(attempt) }
        let (id, key) = (attempt.message.id, attempt.keys[0])
        let documents = try await entities.load(attempt)
        var ledger = try Ledger(documents[0])
        if ledger.isProcessed(id) { return .alreadyCommitted }
        let effects = try await attempt.handle(documents)
        let announcement = try Submission(of: attempt).announcement(
            to: attempt.endpoint, environment)
        try await database.send([announcement])
        let outside = entities.staged(id, key, attempt.partition)
        let saved = try await save(effects, attempt, documents, &ledger, outside)
        // It is announced, so there is somebody who sends it.
        return saved == nil ? .conflict : .committed
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await shipped.complete(submission, isLastTry: isLastTry)
    }

    /// Step 2. Returns the document as it was saved, or `nil` after a conflict.
    private func save(
        _ effects: Effects, _ attempt: Attempt, _ documents: [Document?],
        _ ledger: inout Ledger, _ outside: StagedMessages
    ) async throws -> Document? {
        let pages = try StagedMessages.pages(
            effects.messages, of: attempt, within: database.limits)
        // 17 staged-by-message-id: all attempts lay down theirs in one place.
        let name =
            mistake == .stagedByMessageID ? attempt.message.id : MessageID(from: environment)
        let stage = Ledger.Stage(attempt: name, pages: pages.count)
        let now = environment.now()
        ledger.record(
            attempt.message.id, .staged(stage), at: now, forget: now - Duration.days(7))
        let writes = try attempt.writes(
            saving: effects, over: documents, ledger: ledger.encoded(), within: database.limits)
        // 18 stage-after-commit: for a moment the entity names what is not there.
        if mistake != .stageAfterCommit {
            var base = documents[0]?.version
            // 17c unlooked: whatever has become of the entity, messages are laid down beside it.
            if mistake == .unlooked {
                base = try await database.read(attempt.keys[0], in: attempt.partition)?.version
            }
            guard try await outside.put(pages, stage, over: base) else { return nil }
        }
        let result: WriteResult
        do {
            result = try await database.write(writes, in: attempt.partition)
        } catch {
            // 19 delete-staged-on-error: what threw may have happened all the same.
            if mistake == .deleteOnError {
                for number in pages.indices {
                    _ = try await database.write(
                        [.delete(outside.pageKey(stage, number), if: .any)], in: outside.partition)
                }
            }
            throw error
        }
        guard case .committed(let versions) = result, let version = versions.first ?? nil,
            let content = writes.first?.content
        else {
            // Otherwise the fence sees to it, or would if it were there.
            if mistake == nil || mistake == .unlooked { try await outside.remove(stage) }
            return nil
        }
        if mistake == .stageAfterCommit {
            _ = try await outside.put(pages, stage, over: version)
        }
        return Document(version: version, content: content)
    }

    private func send(
        _ attempt: Attempt, _ ledger: Ledger, _ outside: StagedMessages
    ) async throws {
        // Where messages may be missing, what is missing is taken for sent by another attempt.
        if mistake == .stageAfterCommit || mistake == .deleteOnError,
            case .staged(let stage) = ledger[attempt.message.id]
        {
            guard let messages = try await outside.read(stage) else { return }
            return try await database.send(messages)
        }
        try await entities.send(
            attempt.message.id, ledger, attempt.keys[0], attempt.partition, over: database)
    }
}
