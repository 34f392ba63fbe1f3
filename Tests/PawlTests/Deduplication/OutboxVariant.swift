@testable import Pawl

/// The outbox once more, written so that each of its steps can be done wrong: the crash-point test
/// must notice.
struct OutboxVariant: DeduplicationAlgorithm {
    enum Mutant: String, CaseIterable, Sendable {
        case publishFirst = "1 publish-first"
        case blindCommit = "2 blind-commit"
        case forgetID = "3 forget-id"
        case dispatchedAtCommit = "4 dispatched-at-commit"
        case duplicateDropsOutbox = "5 duplicate-drops-outbox"
        case recompute = "6 recompute"
        case staleMark = "7 stale-whole-doc-mark"
        case upsertFirstWrite = "20 upsert-first-write"
        case publishInHandler = "41 publish-in-handler"
        case earlyAcknowledgement = "60 early-ack"
        case storeAssignedID = "62 store-assigned-id"
        case partialPublish = "63 partial-publish"
    }

    let mutant: Mutant?
    let store: any Store
    let transport: any Transport
    let environment: Environment

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id =
            mutant == .storeAssignedID ? MessageID(receipt.handle) : attempt.message.id
        let key = attempt.keys[0]
        if mutant == .earlyAcknowledgement { try await transport.acknowledge(receipt) }
        var document = try await store.read(key, in: attempt.partition)
        var ledger = try Ledger(document)
        if ledger[id] == nil {
            let effects = try await attempt.handle([document])
            if mutant == .publishFirst || mutant == .publishInHandler {
                try await transport.send(effects.messages)
            }
            let isSent = mutant == .publishFirst || mutant == .dispatchedAtCommit
            ledger.record(
                id, isSent ? .dispatched : .pending(effects.messages), at: environment.now(),
                forget: Timestamp(microseconds: 0))
            let content = Content(body: effects.bodies[0], ledger: ledger.encoded())
            let result = try await store.write(
                [.put(key, content, if: condition(document))], in: attempt.partition)
            guard case .committed(let versions) = result, let version = versions[0] else {
                return .conflict
            }
            document = Document(version: version, content: content)
            if mutant == .dispatchedAtCommit { try await transport.send(effects.messages) }
        } else if mutant == .duplicateDropsOutbox {
            try await transport.acknowledge(receipt)
            return .duplicate
        }
        if case .pending(var outputs) = ledger[id], let document {
            if mutant == .recompute { outputs = try await attempt.handle([document]).messages }
            try await dispatch(outputs, of: id, from: document, key, attempt.partition)
        }
        if mutant != .earlyAcknowledgement { try await transport.acknowledge(receipt) }
        return .processed
    }

    private func condition(_ document: Document?) -> Write.Condition {
        switch (mutant, document) {
        case (.blindCommit, _), (.upsertFirstWrite, nil): .any
        case (_, let document?): .version(document.version)
        case (_, nil): .absent
        }
    }

    private func dispatch(
        _ outputs: [Outgoing], of id: MessageID, from document: Document, _ key: DocumentKey,
        _ partition: PartitionKey
    ) async throws {
        if mutant == .partialPublish {
            try await transport.send([outputs[0]])
        } else {
            try await transport.send(outputs)
        }
        var current: Document? = document
        while let document = current {
            var ledger = try Ledger(document)
            ledger.dispatched(id)
            if mutant == .forgetID { ledger = Ledger(ledger, without: id) }
            var content = document.content
            content.ledger = ledger.encoded()
            let condition: Write.Condition =
                mutant == .staleMark ? .any : .version(document.version)
            let result = try await store.write([.put(key, content, if: condition)], in: partition)
            if result != .conflict { break }
            current = try await store.read(key, in: partition)
        }
        if mutant == .partialPublish {
            try await transport.send(Array(outputs.dropFirst()))
        }
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        preconditionFailure("not part of the test")
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        preconditionFailure("not part of the test")
    }
}

extension Ledger {
    /// A copy that has forgotten an id.
    fileprivate init(_ ledger: Ledger, without id: MessageID) {
        self = ledger
        record(id, .dispatched, at: Timestamp(microseconds: -1), forget: Timestamp(microseconds: 0))
        // Dropped by the next record, since it is older than the horizon.
        let other = MessageID("nobody's")
        record(
            other, .dispatched, at: Timestamp(microseconds: 0), forget: Timestamp(microseconds: 0))
    }
}
