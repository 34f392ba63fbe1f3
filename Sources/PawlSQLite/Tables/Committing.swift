internal import Pawl

/// Step 3 of algorithm 0: one message's whole effect in one transaction.
struct Committing: Sendable {
    let documents: Documents
    let queues: Queues

    private var file: SQLiteFile { documents.file }

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        try documents.check(transaction.writes, in: transaction.partition)
        let messages = try queues.encode(transaction.messages)
        var hold: Hold?
        if let receipt = transaction.receipt {
            hold = Hold(receipt)
            if hold == nil { return .leaseLost }
        }
        return try await file.write { [hold] connection in
            try perform(transaction, holding: hold, sending: messages, on: connection)
        }
    }

    /// Everything that can say no comes before the first change, or, like the documents' own
    /// conditions, changes nothing when it does: so nothing has to be undone.
    private func perform(
        _ transaction: Transaction, holding hold: Hold?, sending messages: [EncodedMessage],
        on connection: Connection
    ) throws -> TransactionResult {
        let ids = try queues.ids(of: messages, on: connection)
        var isLocal = false
        if let hold {
            let found = try connection.first(.heldMessage, hold.seq, hold.lease) {
                $0.integer(0) == 1
            }
            guard let found else { return .leaseLost }
            isLocal = found
        }
        // A row from this file's own transactions is itself the token; see algorithms.md, 0.
        let id = isLocal ? nil : transaction.id.bytes
        if let id, try isProcessed(id, transaction.endpoint, on: connection) {
            if let hold { try connection.run(.deleteMessage, hold.seq, hold.lease) }
            return .duplicate
        }
        let written = try documents.write(
            transaction.writes, in: transaction.partition, on: connection)
        guard case .committed = written else { return .conflict }
        if let hold { try connection.run(.deleteMessage, hold.seq, hold.lease) }
        if let id {
            try connection.run(.insertProcessed, transaction.endpoint, id, connection.now)
        }
        try queues.insert(messages, into: ids, isLocal: true, on: connection)
        return .committed
    }

    private func isProcessed(
        _ id: [UInt8], _ endpoint: String, on connection: Connection
    ) throws(SQLiteFailure) -> Bool {
        try connection.first(.isProcessed, endpoint, id) { _ in true } ?? false
    }

    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await file.read { try isProcessed(id.bytes, endpoint, on: $0) }
    }

    /// Forgets a few processed ids that are older than the retention.
    ///
    /// - Returns: Whether there may be more.
    func sweep(atMost limit: Int) async throws(BackendError) -> Bool {
        guard let retention = file.options.processedRetention else { return false }
        return try await file.write { connection in
            try connection.run(.sweepProcessed, connection.now - retention, limit) == limit
        }
    }
}
