/// Store and queues in one database: one transaction is the whole message.
///
/// For a message that was sent by a transaction of the same database nothing has to be remembered:
/// its row in the queue is the token, and it is gone once it is processed. For any other message
/// the database remembers the id.
///
/// Source: section 0 of the algorithms.
package struct Transactional: DeduplicationAlgorithm {
    let database: any Database

    package init(database: any Database) {
        self.database = database
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        // 1. The message was claimed under a lease when it was received.
        // 2. Load and handle; 3. commit everything at once, which also removes the message.
        switch try await commit(attempt, receipt) {
        case .committed: .processed
        case .duplicate: .duplicate
        case .conflict: .conflict
        case .leaseLost: .leaseLost
        }
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        switch try await commit(attempt, nil) {
        case .committed: .committed
        case .duplicate: .alreadyCommitted
        case .conflict, .leaseLost: .conflict
        }
    }

    /// One transaction leaves nothing to be completed.
    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        true
    }

    private func commit(_ attempt: Attempt, _ receipt: Receipt?) async throws -> TransactionResult {
        // 2. Load and handle. Without an entity there is nothing to load, and nothing to save: the
        // row in the queue, or the processed id, is what remembers the work.
        let documents = attempt.isMemo ? [nil] : try await attempt.load(from: database)
        // What has been performed is not performed again.
        if attempt.isMemo, try await isDuplicate(attempt, receipt) { return .duplicate }
        let effects: Effects
        do {
            effects = try await attempt.handle(documents)
        } catch {
            // A handler may well refuse the state that the message itself has made before.
            guard try await isDuplicate(attempt, receipt) else { throw error }
            return .duplicate
        }
        let writes = try attempt.writes(saving: effects, over: documents, within: database.limits)
        // 3. Commit.
        return try await database.commit(
            Transaction(
                receipt: receipt, id: attempt.message.id, endpoint: attempt.endpoint,
                partition: attempt.partition, writes: writes, messages: effects.messages))
    }

    /// Whether the id is one of those that are remembered; removes the message if so.
    private func isDuplicate(_ attempt: Attempt, _ receipt: Receipt?) async throws -> Bool {
        let id = attempt.message.id
        guard try await database.isProcessed(id, by: attempt.endpoint) else { return false }
        if let receipt { try await database.acknowledge(receipt) }
        return true
    }
}
