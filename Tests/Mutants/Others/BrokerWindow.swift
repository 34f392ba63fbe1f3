import Pawl
import PawlCheck

/// A model of brokers that drop a message that was sent before, for some time: SQS FIFO, Azure Service
/// Bus, NATS JetStream. The products below say where that is written.
///
/// The broker knows the ids that were sent within its window. A copy that is sent meanwhile is never
/// delivered; a message that was delivered and not removed in time is delivered again, which is no
/// copy to it. Who consumes saves his state, sends, and removes the message.
///
/// What the broker does on sending, the model does on receiving, by the number of the copy: no call of
/// the consumer's lies between. Its window begins when a message is received, so it is rather longer
/// than the real one.
///
/// Assumed: no copy is sent after the window, and no consumer dies, or takes too long, between saving
/// and removing.
struct BrokerWindow: MessageModel {
    let database: any Database
    private let window: InboxRecords

    init(database: any Database, window: Duration, environment: Environment) {
        self.database = database
        self.window = InboxRecords(
            store: database, environment: environment, retention: window)
    }

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        // 1. The broker: another copy within the window is not delivered.
        let copy = Self.copy(receipt)
        let first = try await window.stamp(attempt.message.id, copy, at: attempt.endpoint)
        // What a broker knows itself is never out of date; here, a later look may tell.
        guard let first else { return .conflict }
        if first != copy {
            try await database.acknowledge(receipt)
            return .duplicate
        }
        // 2. The consumer handles it and saves its state.
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(try await database.read(key, in: attempt.partition))
        }
        let effects = try await attempt.handle(documents)
        let writes = try attempt.writes(
            saving: effects, over: documents, within: database.limits)
        guard try await database.write(writes, in: attempt.partition) != .conflict else {
            return .conflict
        }
        // 3. It sends.
        if !effects.messages.isEmpty { try await database.send(effects.messages) }
        // 4. It removes the message.
        try await database.acknowledge(receipt)
        return .processed
    }

    /// Names a copy, the same for all its deliveries: the last part of a handle counts those.
    private static func copy(_ receipt: Receipt) -> MessageID {
        MessageID("\(receipt.queue) \(receipt.handle.split(separator: ".").dropLast())")
    }
}

extension OtherProduct {
    static func broker(
        _ name: String, window: Duration, _ sources: [String], _ promise: String
    ) -> OtherProduct {
        let algorithm = AlgorithmUnderCheck(name: name, needsDatabase: false) {
            BrokerWindow(database: $0, window: window, environment: $1)
        }
        var assumed = AlgorithmScope(algorithm)
        assumed.consumers = 2
        assumed.copies = 2
        return OtherProduct(
            name: name, sources: sources, promise: promise, window: window,
            algorithm: algorithm, assumed: assumed)
    }
}
