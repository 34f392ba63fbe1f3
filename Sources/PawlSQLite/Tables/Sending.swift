internal import Pawl

/// A message that is ready to be inserted.
struct EncodedMessage: Sendable {
    let queue: String
    let notBefore: Timestamp?
    let bytes: [UInt8]
}

extension Queues {
    /// Encodes messages, outside of any transaction, and refuses what is too large.
    func encode(_ messages: [Outgoing]) throws(BackendError) -> [EncodedMessage] {
        let largest = file.options.largestMessage
        var encoded: [EncodedMessage] = []
        encoded.reserveCapacity(messages.count)
        for message in messages {
            let bytes = message.envelope.encoded()
            guard bytes.count <= largest else {
                throw BackendError(
                    .canNeverHappen,
                    "\(file.path): message \(message.envelope.id) of type "
                        + "\(message.envelope.type) has \(bytes.count) bytes, more than the "
                        + "option `largestMessage`, \(largest).")
            }
            encoded.append(
                EncodedMessage(queue: message.queue, notBefore: message.notBefore, bytes: bytes))
        }
        return encoded
    }

    /// Looks up the messages' queues, before anything is written.
    func ids(
        of messages: [EncodedMessage], on connection: Connection
    ) throws -> [Int64] {
        try messages.map { try id(of: $0.queue, on: connection) }
    }

    /// The id of a queue that exists.
    func id(of queue: String, on connection: Connection) throws -> Int64 {
        if let id = connection.shared.queues[queue] { return id }
        guard let id = try connection.first(.queueID, queue, as: { $0.integer(0) }) else {
            throw BackendError(
                .canNeverHappen,
                "\(file.path): there is no queue `\(queue)`. Register the endpoint first.")
        }
        connection.shared.queues.remember(id, of: queue)
        return id
    }

    /// Inserts messages and has their receivers told after the commit.
    func insert(
        _ messages: [EncodedMessage], into queues: [Int64], isLocal: Bool,
        on connection: Connection
    ) throws(SQLiteFailure) {
        for (message, queue) in zip(messages, queues) {
            let visible = message.notBefore.map { max($0, connection.now) } ?? connection.now
            try connection.run(
                .insertMessage, queue, visible, isLocal ? 1 : 0, message.bytes)
            connection.queuesToRing.insert(queue)
        }
    }
}
