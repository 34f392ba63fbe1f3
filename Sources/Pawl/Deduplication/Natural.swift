/// For state in which applying twice is applying once: nothing is remembered of a message.
///
/// A copy of a message is handled like the first one. That it changes nothing more, and sends the
/// same, is up to the handlers: they work on sets, registers and facts (``ObservedRemoveSet`` and
/// its neighbours), and what they send follows from the message alone, never from the state. The
/// checker finds where they don't. In return nothing grows, a message costs a read and a write, and a
/// copy of it a read only, and a duplicate a year late is still a duplicate.
///
/// Needs one-document compare-and-set and reads that see every write that was answered before:
/// where nothing has changed, nothing is written that would show that the read was out of date.
///
/// What can't be done twice is remembered all the same, and goes through the ``Outbox``: work
/// without an entity, whose result the next attempt may not come to again, and a session's change,
/// which is a closure that nobody else can run. So an entity may have a ledger; it stays as it is.
///
/// Sources: P. Helland, "Idempotence Is Not a Medical Condition", ACM Queue 10(4), 2012; and for the
/// steps sections 1 and 8 of the algorithms, without what is remembered.
struct Natural: DeduplicationAlgorithm {
    let transport: any Transport
    private let entities: LedgerStore
    private let outbox: Outbox

    /// For how long work without an entity, and submissions, are remembered.
    private static let retention: Duration = .days(7)

    init(store: any Store, transport: any Transport, environment: Environment) {
        self.transport = transport
        entities = LedgerStore(
            store: store, environment: environment, retention: Self.retention)
        outbox = Outbox(
            store: store, transport: transport, retention: Self.retention,
            environment: environment)
    }

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        if attempt.isMemo { return try await outbox.process(attempt, receipt) }
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        // 2. Handle the message, whether it was handled before or not, and save the state.
        let effects = try await attempt.handle(documents)
        guard try await save(effects, of: attempt, over: documents) else { return .conflict }
        // 3. Send. Also if nothing has changed: whoever has changed it may have died before this.
        let messages = effects.messages.map { $0.sent(because: attempt.message) }
        if !messages.isEmpty { try await transport.send(messages) }
        // 4. Only now may the message go.
        try await transport.acknowledge(receipt)
        return .processed
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await outbox.submit(attempt)
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await outbox.complete(submission, isLastTry: isLastTry)
    }

    /// Saves what has changed. Returns whether it is saved, or nothing had to be.
    private func save(
        _ effects: Effects, of attempt: Attempt, over documents: [Document?]
    ) async throws -> Bool {
        // Several documents are not read at one moment, so that they are what they were read as,
        // only a write can tell.
        if documents.count == 1, effects.bodies[0] == documents[0]?.content.body { return true }
        let writes = try attempt.writes(
            saving: effects, over: documents, expires: nil, within: entities.store.limits)
        if writes.isEmpty { return true }
        return try await entities.store.write(writes, in: attempt.partition) != .conflict
    }
}

extension Outgoing {
    /// The same message, in all that it says a function of the one that has caused it. So it was sent
    /// a moment after that, whenever it really was: all copies say the same, and what follows
    /// remains later than what it follows from.
    package func sent(because cause: Envelope) -> Outgoing {
        var envelope = envelope
        envelope.sentAt = cause.sentAt + .microseconds(1)
        return Outgoing(envelope, to: queue, notBefore: notBefore)
    }
}
