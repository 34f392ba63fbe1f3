@testable import Pawl

/// Mutant 48: the change is saved first, and announced then.
struct CompleteAfterCommit: DeduplicationAlgorithm {
    let outbox: Outbox

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        try await outbox.process(attempt, receipt)
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        let silent = Outbox(
            store: outbox.store, transport: Mute(base: outbox.transport), retention: .days(7),
            environment: outbox.environment)
        let outcome = try await silent.submit(attempt)
        let submission = Submission(
            id: attempt.message.id, partition: attempt.partition.name, kind: attempt.keys[0].kind,
            document: attempt.keys[0].id)
        try await outbox.transport.send([
            submission.announcement(to: attempt.endpoint, outbox.environment)
        ])
        return outcome
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await outbox.complete(submission, isLastTry: isLastTry)
    }
}

/// A transport that sends nothing.
private struct Mute: Transport {
    let base: any Transport
    var transportLimits: TransportLimits { base.transportLimits }

    func register(_ registration: Registration) async throws(BackendError) -> RegistrationResult {
        try await base.register(registration)
    }
    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await base.directory(fresh: fresh)
    }
    func send(_ messages: [Outgoing]) async throws(BackendError) {}
    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease)
    }
    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await base.acknowledge(receipt)
    }
    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        try await base.release(receipt, after: delay)
    }
    func extend(_ receipts: [Receipt], by lease: Duration) async throws(BackendError) -> [Receipt] {
        try await base.extend(receipts, by: lease)
    }
}
