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
            connection.queuesToRing.insert(queue)
            let visible = message.notBefore.map { max($0, connection.now) } ?? connection.now
            let local = isLocal ? 1 : 0
            if visible <= connection.now,
                try take(message, from: queue, local: local, on: connection)
            {
                continue
            }
            try connection.run(.insertMessage, queue, visible, local, message.bytes)
        }
    }

    /// Inserts a message as a waiting receiver's, if there is one.
    private func take(
        _ message: EncodedMessage, from queue: Int64, local: Int, on connection: Connection
    ) throws(SQLiteFailure) -> Bool {
        try connection.take(from: queue) { (claim) throws(SQLiteFailure) in
            let until = connection.now + claim.lease
            try connection.run(.insertTaken, queue, until, claim.token, local, message.bytes)
            let hold = Hold(seq: connection.lastRow, lease: claim.token)
            return Delivery(
                receipt: hold.receipt(for: message.queue), attempt: 1, message: message.bytes)
        }
    }
}
