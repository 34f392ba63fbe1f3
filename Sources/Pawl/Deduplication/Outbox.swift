/// The classic outbox: processed ids and outgoing messages are saved within the entity.
///
/// Needs a store with one-document compare-and-set, nothing else. Between saving and sending a
/// crash may fall; whoever gets the message next finds the outgoing messages and sends them. What
/// grows is the list of ids; after the retention time an id is forgotten, and a duplicate that is
/// later still is processed again.
///
/// Source: "Outbox", exactly-once.github.io; section 1 of the algorithms, and for submissions
/// section 8 over 1.
struct Outbox: DeduplicationAlgorithm {
    let store: any Store
    let transport: any Transport
    let retention: Duration
    let environment: Environment

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        // 1. Load the entity.
        let documents = try await load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        let outcome: Outcome
        switch ledger[id] {
        case nil, .tombstone:
            // 2. Not processed yet: handle it; save state, id and outgoing messages as one.
            let effects = try await attempt.handle(documents)
            guard let saved = try await save(effects, of: attempt, documents, &ledger) else {
                return .conflict
            }
            document = saved
            outcome = .processed
        case .pending, .dispatched:
            // 3. Processed before. If that attempt did not get to its end, its messages stand.
            outcome = .duplicate
        }
        // 4. Send what is pending, and only then note that it is sent. The id stays.
        if case .pending(let outputs) = ledger[id], let document {
            try await dispatch(
                outputs, of: id, from: document, ledger, attempt.keys[0], attempt.partition)
        }
        // 5. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        // 1. Load.
        let documents = try await load(attempt)
        var ledger = try Ledger(documents[0])
        let key = attempt.keys[0]
        switch ledger[attempt.message.id] {
        case .pending, .dispatched: return .alreadyCommitted
        case nil, .tombstone: break  // What was given up may be saved after all.
        }
        // 2. Handle it, and before anything is saved, see to it that somebody will finish. In this
        // order, so that nothing is left of a submission that fails.
        let effects = try await attempt.handle(documents)
        let submission = Submission(
            id: attempt.message.id, partition: attempt.partition.name, kind: key.kind,
            document: key.id)
        try await transport.send([submission.announcement(to: attempt.endpoint, environment)])
        // 3. Save state, id and outgoing messages as one.
        guard let saved = try await save(effects, of: attempt, documents, &ledger) else {
            return .conflict
        }
        // 4. Send. It is saved all the same if that fails, and then complete(x) sends.
        if case .pending(let outputs) = ledger[submission.id] {
            try? await dispatch(
                outputs, of: submission.id, from: saved, ledger, key, attempt.partition)
        }
        return .committed
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        let partition = PartitionKey(submission.partition)
        let document = try await store.read(submission.key, in: partition)
        var ledger = try Ledger(document)
        switch ledger[submission.id] {
        case .dispatched: return true
        case .pending(let outputs):
            guard let document else { return true }
            try await dispatch(
                outputs, of: submission.id, from: document, ledger, submission.key, partition)
            return true
        case nil, .tombstone:
            guard isLastTry else { return false }
            // Changes the version, so that a commit that comes after this one fails.
            let now = environment.now()
            ledger.record(submission.id, .tombstone, at: now, forget: now - retention)
            var content = document?.content ?? Content(body: nil)
            content.ledger = ledger.encoded()
            if submission.kind == Work.memoKind { content.expires = now + retention }
            let condition = document.map { Write.Condition.version($0.version) } ?? .absent
            let result = try await store.write(
                [.put(submission.key, content, if: condition)], in: partition)
            return result != .conflict
        }
    }

    private func load(_ attempt: Attempt) async throws -> [Document?] {
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(try await store.read(key, in: attempt.partition))
        }
        return documents
    }

    /// Step 2. Returns the first document as it was saved, or `nil` after a conflict.
    private func save(
        _ effects: Effects, of attempt: Attempt, _ documents: [Document?], _ ledger: inout Ledger
    ) async throws -> Document? {
        let now = environment.now()
        ledger.record(
            attempt.message.id, effects.messages.isEmpty ? .dispatched : .pending(effects.messages),
            at: now, forget: now - retention)
        let writes = try attempt.writes(
            saving: effects, over: documents, ledger: ledger.encoded(),
            expires: attempt.isMemo ? now + retention : nil, within: store.limits)
        let result = try await store.write(writes, in: attempt.partition)
        guard case .committed(let versions) = result, let version = versions.first ?? nil,
            let content = writes.first?.content
        else { return nil }
        return Document(version: version, content: content)
    }

    /// Step 4.
    private func dispatch(
        _ outputs: [Outgoing], of id: MessageID, from document: Document, _ ledger: Ledger,
        _ key: DocumentKey, _ partition: PartitionKey
    ) async throws {
        try await transport.send(outputs)
        var current: Document? = document
        var ledger = ledger
        while let document = current {
            guard case .pending = ledger[id] else { return }
            ledger.dispatched(id)
            var content = document.content
            content.ledger = ledger.encoded()
            let result = try await store.write(
                [.put(key, content, if: .version(document.version))], in: partition)
            if result != .conflict { return }
            // Others have changed the entity meanwhile: mark a fresh copy, never overwrite theirs.
            current = try await store.read(key, in: partition)
            ledger = try Ledger(current)
        }
    }
}
