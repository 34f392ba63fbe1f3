/// The inbox: an entity holds only messages that are still to be sent; that a message was processed,
/// a record of its own remembers, which expires.
///
/// For entities that have to stay small. Needs one-document compare-and-set for the entities, and
/// reads of the records that see every write that was answered before; they may lie in a store of
/// their own. A message's id is in the entity or among the records, without a gap, and among the
/// records only when its messages are sent.
///
/// Source: "Improving outbox", exactly-once.github.io; section 2 of the algorithms, and for
/// submissions section 8 over 2.
struct Inbox: DeduplicationAlgorithm {
    let transport: any Transport
    let entities: LedgerStore
    let records: InboxRecords
    /// Work without an entity has a record of its own as it is.
    let outbox: Outbox

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        if attempt.isMemo { return try await outbox.process(attempt, receipt) }
        let id = attempt.message.id
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        let outcome: Outcome
        // 2. Look among the records only now: if the answer is outdated by the time the entity is
        // saved, so is the entity, and that will show.
        if try await records.contain(id, at: attempt.endpoint) {
            // Whoever has added the record may not have come as far as step 6.
            try await forgetLate(id, documents[0], attempt.keys[0], attempt.partition)
            try await transport.acknowledge(receipt)
            return .duplicate
        }
        if !ledger.isProcessed(id) {
            // 3. Not processed yet: handle it; save state, id and outgoing messages as one.
            let effects = try await attempt.handle(documents)
            let saved = try await entities.save(
                effects, of: attempt, over: documents, &ledger, silent: .pending([]))
            guard let saved else { return .conflict }
            document = saved
            outcome = .processed
        } else {
            outcome = .duplicate
        }
        // 4. to 6.
        if let document {
            try await finish(
                id, at: attempt.endpoint, from: document, ledger, attempt.keys[0],
                attempt.partition)
        }
        // 7. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        if attempt.isMemo { return try await outbox.submit(attempt) }
        let id = attempt.message.id
        // 1. Load; 2. look among the records, in this order.
        let documents = try await entities.load(attempt)
        var ledger = try Ledger(documents[0])
        if ledger.isProcessed(id) { return .alreadyCommitted }
        if try await records.contain(id, at: attempt.endpoint) { return .alreadyCommitted }
        // 3. Handle it, and before anything is saved, see to it that somebody will finish.
        let effects = try await attempt.handle(documents)
        let submission = Submission(of: attempt)
        try await submission.announce(over: transport, entities.environment)
        let saved = try await entities.save(
            effects, of: attempt, over: documents, &ledger, silent: .pending([]))
        guard let saved else { return .conflict }
        // 4. to 6. It is saved all the same if that fails, and then complete(x) goes on.
        try? await finish(
            id, at: attempt.endpoint, from: saved, ledger, submission.key, attempt.partition)
        return .committed
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        guard submission.kind != Work.memoKind else {
            return try await outbox.complete(submission, isLastTry: isLastTry)
        }
        let partition = PartitionKey(submission.partition)
        let document = try await entities.store.read(submission.key, in: partition)
        let ledger = try Ledger(document)
        if let document, ledger.isProcessed(submission.id) {
            try await finish(
                submission.id, at: submission.endpoint, from: document, ledger, submission.key,
                partition)
            return true
        }
        if try await records.contain(submission.id, at: submission.endpoint) {
            try await forgetLate(submission.id, document, submission.key, partition)
            return true
        }
        guard isLastTry else { return false }
        return try await entities.giveUp(submission.id, submission.key, partition) {
            try await entities.touch(submission.key, in: partition, document)
        }
    }

    /// Forgets an id whose record is there. The entity may have been loaded before it was saved with
    /// that id, and then nothing of it is seen in it.
    private func forgetLate(
        _ id: MessageID, _ loaded: Document?, _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        var document = loaded
        if try Ledger(loaded)[id] == nil {
            document = try await entities.store.read(key, in: partition)
        }
        guard let document else { return }
        try await entities.forget(id, from: document, try Ledger(document), key, partition)
    }

    /// Steps 4 to 6, in this order: a record says that the messages are sent, and the id must be in
    /// one of both places at any time.
    private func finish(
        _ id: MessageID, at endpoint: String, from document: Document, _ ledger: Ledger,
        _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        // 4. Send what is pending.
        try await entities.send(id, ledger, key, partition, over: transport)
        // 5. Add the record.
        try await records.add(id, at: endpoint)
        // 6. Only now forget the id and the messages.
        try await entities.forget(id, from: document, ledger, key, partition)
    }
}
