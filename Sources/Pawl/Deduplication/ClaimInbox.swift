/// The inbox for records whose reads may be out of date: instead of looking for a message's record,
/// an attempt tries to create it.
///
/// A claim is saved in the entity first; then the message is stamped with it, which only the first
/// claim succeeds in. A message whose stamp is not the entity's claim was processed: a claim leaves
/// the entity only when its message is finished, or when it has lost. What is read of the entity may
/// be out of date as well, since nothing is decided by it that isn't saved under its version.
///
/// The claim of an attempt that ends before it has saved anything stays, since whoever comes next
/// may have to go on with it: if nobody does, until twice the retention has passed and another
/// message is saved.
///
/// Source: "LowConsistencyInbox" of exactly-once.github.io's outbox-based samples; the variant of
/// section 2 of the algorithms.
struct ClaimInbox: DeduplicationAlgorithm {
    let transport: any Transport
    let entities: LedgerStore
    let records: InboxRecords
    /// Work without an entity has a record of its own as it is.
    let outbox: Outbox

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        if attempt.isMemo { return try await outbox.process(attempt, receipt) }
        let outcome: Outcome
        switch try await commit(attempt, announcing: nil) {
        case .conflict: return .conflict
        case .alreadyCommitted: outcome = .duplicate
        case .committed: outcome = .processed
        }
        // 8. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        if attempt.isMemo { return try await outbox.submit(attempt) }
        return try await commit(attempt, announcing: Submission(of: attempt))
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        guard submission.kind != Work.memoKind else {
            return try await outbox.complete(submission, isLastTry: isLastTry)
        }
        let (key, partition) = (submission.key, PartitionKey(submission.partition))
        // In this order: a claim is saved before its stamp.
        let wasStamped = try await records.contain(submission.id, at: submission.endpoint)
        let document = try await entities.store.read(key, in: partition)
        let ledger = try Ledger(document)
        if let document, ledger.isProcessed(submission.id) {
            try await finish(submission.id, from: document, ledger, key, partition)
            return true
        }
        // It is finished if it was stamped, and the entity has neither the claim nor the messages any
        // more: that what was read is not out of date, a write under its version shows. To the last
        // the same write makes a commit fail that comes after it.
        let isFinished = wasStamped && ledger[submission.id] == nil
        if isFinished { return try await entities.touch(key, in: partition, document) }
        guard isLastTry else { return false }
        return try await entities.giveUp(submission.id, key, partition) {
            try await entities.touch(key, in: partition, document)
        }
    }

    /// Steps 1 to 7.
    private func commit(
        _ attempt: Attempt, announcing submission: Submission?
    ) async throws -> SubmissionOutcome {
        let id = attempt.message.id
        let (key, partition) = (attempt.keys[0], attempt.partition)
        // 1. Load the entity.
        var documents = try await entities.load(attempt)
        var ledger = try Ledger(documents[0])
        if let document = documents[0], ledger.isProcessed(id) {
            try await finish(id, from: document, ledger, key, partition)
            return .alreadyCommitted
        }
        // 2. Claim the message for this entity.
        let claim: MessageID
        if case .claimed(let known) = ledger[id] {
            claim = known
        } else {
            claim = MessageID(from: entities.environment)
            guard let claimed = try await entities.claim(claim, attempt, documents[0], &ledger)
            else { return .conflict }
            documents[0] = claimed
        }
        // 3. Stamp it. The first stamp stands.
        guard let stamp = try await records.stamp(id, claim, at: attempt.endpoint) else {
            throw BackendError(
                .didNotHappen, "the record of message \(id) is there, but can't be read yet")
        }
        guard stamp == claim else {
            // The claim that has won is no longer here: it is finished. Any other one has lost.
            try await entities.amend(key, in: partition, from: documents[0]) { ledger in
                guard case .claimed(let other) = ledger[id], other != stamp else { return false }
                ledger.remove(id)
                return true
            }
            return .alreadyCommitted
        }
        // 4. Handle it, and see to it that somebody finishes a submission before it is saved.
        let effects = try await attempt.handle(documents)
        try await submission?.announce(over: transport, entities.environment)
        // 5. Save state and messages as one, in place of the claim.
        let saved = try await entities.save(
            effects, of: attempt, over: documents, &ledger, silent: .pending([]))
        guard let saved else { return .conflict }
        // 6. and 7. A submission is saved all the same if that fails, and then complete(x) goes on.
        do {
            try await finish(id, from: saved, ledger, key, partition)
        } catch  where submission != nil {}
        return .committed
    }

    private func finish(
        _ id: MessageID, from document: Document, _ ledger: Ledger, _ key: DocumentKey,
        _ partition: PartitionKey
    ) async throws {
        // 6. Send what is pending.
        try await entities.send(id, ledger, key, partition, over: transport)
        // 7. Only now forget the id and the messages.
        try await entities.forget(id, from: document, ledger, key, partition)
    }
}
