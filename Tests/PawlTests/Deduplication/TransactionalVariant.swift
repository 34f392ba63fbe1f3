@testable import Pawl

/// The transactional algorithm once more, with one thing done outside of the transaction.
struct TransactionalVariant: DeduplicationAlgorithm {
    enum Mutant: String, CaseIterable, Sendable {
        case acknowledgedApart = "t1 ack-apart"
        case noFence = "t2 no-fence"
        case sentApart = "t3 send-apart"
        case noProcessedRow = "t4 no-processed-row"
        case blindCommit = "t6 blind-commit"
    }

    let mutant: Mutant?
    let database: any Database
    let environment: Environment

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let key = attempt.keys[0]
        let document = try await database.read(key, in: attempt.partition)
        let effects = try await attempt.handle([document])
        var writes = try attempt.writes(
            saving: effects, over: [document],
            within: StoreLimits(largestDocument: .max, largestBatch: .max))
        if mutant == .blindCommit {
            writes = writes.map { $0.content.map { .put(key, $0, if: .any) } ?? $0 }
        }
        if mutant == .acknowledgedApart { try await database.acknowledge(receipt) }
        let isReceiptLeftOut = mutant == .acknowledgedApart || mutant == .noFence
        let id = mutant == .noProcessedRow ? MessageID(from: environment) : attempt.message.id
        let result = try await database.commit(
            Transaction(
                receipt: isReceiptLeftOut ? nil : receipt, id: id, endpoint: attempt.endpoint,
                partition: attempt.partition, writes: writes,
                messages: mutant == .sentApart ? [] : effects.messages))
        switch result {
        case .committed:
            if mutant == .sentApart { try await database.send(effects.messages) }
            if mutant == .noFence { try await database.acknowledge(receipt) }
            return .processed
        case .duplicate: return .duplicate
        case .conflict: return .conflict
        case .leaseLost: return .leaseLost
        }
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        preconditionFailure("not part of the test")
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        preconditionFailure("not part of the test")
    }
}
