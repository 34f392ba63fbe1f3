package import Pawl
internal import PawlCheck

/// The natural algorithm once more, with each of its steps done wrong. Without a mistake it makes the
/// same calls as the one that ships.
///
/// What it does with submissions, and with work without an entity, is right: that is the outbox's.
package struct MistakenNatural: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case sendBeforeCommit, blindCommit, unchangedIsDuplicate, earlyAcknowledgement
    }

    let mistake: Mistake?
    private let database: any Database
    private let entities: LedgerStore
    private let shipped: any DeduplicationAlgorithm

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        self.database = database
        entities = LedgerStore(store: database, environment: environment, retention: .days(7))
        shipped = AlgorithmUnderCheck.natural.make(database, environment)
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        if attempt.isMemo { return try await shipped.process(attempt, receipt) }
        // n4 early-ack: the message is gone before its effect is saved.
        if mistake == .earlyAcknowledgement { try await database.acknowledge(receipt) }
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        // 2. Handle the message, and save the state.
        let effects = try await attempt.handle(documents)
        let messages = effects.messages.map { $0.sent(because: attempt.message) }
        // n1 send-before-commit: what is sent may never be saved.
        if mistake == .sendBeforeCommit { try await send(messages) }
        let isUnchanged =
            documents.count == 1 && effects.bodies[0] == documents[0]?.content.body
        if !isUnchanged {
            guard try await save(effects, of: attempt, over: documents) else { return .conflict }
        }
        // n3 unchanged-is-duplicate: whoever has changed it will have sent.
        let isSkipped = isUnchanged && mistake == .unchangedIsDuplicate
        // 3. Send, also if nothing has changed.
        if mistake != .sendBeforeCommit, !isSkipped { try await send(messages) }
        // 4. Only now may the message go.
        if mistake != .earlyAcknowledgement { try await database.acknowledge(receipt) }
        return .processed
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await shipped.submit(attempt)
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await shipped.complete(submission, isLastTry: isLastTry)
    }

    private func send(_ messages: [Outgoing]) async throws {
        if !messages.isEmpty { try await database.send(messages) }
    }

    private func save(
        _ effects: Effects, of attempt: Attempt, over documents: [Document?]
    ) async throws -> Bool {
        var writes = try attempt.writes(
            saving: effects, over: documents, within: database.limits)
        // n2 blind-commit: idempotence is no substitute for comparing.
        if mistake == .blindCommit {
            writes = writes.map { write in
                write.content.map { .put(write.key, $0, if: .any) } ?? write
            }
        }
        return try await database.write(writes, in: attempt.partition) != .conflict
    }
}

extension Mutants {
    private static let natural = Family<MistakenNatural.Mistake>(of: .natural) {
        MistakenNatural($0, database: $1, environment: $2)
    }

    static var naturalMutants: [Mutant] {
        [
            natural(
                "n1 send-before-commit", .sendBeforeCommit,
                "The messages are sent before the state is saved.", "Ghosts.", .crash),
            natural(
                "n2 blind-commit", .blindCommit,
                "The state is saved whatever others have saved since it was read.",
                "Another message's change is overwritten.", .rivals),
            natural(
                "n3 unchanged-is-duplicate", .unchangedIsDuplicate,
                "Where nothing has changed, the messages are taken for sent.",
                "Messages are lost.", .crash),
            natural(
                "n4 early-ack", .earlyAcknowledgement,
                "The message is removed before its state is saved.",
                "The message is lost.", .crash),
        ]
    }
}
