package import Pawl

/// The classic outbox once more, written so that each of its steps can be done wrong. Without a
/// mistake it makes the same calls as the one that ships.
///
/// What is wrong in saving (2, 20) or in sending (3, 7, 63) is wrong for submissions, too.
package struct MistakenOutbox: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case publishFirst, blindCommit, forgetID, dispatchedAtCommit, duplicateDropsOutbox
        case recompute, staleWholeDocumentMark, upsertFirstWrite, publishInHandler
        case earlyAcknowledgement, acknowledgementBeforeSend, asyncCommit, storeAssignedID
        case partialPublish
        // Of submissions only.
        case completeAfterCommit, unannounced, noTombstone, blindTombstone, completeDropsOutbox
        case tombstoneIsCommit
    }

    let mistake: Mistake?
    // Apart, so that nothing can be used of a database but what each of them has.
    let store: any Store
    let transport: any Transport
    let environment: Environment
    private let retention: Duration = .days(7)

    package init(
        _ mistake: Mistake?, store: any Store, transport: any Transport, environment: Environment
    ) {
        self.mistake = mistake
        self.store = store
        self.transport = transport
        self.environment = environment
    }

    // MARK: Messages

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        // 62 store-assigned-id: each copy that the broker numbers is taken for a message.
        let id =
            mistake == .storeAssignedID ? Self.numberOfCopy(receipt) : attempt.message.id
        // 1. Load the entity.
        let documents = try await load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        // 60 early-ack: the message is gone before its effect is saved.
        if mistake == .earlyAcknowledgement { try await transport.acknowledge(receipt) }
        let outcome: Outcome
        switch ledger[id] {
        case nil, .claimed, .tombstone, .registered, .doomed:
            // 2. Not processed yet: handle it; save state, id and outgoing messages as one.
            let effects = try await attempt.handle(documents)
            // 61 async-commit: the answer comes first, the state reaches the disk last of all.
            if mistake == .asyncCommit {
                try await send(effects.messages)
                try await transport.acknowledge(receipt)
                let late = try await save(effects, as: .dispatched, id, attempt, documents, &ledger)
                return late == nil ? .conflict : .processed
            }
            // 1 publish-first, 41 publish-in-handler: sent before the state is saved; by 41 as a
            // handler does that has the transport at hand, with the outbox none the wiser.
            if mistake == .publishFirst || mistake == .publishInHandler {
                try await send(effects.messages)
            }
            // 4 dispatched-at-commit: saved as sent before it is.
            let isSent = mistake == .publishFirst || mistake == .dispatchedAtCommit
            let state: Ledger.State? = isSent ? .dispatched : nil
            guard let saved = try await save(effects, as: state, id, attempt, documents, &ledger)
            else { return .conflict }
            if mistake == .dispatchedAtCommit { try await send(effects.messages) }
            document = saved
            outcome = .processed
        case .pending, .staged, .dispatched, .unstaged:
            // 5 duplicate-drops-outbox: what is known is taken for done.
            if mistake == .duplicateDropsOutbox {
                try await transport.acknowledge(receipt)
                return .duplicate
            }
            // 3. Processed before. If that attempt did not get to its end, its messages stand.
            outcome = .duplicate
        }
        // 60b ack-before-send: the message is gone while others still have to be sent for it.
        if mistake == .acknowledgementBeforeSend { try await transport.acknowledge(receipt) }
        // 4. Send what is pending, and only then note that it is sent. The id stays.
        if case .pending(var outputs) = ledger[id], let document {
            // 6 recompute: the messages are made anew, from the state that the message has made.
            if mistake == .recompute, outcome == .duplicate {
                outputs = try await attempt.handle(documents).messages
            }
            try await dispatch(outputs, of: id, from: document, attempt.keys[0], attempt.partition)
        }
        // 5. Only now may the message go.
        switch mistake {
        case .earlyAcknowledgement, .acknowledgementBeforeSend: break
        default: try await transport.acknowledge(receipt)
        }
        return outcome
    }

    /// The broker's number of a copy: the handle without its last part, which tells deliveries of
    /// that copy apart.
    private static func numberOfCopy(_ receipt: Receipt) -> MessageID {
        MessageID("\(receipt.queue) \(receipt.handle.split(separator: ".").dropLast())")
    }

    // MARK: Submissions

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        // 1. Load.
        let documents = try await load(attempt)
        var ledger = try Ledger(documents[0])
        let key = attempt.keys[0]
        let id = attempt.message.id
        switch ledger[id] {
        case .pending, .staged, .dispatched, .unstaged: return .alreadyCommitted
        case nil, .claimed, .registered, .doomed: break
        case .tombstone:
            // s5 tombstone-is-commit: what was given up is taken for saved.
            if mistake == .tombstoneIsCommit { return .alreadyCommitted }
        }
        // 2. Handle it, and before anything is saved, see to it that somebody will finish.
        let effects = try await attempt.handle(documents)
        let submission = Submission(
            id: id, partition: attempt.partition.name, kind: key.kind, document: key.id)
        let announcement = try submission.announcement(to: attempt.endpoint, environment)
        // 48 complete-after-commit: not yet. s1 unannounced: not at all.
        if mistake != .completeAfterCommit, mistake != .unannounced {
            try await send([announcement])
        }
        // 61 async-commit: sent while the state is not on the disk.
        if mistake == .asyncCommit { try await send(effects.messages) }
        // 3. Save state, id and outgoing messages as one.
        let state: Ledger.State? = mistake == .asyncCommit ? .dispatched : nil
        guard let saved = try await save(effects, as: state, id, attempt, documents, &ledger)
        else { return .conflict }
        if mistake == .completeAfterCommit { try await send([announcement]) }
        // 4. Send. It is saved all the same if that fails, and then complete(x) sends.
        if case .pending(let outputs) = ledger[id] {
            try? await dispatch(outputs, of: id, from: saved, key, attempt.partition)
        }
        return .committed
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        let partition = PartitionKey(submission.partition)
        let document = try await store.read(submission.key, in: partition)
        var ledger = try Ledger(document)
        switch ledger[submission.id] {
        case .dispatched, .staged, .unstaged: return true
        case .pending(let outputs):
            // s4 complete-drops-outbox: what is saved is taken for sent.
            guard let document, mistake != .completeDropsOutbox else { return true }
            try await dispatch(
                outputs, of: submission.id, from: document, submission.key, partition)
            return true
        case nil, .claimed, .tombstone, .registered, .doomed:
            guard isLastTry else { return false }
            // s2 no-tombstone: given up, but a late commit still succeeds.
            if mistake == .noTombstone { return true }
            // Changes the version, so that a commit that comes after this one fails.
            let now = environment.now()
            ledger.record(submission.id, .tombstone, at: now, forget: now - retention)
            var content = document?.content ?? Content(body: nil)
            content.ledger = ledger.encoded()
            if submission.kind == Work.memoKind { content.expires = now + retention }
            var condition = document.map { Write.Condition.version($0.version) } ?? .absent
            // s3 blind-tombstone: a commit that comes at the same time is overwritten.
            if mistake == .blindTombstone { condition = .any }
            // Nothing lies beside an entity here; what ships sees to it that nothing will.
            return try await LedgerStore(
                store: store, environment: environment, retention: retention
            ).staged(submission.id, submission.key, partition).giveUp {
                try await store.write(
                    [.put(submission.key, content, if: condition)], in: partition) != .conflict
            }
        }
    }

    // MARK: Steps

    private func load(_ attempt: Attempt) async throws -> [Document?] {
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(try await store.read(key, in: attempt.partition))
        }
        return documents
    }

    private func send(_ messages: [Outgoing]) async throws {
        if !messages.isEmpty { try await transport.send(messages) }
    }

    /// Step 2. Returns the first document as it was saved, or `nil` after a conflict. What is
    /// recorded of the id follows from the effects unless a mistake has it otherwise.
    private func save(
        _ effects: Effects, as state: Ledger.State?, _ id: MessageID, _ attempt: Attempt,
        _ documents: [Document?], _ ledger: inout Ledger
    ) async throws -> Document? {
        let now = environment.now()
        let due: Ledger.State =
            effects.messages.isEmpty ? .dispatched : .pending(effects.messages)
        ledger.record(id, state ?? due, at: now, forget: now - retention)
        var writes = try attempt.writes(
            saving: effects, over: documents, ledger: ledger.encoded(),
            expires: attempt.isMemo ? now + retention : nil, within: store.limits)
        switch mistake {
        // 2 blind-commit: whatever others have written meanwhile is replaced.
        case .blindCommit: writes = writes.map(\.unconditional)
        // 20 upsert-first-write: so is it where nothing was there.
        case .upsertFirstWrite:
            writes = writes.map { $0.condition == .absent ? $0.unconditional : $0 }
        default: break
        }
        let result = try await store.write(writes, in: attempt.partition)
        guard case .committed(let versions) = result, let version = versions.first ?? nil,
            let content = writes.first?.content
        else { return nil }
        return Document(version: version, content: content)
    }

    /// Step 4.
    private func dispatch(
        _ outputs: [Outgoing], of id: MessageID, from document: Document, _ key: DocumentKey,
        _ partition: PartitionKey
    ) async throws {
        // 63 partial-publish: marked as sent after the first of them.
        let early = mistake == .partialPublish ? 1 : outputs.count
        try await send(Array(outputs.prefix(early)))
        try await mark(id, in: document, key, partition)
        try await send(Array(outputs.dropFirst(early)))
    }

    private func mark(
        _ id: MessageID, in document: Document, _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        var current: Document? = document
        while let document = current {
            var ledger = try Ledger(document)
            guard case .pending = ledger[id] else { return }
            ledger.dispatched(id)
            // 3 forget-id: no outgoing messages left, so the entry goes, and the id with it.
            if mistake == .forgetID { ledger.remove(id) }
            var content = document.content
            content.ledger = ledger.encoded()
            // 7 stale-whole-doc-mark: the copy from before sending replaces whatever is there.
            let condition: Write.Condition =
                mistake == .staleWholeDocumentMark ? .any : .version(document.version)
            let result = try await store.write([.put(key, content, if: condition)], in: partition)
            if result != .conflict { return }
            // Others have changed the entity meanwhile: mark a fresh copy, never overwrite theirs.
            current = try await store.read(key, in: partition)
        }
    }
}

extension Write {
    /// The same write, whatever is there.
    var unconditional: Write {
        content.map { .put(key, $0, if: .any) } ?? .delete(key, if: .any)
    }
}
