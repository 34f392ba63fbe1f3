package import Pawl
internal import PawlCheck

/// Tokens once more, with their steps in every order that is wrong. Without a mistake they make the
/// same calls as those that ship.
///
/// What they do with submissions is right: nothing that is wrong here is about them.
package struct MistakenTokens: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case checkBeforeLoad, regenerated, deterministic, deterministicRegistered
        case publishBeforeToken, tokenFirst, tokenBeforeCommit, noLateCleanup
        case createBeforeRegister, cleanupAll, clearBeforeToken, noneStruckOut, notShutOut
    }

    let mistake: Mistake?
    private let database: any Database
    private let environment: Environment
    private let entities: LedgerStore
    private let tokens: TokenRecords
    private let shipped: any DeduplicationAlgorithm

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        self.database = database
        self.environment = environment
        entities = LedgerStore(store: database, environment: environment, retention: .days(7))
        tokens = TokenRecords(store: database, environment: environment)
        shipped = AlgorithmUnderCheck.tokens.make(database, environment)
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        guard let token = try attempt.message.token() else {
            return try await shipped.process(attempt, receipt)
        }
        // 23 token-check-before-load: it may be gone by the time the entity is read.
        var isThere = true
        if mistake == .checkBeforeLoad { isThere = try await tokens.contain(token) }
        // 1. Load the entity.
        let documents = try await entities.load(attempt)
        var document = documents[0]
        var ledger = try Ledger(document)
        // 28 token-delete-before-publish: what has no token is taken for finished.
        let isKnown = ledger.isProcessed(id) && mistake != .tokenFirst
        if !isKnown, mistake != .checkBeforeLoad {
            // 2. Look for the token only now.
            isThere = try await tokens.contain(token)
        }
        if !isKnown, !isThere {
            // 13c no-late-cleanup: whoever has removed the token will have done the rest.
            if mistake != .noLateCleanup, let document = try await load(attempt) {
                try await clear(id, attempt, document, try Ledger(document))
            }
            try await database.acknowledge(receipt)
            return .duplicate
        }
        var outcome = Outcome.duplicate
        if !ledger.isProcessed(id) {
            // 3. to 6.
            // 29 token-delete-before-commit: whoever gets the message next finds it processed.
            if mistake == .tokenBeforeCommit { try await tokens.consume(token) }
            let saved = try await commit(attempt, documents, &ledger)
            guard let saved else { return .conflict }
            document = saved
            outcome = .processed
        }
        if let document { try await finish(attempt, token, document, ledger) }
        // 11. Only now may the message go.
        try await database.acknowledge(receipt)
        return outcome
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await shipped.submit(attempt)
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await shipped.complete(submission, isLastTry: isLastTry)
    }

    private func load(_ attempt: Attempt) async throws -> Document? {
        try await database.read(attempt.keys[0], in: attempt.partition)
    }

    // MARK: Steps 3 to 6

    private func commit(
        _ attempt: Attempt, _ loaded: [Document?], _ ledger: inout Ledger
    ) async throws -> Document? {
        var documents = loaded
        // 3. Handle it.
        let effects = try await attempt.handle(documents)
        // 24 regenerate-tokens: they are made anew whenever the messages are sent.
        if mistake == .regenerated || effects.messages.isEmpty {
            ledger.doom()
            return try await save(effects, effects.messages, attempt, documents, &ledger)
        }
        // 25 and 26: all attempts make the same tokens.
        let name =
            mistake == .deterministic || mistake == .deterministicRegistered
            ? attempt.message.id : MessageID(from: environment)
        let messages = effects.messages.enumerated().map { ordinal, message in
            var message = message
            message.envelope.carry(Token(attempt: name, ordinal: ordinal))
            return message
        }
        // 25 deterministic-token: made when they are sent, since any attempt finds them by name.
        if mistake == .deterministic {
            return try await save(effects, messages, attempt, documents, &ledger)
        }
        // 34 create-before-register: if the process dies now, nobody knows of them.
        if mistake == .createBeforeRegister {
            guard try await make(messages.count, name) else { return nil }
        }
        // 4. Register what is about to be made.
        guard
            let registered = try await register(name, messages.count, attempt, loaded[0], &ledger)
        else { return nil }
        documents[0] = registered
        // 5. Make it, unless this attempt has been shut out.
        // 27 publish-before-token: not yet.
        if mistake != .createBeforeRegister, mistake != .publishBeforeToken {
            guard try await make(messages.count, name) else { return nil }
        }
        // 6. Save state and messages as one.
        while case .registered = ledger[name] {
            ledger.remove(name)
            // k1 none-struck-out: the others will see that they have lost.
            if mistake != .noneStruckOut { ledger.doom() }
            if let saved = try await save(effects, messages, attempt, documents, &ledger) {
                // 35 cleanup-all: also what has just been saved.
                if mistake == .cleanupAll { try await tokens.revoke(messages.count, of: name) }
                return saved
            }
            let fresh = try await load(attempt)
            if fresh?.version == documents[0]?.version
                || fresh?.content.body != loaded[0]?.content.body
            {
                break
            }
            documents[0] = fresh
            ledger = try Ledger(fresh)
        }
        // k2 not-shut-out: whoever comes later removes what was registered.
        if mistake != .notShutOut { try await tokens.revoke(messages.count, of: name) }
        return nil
    }

    private func save(
        _ effects: Effects, _ messages: [Outgoing], _ attempt: Attempt, _ documents: [Document?],
        _ ledger: inout Ledger
    ) async throws -> Document? {
        try await entities.save(
            Effects(bodies: effects.bodies, messages: messages), of: attempt, over: documents,
            &ledger, silent: .pending([]))
    }

    private func register(
        _ name: MessageID, _ count: Int, _ attempt: Attempt, _ document: Document?,
        _ ledger: inout Ledger
    ) async throws -> Document? {
        let now = environment.now()
        ledger.record(
            name, .registered(SideEffects(tokens: count)), at: now,
            forget: now - Duration.days(7))
        var content = document?.content ?? Content(body: nil, expires: now + .days(14))
        content.ledger = ledger.encoded()
        let result = try await database.write(
            [
                .put(
                    attempt.keys[0], content,
                    if: document.map { .version($0.version) } ?? .absent)
            ], in: attempt.partition)
        guard case .committed(let versions) = result, let version = versions.first ?? nil else {
            return nil
        }
        return Document(version: version, content: content)
    }

    private func make(_ count: Int, _ name: MessageID) async throws -> Bool {
        let isChecked =
            switch mistake {
            // 26: whoever comes second finds them there; k2: or removed.
            case .deterministic, .deterministicRegistered, .notShutOut, .regenerated: false
            default: true
            }
        if isChecked { return try await tokens.issue(count, for: name) }
        _ = try await database.write(
            (0..<count).map {
                .put(Token(attempt: name, ordinal: $0).key, Content(body: nil), if: .any)
            }, in: Token(attempt: name, ordinal: 0).partition)
        return true
    }

    // MARK: Steps 7 to 9

    private func finish(
        _ attempt: Attempt, _ token: Token, _ document: Document, _ ledger: Ledger
    ) async throws {
        let (id, key, partition) = (attempt.message.id, attempt.keys[0], attempt.partition)
        // 28: removed while the messages are still to be sent.
        if mistake == .tokenFirst { try await tokens.consume(token) }
        // 36 clear-before-token: whoever gets the message next finds its token, and no id.
        if mistake == .clearBeforeToken {
            try await entities.send(id, ledger, key, partition, over: database)
            try await clear(id, attempt, document, ledger)
            return try await tokens.consume(token)
        }
        // 7. Send what is pending.
        try await send(attempt, ledger)
        // 8. Remove the token.
        if mistake != .tokenFirst, mistake != .tokenBeforeCommit {
            try await tokens.consume(token)
        }
        // 9. Forget the id and the messages, and what attempts that have lost have made.
        try await clear(id, attempt, document, ledger)
    }

    private func send(_ attempt: Attempt, _ ledger: Ledger) async throws {
        let id = attempt.message.id
        guard case .pending(var messages) = ledger[id] else { return }
        switch mistake {
        case .regenerated:
            let name = MessageID(from: environment)
            for ordinal in messages.indices {
                messages[ordinal].envelope.carry(Token(attempt: name, ordinal: ordinal))
            }
            _ = try await make(messages.count, name)
        case .deterministic:
            _ = try await make(messages.count, id)
        default: break
        }
        if !messages.isEmpty { try await database.send(messages) }
        if mistake == .publishBeforeToken, let first = try messages.first?.envelope.token() {
            _ = try await make(messages.count, first.attempt)
        }
    }

    private func clear(
        _ id: MessageID, _ attempt: Attempt, _ document: Document, _ ledger: Ledger
    ) async throws {
        let doomed = ledger.doomed
        for (attempt, effects) in doomed.sorted(by: { $0.key < $1.key }) {
            try await tokens.revoke(effects.tokens, of: attempt)
        }
        try await entities.amend(attempt.keys[0], in: attempt.partition, from: document) { ledger in
            let before = ledger.entries
            for attempt in doomed.keys { ledger.remove(attempt) }
            ledger.remove(id)
            return ledger.entries != before
        }
    }
}
