internal import Logging

/// Replay: what a handler was given is kept for each message, and a duplicate makes the same
/// messages again from it.
///
/// Nothing is kept of what is still to be sent, so a message takes one write. In return handlers
/// have to be deterministic: from the same state and the same message they make the same, in any
/// process, with any code that is deployed while the premise is there. What they are handed besides
/// — the time, ids, random numbers — is kept or follows from the message. A premise holds the
/// entities as they were; when it expires, its message is forgotten, sent or not.
///
/// Needs a store that writes the entities and one more document of their partition as one. Reads
/// may be out of date: whatever is saved by them conflicts.
///
/// Source: "State-based consistent messaging", exactly-once.github.io; section 7 of the algorithms.
struct Replay: DeduplicationAlgorithm {
    let store: any Store
    let transport: any Transport
    let environment: Environment
    private let premises: Premises
    /// What is performed can't be done once more to see what came of it, and what a session does
    /// is known to its process only. Both have their messages kept.
    private let outbox: Outbox

    init(
        store: any Store, transport: any Transport, retention: Duration, environment: Environment
    ) {
        self.store = store
        self.transport = transport
        self.environment = environment
        premises = Premises(store: store, retention: retention)
        outbox = Outbox(
            store: store, transport: transport, retention: retention, environment: environment)
    }

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        if attempt.isMemo { return try await outbox.process(attempt, receipt) }
        let messages: [Outgoing]
        let outcome: Outcome
        // 1. Look for the message's premise.
        if let premise = try await premises.read(attempt) {
            // 2. Processed before: run the handler on what it was given then.
            messages = try await attempt.rederive(from: premise)
            outcome = .duplicate
        } else {
            // 3. Not processed yet: load the entities and handle it; save state and premise as one,
            // under the versions that were read, even if nothing changed.
            let documents = try await attempt.load(from: store)
            let (effects, premise) = try await attempt.derive(from: documents, environment.now())
            guard try await save(effects, premise, of: attempt, over: documents) else {
                return .conflict
            }
            messages = effects.messages
            outcome = .processed
        }
        // 4. Send, whoever has sent them before.
        if !messages.isEmpty { try await transport.send(messages) }
        // 5. Only now may the message go.
        try await transport.acknowledge(receipt)
        return outcome
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await outbox.submit(attempt)
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await outbox.complete(submission, isLastTry: isLastTry)
    }

    /// Step 3. Returns whether it was saved; if not, something has changed since it was read.
    private func save(
        _ effects: Effects, _ premise: Premise, of attempt: Attempt, over documents: [Document?]
    ) async throws -> Bool {
        // The ledgers stay as they are: sessions have theirs there.
        var writes = try attempt.writes(saving: effects, over: documents, within: store.limits)
        writes.append(try premises.adding(premise, of: attempt))
        guard writes.count <= store.limits.largestBatch else {
            throw PawlError(
                .storeUnfit,
                """
                Message \(attempt.message.id) (\(attempt.message.type)) takes \(writes.count) \
                documents that are written as one: its entities, and one that remembers them. The \
                store writes at most \(store.limits.largestBatch). Nothing was changed. Let the \
                handler change fewer entities, or use another algorithm than replay.
                """)
        }
        return try await store.write(writes, in: attempt.partition) != .conflict
    }
}

extension Attempt {
    /// Runs the handler on documents as they were read.
    ///
    /// - Parameters:
    ///   - documents: The documents.
    ///   - now: The time that the handler is told.
    /// - Returns: What it did, and what has to be kept to do it again.
    /// - Throws: What the handler threw, or a ``PawlError`` about a message that can't be sent.
    package func derive(
        from documents: [Document?], _ now: Timestamp
    ) async throws -> (Effects, Premise) {
        let bodies = documents.map { $0?.content.body }
        let derived = try await derive(from: bodies, at: now)
        let queues = try await destinations(of: derived)
        let headers = derived.sent.isEmpty ? [:] : Trace.currentHeaders()
        let messages = try address(derived, to: queues, headers, at: now)
        return (
            Effects(bodies: derived.bodies, messages: messages),
            Premise(bodies, at: now, headers: headers, deriving: derived, to: queues)
        )
    }

    /// Makes the messages of a processed message again.
    ///
    /// - Parameter premise: What the handler was given then.
    /// - Returns: The messages, byte for byte as they were.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/notDeterministic`` if they are not
    ///   what they were.
    package func rederive(from premise: Premise) async throws -> [Outgoing] {
        let derived: Derivation
        do {
            derived = try await derive(from: premise.bodies, at: premise.now)
        } catch {
            throw notDeterministic("it throws now: \(error)", underlying: error)
        }
        if let difference = premise.difference(from: derived) {
            // Most handlers that are not deterministic differ from one run to the next. If this one
            // does not, what differs is most likely its code.
            let again = try? await derive(from: premise.bodies, at: premise.now)
            let inside = again.flatMap { derived.difference(from: $0, of: keys) }
            throw notDeterministic(
                difference
                    + (inside.map { ". Run twice in this process, \($0.description)" } ?? ""))
        }
        return try address(
            derived, to: premise.outputs.map(\.queues), premise.headers, at: premise.now)
    }

    private func notDeterministic(
        _ difference: String, underlying: (any Error)? = nil
    ) -> PawlError {
        PawlError(
            .notDeterministic,
            """
            Message \(message.id) (\(message.type)) was processed before, and its state is saved, \
            but from the same state of \(keys.map(\.description).joined(separator: " and ")) and at \
            the same time its handler makes other messages now: \(difference). Nothing was sent. \
            Either the handler's code or configuration has changed between two copies of the \
            message: then retry the dead letter with the old one. Or the handler uses what differs \
            from run to run, such as the system's clock, random numbers or the order of a \
            dictionary; `checkDeterminism` finds that. If what it had to send was sent, discard \
            the dead letter.
            """, underlying: underlying)
    }
}
