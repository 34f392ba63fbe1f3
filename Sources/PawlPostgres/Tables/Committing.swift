internal import Pawl

/// Step 3 of algorithm 0: one message's whole effect in one transaction.
struct Committing: Sendable {
    let queues: Queues

    private var pool: Pool { queues.pool }

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        try queues.changing.check(transaction.writes, in: transaction.partition)
        var hold: Hold?
        if let receipt = transaction.receipt {
            hold = Hold(receipt)
            if hold == nil { return .leaseLost }
        }
        let messages = try await queues.encode(transaction.messages, isLocal: true)
        // A row from this database's own transactions is itself the token; see algorithms.md, 0.
        let isToken = hold?.isLocal ?? false
        let change = Change(
            hold: hold,
            processed: isToken
                ? nil : Change.Processed(endpoint: transaction.endpoint, id: transaction.id.bytes),
            partition: transaction.partition, writes: transaction.writes, messages: messages)
        return switch try await queues.changing(change) {
        case .committed: .committed
        case .duplicate: .duplicate
        case .conflict: .conflict
        case .leaseLost: .leaseLost
        }
    }

    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        let question = Bound(.isProcessed) { parameters in
            parameters.add(endpoint)
            parameters.add(id.bytes)
        }
        return try await pool.run(question).count > 0
    }

    /// Forgets a few processed ids that are older than the retention.
    ///
    /// - Returns: Whether there may be more.
    func sweep(atMost limit: Int) async throws(BackendError) -> Bool {
        guard let retention = pool.options.processedRetention else { return false }
        let sweep = Bound(.sweepProcessed) { parameters in
            parameters.add(pool.now)
            parameters.add(retention.microseconds)
            parameters.add(Int64(limit))
        }
        return try await pool.run(sweep).changed == limit
    }
}

extension Changing {
    /// Writes several documents of one partition, all or none.
    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try check(writes, in: partition)
        return switch try await callAsFunction(Change(partition: partition, writes: writes)) {
        case .committed(let versions): .committed(versions)
        case .conflict, .duplicate, .leaseLost: .conflict
        }
    }
}
