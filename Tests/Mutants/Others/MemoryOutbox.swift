import Pawl
import PawlCheck

/// A model of the in-memory outbox of MassTransit:
/// https://masstransit.io/documentation/patterns/in-memory-outbox
///
/// What a consumer sends is held in memory until it is through, so that nothing is sent if it fails;
/// then it is sent, and the message removed. It does not look for duplicates, and says so
/// (https://masstransit.io/documentation/patterns/transactional-outbox, which is another product of
/// theirs, with a table for it): consumers have to be idempotent, and to publish again where they find
/// that their work was done.
///
/// Assumed: such consumers. They run once as any handler, and once as such.
struct MemoryOutbox: MessageModel {
    let database: any Database
    /// Whether the consumer is idempotent, so that what it sends follows from the message.
    let isIdempotent: Bool

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(try await database.read(key, in: attempt.partition))
        }
        // 1. The consumer runs and saves its state; what it sends is in memory.
        let effects = try await attempt.handle(documents)
        let isUnchanged = isIdempotent && effects.bodies == documents.map { $0?.content.body }
        if !isUnchanged {
            let writes = try attempt.writes(
                saving: effects, over: documents, within: database.limits)
            guard try await database.write(writes, in: attempt.partition) != .conflict else {
                return .conflict
            }
        }
        // 2. Then it is sent.
        let messages =
            isIdempotent
            ? effects.messages.map { $0.sent(because: attempt.message) } : effects.messages
        if !messages.isEmpty { try await database.send(messages) }
        // 3. Remove the message.
        try await database.acknowledge(receipt)
        return .processed
    }
}

extension OtherProduct {
    static let massTransit = OtherProduct(
        name: "MassTransit in memory",
        sources: [
            "https://masstransit.io/documentation/patterns/in-memory-outbox",
            "https://masstransit.io/documentation/patterns/transactional-outbox",
        ],
        promise: """
            Nothing is sent by a consumer that fails. Consumers have to be idempotent, and to publish \
            again when they find their work done; duplicates are not looked for. (MassTransit's \
            transactional outbox looks for them, and is not what is modelled here.)
            """,
        window: nil,
        algorithm: AlgorithmUnderCheck(name: "MassTransit in memory", needsDatabase: false) {
            database, _ in MemoryOutbox(database: database, isIdempotent: false)
        },
        assumed: inTime(
            AlgorithmUnderCheck(
                name: "MassTransit in memory", needsDatabase: false, demand: .idempotence
            ) { database, _ in MemoryOutbox(database: database, isIdempotent: true) }))
}
