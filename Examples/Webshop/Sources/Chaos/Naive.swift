import Pawl

extension Deduplication {
    /// What is often written instead of an algorithm; see ``Naive``.
    static let naive = Deduplication(name: "naive", retention: nil) { store, transport, _ in
        Naive(store: store, transport: transport)
    }
}

/// What is often written instead of an algorithm: publish, save, acknowledge.
///
/// It looks right and it works in every test in which nothing goes wrong. A second copy of a
/// message is handled a second time. What two processes save at the same time, one of them saves
/// in vain. What was published by a process that died before it saved is a ghost.
struct Naive: DeduplicationAlgorithm {
    let store: any Store
    let transport: any Transport

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let (effects, writes) = try await handle(attempt)
        if !effects.messages.isEmpty { try await transport.send(effects.messages) }
        try await save(writes, in: attempt.partition)
        try await transport.acknowledge(receipt)
        return .processed
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        let (effects, writes) = try await handle(attempt)
        try await save(writes, in: attempt.partition)
        if !effects.messages.isEmpty { try await transport.send(effects.messages) }
        return .committed
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        true
    }

    private func handle(_ attempt: Attempt) async throws -> (Effects, [Write]) {
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(try await store.read(key, in: attempt.partition))
        }
        let effects = try await attempt.handle(documents)
        return (
            effects, try attempt.writes(saving: effects, over: documents, within: store.limits)
        )
    }

    /// Saves whatever was there before: the last one wins.
    private func save(_ writes: [Write], in partition: PartitionKey) async throws {
        let unconditional = writes.compactMap { write in
            write.content.map { Write.put(write.key, $0, if: .any) }
        }
        if unconditional.isEmpty { return }
        _ = try await store.write(unconditional, in: partition)
    }
}

/// A transport whose deliveries have no identity: each one comes under a fresh id.
///
/// Pawl derives ids from the id of the message that is handled, so that every attempt says the
/// same. Where nobody does that, every attempt at a message draws its own ids: this is how a shop
/// without Pawl runs the very same handlers.
struct AnonymousTransport<Base: Transport>: TransportWrapper {
    let base: Base

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease).map { delivery in
            guard var envelope = try? Envelope(decoding: delivery.message) else { return delivery }
            envelope.id = MessageID(from: .system)
            return Delivery(
                receipt: delivery.receipt, attempt: delivery.attempt, message: envelope.encoded())
        }
    }
}
