package import Pawl
internal import PawlCheck

/// The inbox once more, with its steps in every order that is wrong. Without a mistake it makes the
/// same calls as the one that ships.
///
/// What it does with submissions is right: nothing that is wrong here is about them.
package struct MistakenInbox: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case checkBeforeLoad, cleanBeforeAdd, addBeforePublish, cleanBeforePublish, noLateCleanup
        case cleanupOfWhatWasLoaded, shortRetention
    }

    private enum Step { case send, add, forget }

    let mistake: Mistake?
    private let transport: any Transport
    private let entities: LedgerStore
    private let records: InboxRecords
    private let shipped: any DeduplicationAlgorithm

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        transport = database
        entities = LedgerStore(store: database, environment: environment, retention: .days(7))
        // 14 ttl-too-short: the record is gone before the last copy has come.
        records = InboxRecords(
            store: database, environment: environment,
            retention: mistake == .shortRetention ? .seconds(3600) : .days(7))
        shipped = AlgorithmUnderCheck.inbox.make(database, environment)
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        // 8 check-before-load: what was not recorded then may be by the time the entity is read.
        var isRecorded = false
        if mistake == .checkBeforeLoad { isRecorded = try await isKnown(attempt) }
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        // 2. Look among the records only now.
        if mistake != .checkBeforeLoad { isRecorded = try await isKnown(attempt) }
        if isRecorded {
            // 13 no-late-cleanup: whoever added the record will have done the rest.
            if mistake != .noLateCleanup {
                // 13b cleanup-of-the-loaded: it was loaded before the record was seen.
                if !ledger.isProcessed(id), mistake != .cleanupOfWhatWasLoaded {
                    document = try await entities.load(attempt)[0]
                    ledger = try Ledger(document)
                }
                if let document {
                    try await entities.forget(
                        id, from: document, ledger, attempt.keys[0], attempt.partition)
                }
            }
            try await transport.acknowledge(receipt)
            return .duplicate
        }
        var outcome = Outcome.duplicate
        if !ledger.isProcessed(id) {
            // 3. Handle it; save state, id and outgoing messages as one.
            let effects = try await attempt.handle(documents)
            document = try await entities.save(
                effects, of: attempt, over: documents, &ledger, silent: .pending([]))
            if document == nil { return .conflict }
            outcome = .processed
        }
        if let document { try await finish(attempt, from: document, ledger) }
        // 7. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await shipped.submit(attempt)
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await shipped.complete(submission, isLastTry: isLastTry)
    }

    private func isKnown(_ attempt: Attempt) async throws -> Bool {
        try await records.contain(attempt.message.id, at: attempt.endpoint)
    }

    /// Steps 4 to 6.
    private func finish(
        _ attempt: Attempt, from document: Document, _ ledger: Ledger
    ) async throws {
        let steps: [Step] =
            switch mistake {
            // 9 clean-before-add: for a moment the id is in neither of both places.
            case .cleanBeforeAdd: [.send, .forget, .add]
            // 10 add-before-publish: whoever finds the record takes the messages for sent.
            case .addBeforePublish: [.add, .send, .forget]
            // 11 clean-before-publish: the messages are nowhere but in memory.
            case .cleanBeforePublish: [.add, .forget, .send]
            default: [.send, .add, .forget]
            }
        let (id, key, partition) = (attempt.message.id, attempt.keys[0], attempt.partition)
        for step in steps {
            switch step {
            case .send: try await entities.send(id, ledger, key, partition, over: transport)
            case .add: try await records.add(id, at: attempt.endpoint)
            case .forget: try await entities.forget(id, from: document, ledger, key, partition)
            }
        }
    }
}
