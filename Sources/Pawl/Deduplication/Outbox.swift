/// The classic outbox: processed ids and outgoing messages are saved within the entity.
///
/// Needs a store with one-document compare-and-set, nothing else. Between saving and sending a
/// crash may fall; whoever gets the message next finds the outgoing messages and sends them. What
/// grows is the list of ids; after the retention time an id is forgotten, and a duplicate that is
/// later still is processed again. Messages that don't fit into the entity lie beside it until they
/// are sent; see ``StagedMessages``.
///
/// Source: "Outbox", exactly-once.github.io; section 1 of the algorithms, and for submissions
/// section 8 over 1.
struct Outbox: DeduplicationAlgorithm {
    let transport: any Transport
    private let entities: LedgerStore

    init(
        store: any Store, transport: any Transport, retention: Duration, environment: Environment
    ) {
        self.transport = transport
        entities = LedgerStore(store: store, environment: environment, retention: retention)
    }

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        let outcome: Outcome
        switch ledger[id] {
        case nil, .claimed, .tombstone, .registered, .doomed:
            // 2. Not processed yet: handle it; save state, id and outgoing messages as one.
            let effects = try await attempt.handle(documents)
            guard
                let saved = try await entities.save(effects, of: attempt, over: documents, &ledger)
            else { return .conflict }
            document = saved
            outcome = .processed
        case .pending, .staged, .dispatched, .unstaged:
            // 3. Processed before. If that attempt did not get to its end, its messages stand.
            outcome = .duplicate
        }
        // 4. Send what is pending, and only then note that it is sent. The id stays.
        if let document {
            try await dispatch(id, from: document, ledger, attempt.keys[0], attempt.partition)
        }
        // 5. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        // 1. Load.
        let documents = try await entities.load(attempt)
        var ledger = try Ledger(documents[0])
        switch ledger[attempt.message.id] {
        case .pending, .staged, .dispatched, .unstaged: return .alreadyCommitted
        // What was given up may be saved after all.
        case nil, .claimed, .tombstone, .registered, .doomed: break
        }
        // 2. Handle it, and before anything is saved, see to it that somebody will finish. In this
        // order, so that nothing is left of a submission that fails.
        let effects = try await attempt.handle(documents)
        let submission = Submission(of: attempt)
        try await submission.announce(over: transport, entities.environment)
        // 3. Save state, id and outgoing messages as one.
        guard let saved = try await entities.save(effects, of: attempt, over: documents, &ledger)
        else { return .conflict }
        // 4. Send. It is saved all the same if that fails, and then complete(x) sends.
        try? await dispatch(submission.id, from: saved, ledger, submission.key, attempt.partition)
        return .committed
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        let partition = PartitionKey(submission.partition)
        let document = try await entities.store.read(submission.key, in: partition)
        var ledger = try Ledger(document)
        switch ledger[submission.id] {
        case .pending, .staged, .dispatched, .unstaged:
            guard let document else { return true }
            try await dispatch(
                submission.id, from: document, ledger, submission.key, partition)
            return true
        case nil, .claimed, .tombstone, .registered, .doomed:
            guard isLastTry else { return false }
            return try await entities.giveUp(submission.id, submission.key, partition) {
                try await entities.putTombstone(of: submission, over: document, &ledger) != nil
            }
        }
    }

    /// Step 4.
    private func dispatch(
        _ id: MessageID, from document: Document, _ ledger: Ledger, _ key: DocumentKey,
        _ partition: PartitionKey
    ) async throws {
        if ledger.isUnsent(id) {
            try await entities.send(id, ledger, key, partition, over: transport)
            try await entities.noteSent(id, from: document, key, partition)
        }
        // Last of all, and by everybody who comes after: whoever has noted it may have died then.
        if ledger.mayBeStaged(id) { try await entities.tidyUp(id, key, partition) }
    }
}
