package import Pawl

/// The transactional algorithm once more, with its one transaction taken apart in every way that
/// is wrong. Without a mistake it makes the same calls as the one that ships.
package struct MistakenTransactional: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case acknowledgedBefore, acknowledgedAfter, noFence, sentAfter, sentBefore
        case noProcessedRow, processedBefore, processedAfter, blindCommit
    }

    let mistake: Mistake?
    let database: any Database
    let environment: Environment

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        self.database = database
        self.environment = environment
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        switch try await perform(attempt, receipt) {
        case .committed: .processed
        case .duplicate: .duplicate
        case .conflict: .conflict
        case .leaseLost: .leaseLost
        }
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        switch try await perform(attempt, nil) {
        case .committed: .committed
        case .duplicate: .alreadyCommitted
        case .conflict, .leaseLost: .conflict
        }
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        true
    }

    private func perform(_ attempt: Attempt, _ receipt: Receipt?) async throws -> TransactionResult
    {
        // 2. Load and handle.
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(
                attempt.isMemo ? nil : try await database.read(key, in: attempt.partition))
        }
        // Where the row is written apart, it is also looked at apart.
        let isLookedAtApart = mistake == .processedAfter
        if attempt.isMemo || isLookedAtApart, try await isDuplicate(attempt, receipt) {
            return .duplicate
        }
        let effects: Effects
        do {
            effects = try await attempt.handle(documents)
        } catch {
            guard try await isDuplicate(attempt, receipt) else { throw error }
            return .duplicate
        }
        let writes = try attempt.writes(saving: effects, over: documents, within: database.limits)
        // 3. Commit everything at once, which also removes the message.
        return try await commit(
            Transaction(
                receipt: receipt, id: attempt.message.id, endpoint: attempt.endpoint,
                partition: attempt.partition, writes: writes, messages: effects.messages))
    }

    /// Step 3: what belongs into one transaction, and is taken out of it.
    private func commit(_ whole: Transaction) async throws -> TransactionResult {
        var transaction = whole
        switch mistake {
        case nil:
            return try await database.commit(transaction)
        case .acknowledgedBefore:
            // t1 ack-apart: the message is gone, then its effect is committed.
            transaction.receipt = nil
            if let receipt = whole.receipt { try await database.acknowledge(receipt) }
            return try await database.commit(transaction)
        case .acknowledgedAfter:
            // t1b ack-apart-after: its effect is committed, then the message is gone. That its row
            // in the queue is the token was trusted, so nothing else is remembered.
            guard let receipt = whole.receipt else { return try await database.commit(whole) }
            transaction.receipt = nil
            transaction.id = MessageID(from: environment)
            let result = try await database.commit(transaction)
            if result == .committed { try await database.acknowledge(receipt) }
            return result
        case .noFence:
            // t2 no-fence: the row is deleted whosesoever it is by now; if there is none, so much
            // the better. Only a message from outside still has its id looked up.
            let result = try await database.commit(transaction)
            guard result == .leaseLost else { return result }
            transaction.receipt = nil
            return try await database.commit(transaction)
        case .sentAfter:
            // t3 send-apart: nobody knows of the messages between the two.
            transaction.messages = []
            let result = try await database.commit(transaction)
            if result == .committed { try await send(whole.messages) }
            return result
        case .sentBefore:
            // t3b send-apart-before: they are on their way before there is a reason.
            transaction.messages = []
            try await send(whole.messages)
            return try await database.commit(transaction)
        case .noProcessedRow:
            // t4 no-processed-row: under an id that nobody ever asks for, none is remembered.
            transaction.id = MessageID(from: environment)
            return try await database.commit(transaction)
        case .processedBefore:
            // t5 processed-elsewhere: the id is remembered first, in a transaction of its own.
            guard try await remember(whole) == .committed else {
                if let receipt = whole.receipt { try await database.acknowledge(receipt) }
                return .duplicate
            }
            transaction.id = MessageID(from: environment)
            return try await database.commit(transaction)
        case .processedAfter:
            // t5b processed-elsewhere-after: and here it is last.
            transaction.id = MessageID(from: environment)
            let result = try await database.commit(transaction)
            if result == .committed { _ = try await remember(whole) }
            return result
        case .blindCommit:
            // t6 blind-commit: whatever others have written meanwhile is replaced.
            transaction.writes = whole.writes.map(\.unconditional)
            return try await database.commit(transaction)
        }
    }

    /// Commits nothing but that the id was processed.
    private func remember(_ whole: Transaction) async throws -> TransactionResult {
        try await database.commit(
            Transaction(
                receipt: nil, id: whole.id, endpoint: whole.endpoint, partition: whole.partition,
                writes: [], messages: []))
    }

    private func send(_ messages: [Outgoing]) async throws {
        if !messages.isEmpty { try await database.send(messages) }
    }

    /// Whether the id is one of those that are remembered; removes the message if so.
    private func isDuplicate(_ attempt: Attempt, _ receipt: Receipt?) async throws -> Bool {
        let id = attempt.message.id
        guard try await database.isProcessed(id, by: attempt.endpoint) else { return false }
        if let receipt { try await database.acknowledge(receipt) }
        return true
    }
}
