package import Pawl
internal import PawlCheck

/// The inbox that claims messages once more, with its claims and stamps done wrong. Without a
/// mistake it makes the same calls as the one that ships.
///
/// What it does with submissions is right: nothing that is wrong here is about them.
package struct MistakenClaimInbox: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case unclaimedIsDuplicate, newClaim, stampOverwritten
    }

    let mistake: Mistake?
    private let database: any Database
    private let environment: Environment
    private let entities: LedgerStore
    private let records: InboxRecords
    private let shipped: any DeduplicationAlgorithm

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        self.database = database
        self.environment = environment
        entities = LedgerStore(store: database, environment: environment, retention: .days(7))
        records = InboxRecords(store: database, environment: environment, retention: .days(7))
        shipped = AlgorithmUnderCheck.inboxEventual.make(database, environment)
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        let (key, partition) = (attempt.keys[0], attempt.partition)
        // 1. Load the entity.
        var documents = try await entities.load(attempt)
        var ledger = try Ledger(documents[0])
        var outcome = Outcome.duplicate
        if !ledger.isProcessed(id) {
            // 2. Claim the message for this entity.
            let claim: MessageID
            // 32b new-claim: what another attempt has claimed, and perhaps stamped, is forgotten.
            if case .claimed(let known) = ledger[id], mistake != .newClaim {
                claim = known
            } else if mistake == .unclaimedIsDuplicate {
                // 32 unclaimed-is-duplicate: there is no claim, so it was finished before.
                try await database.acknowledge(receipt)
                return .duplicate
            } else {
                claim = MessageID(from: environment)
                documents[0] = try await entities.claim(claim, attempt, documents[0], &ledger)
                if documents[0] == nil { return .conflict }
            }
            // 3. Stamp it. The first stamp stands.
            let stamp = try await stamp(attempt, claim)
            guard stamp == claim else {
                try await entities.amend(key, in: partition, from: documents[0]) { ledger in
                    guard case .claimed(let other) = ledger[id], other != stamp else {
                        return false
                    }
                    ledger.remove(id)
                    return true
                }
                try await database.acknowledge(receipt)
                return .duplicate
            }
            // 4. and 5. Handle it; save state and messages as one, in place of the claim.
            let effects = try await attempt.handle(documents)
            documents[0] = try await entities.save(
                effects, of: attempt, over: documents, &ledger, silent: .pending([]))
            if documents[0] == nil { return .conflict }
            outcome = .processed
        }
        // 6. Send what is pending; 7. only now forget the id and the messages.
        if let document = documents[0] {
            try await entities.send(id, ledger, key, partition, over: database)
            try await entities.forget(id, from: document, ledger, key, partition)
        }
        // 8. Only now may the message go.
        try await database.acknowledge(receipt)
        return outcome
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await shipped.submit(attempt)
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await shipped.complete(submission, isLastTry: isLastTry)
    }

    private func stamp(_ attempt: Attempt, _ claim: MessageID) async throws -> MessageID {
        // 32c stamp-overwritten: whoever comes last has it.
        if mistake == .stampOverwritten {
            try await records.add(attempt.message.id, at: attempt.endpoint)
            return claim
        }
        guard
            let stamp = try await records.stamp(attempt.message.id, claim, at: attempt.endpoint)
        else { throw BackendError(.didNotHappen, "the stamp can't be seen yet") }
        return stamp
    }
}
