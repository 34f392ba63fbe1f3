import Pawl
import PawlCheck

/// A model of the outbox of NServiceBus: https://docs.particular.net/nservicebus/outbox/
///
/// Within one transaction of the database, the handler's changes and a record of the message with
/// what it sends are saved; then that is sent, the record marked as dispatched, and the message
/// removed. A message whose record is there is not handled; what the record still has to send is sent.
/// Records that were dispatched are removed after a while: 7 days, unless set otherwise
/// (https://docs.particular.net/persistence/dynamodb/outbox).
///
/// Assumed: the record is in the entity's own partition, so that both are saved as one, and no copy
/// comes later than records are kept.
struct RetainedOutbox: MessageModel {
    private static let kind = "other.outbox"
    static let retention: Duration = .days(7)

    let database: any Database
    let environment: Environment

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        let key = DocumentKey(kind: Self.kind, id: id.description)
        // 1. Was it handled before?
        var record = try await database.read(key, in: attempt.partition)
        var ledger = try Ledger(record)
        let isNew = record == nil
        if isNew {
            // 2. Handle it; save state, record and outgoing messages in one transaction.
            var documents: [Document?] = []
            for key in attempt.keys {
                documents.append(try await database.read(key, in: attempt.partition))
            }
            let effects = try await attempt.handle(documents)
            let now = environment.now()
            ledger.record(id, .pending(effects.messages), at: now, forget: now - Self.retention)
            let content = Content(body: nil, ledger: ledger.encoded())
            let writes =
                [.put(key, content, if: .absent)]
                + (try attempt.writes(
                    saving: effects, over: documents, within: database.limits))
            let result = try await database.write(writes, in: attempt.partition)
            guard case .committed(let versions) = result, let version = versions.first ?? nil
            else { return .conflict }
            record = Document(version: version, content: content)
        }
        // 3. Send what is still to be sent, and mark the record; from now on it may be removed.
        if case .pending(let messages) = ledger[id], let record {
            if !messages.isEmpty { try await database.send(messages) }
            ledger.dispatched(id)
            let content = Content(
                body: nil, ledger: ledger.encoded(), expires: environment.now() + Self.retention)
            // If somebody else has marked it meanwhile, it is marked.
            _ = try await database.write(
                [.put(key, content, if: .version(record.version))], in: attempt.partition)
        }
        // 4. Remove the message.
        try await database.acknowledge(receipt)
        return isNew ? .processed : .duplicate
    }
}

extension OtherProduct {
    static let nServiceBus: OtherProduct = {
        let algorithm = AlgorithmUnderCheck(name: "NServiceBus outbox", needsDatabase: false) {
            RetainedOutbox(database: $0, environment: $1)
        }
        return OtherProduct(
            name: "NServiceBus outbox",
            sources: [
                "https://docs.particular.net/nservicebus/outbox/",
                "https://docs.particular.net/persistence/dynamodb/outbox",
            ],
            promise: """
                Messages with an id that was handled within the retention (7 days unless set) are \
                ignored, and what a handler sends is sent if its changes are saved.
                """,
            window: RetainedOutbox.retention, algorithm: algorithm, assumed: inTime(algorithm))
    }()
}
