import Pawl

/// A transport with the chaos monkey in it.
struct ChaosTransport<Base: Transport>: TransportWrapper {
    let base: Base
    let chaos: Chaos

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await base.send(chaos.scramble(messages, mayCopy: true))
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease, through: chaos)
    }
}

/// A database with the chaos monkey in its queues.
struct ChaosDatabase<Base: Database>: Database, TransportWrapper {
    let base: Base
    let chaos: Chaos

    var limits: StoreLimits { base.limits }

    var transportLimits: TransportLimits { base.transportLimits }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await base.send(chaos.scramble(messages, mayCopy: true))
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease, through: chaos)
    }

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        var scrambled = transaction
        scrambled.messages = chaos.scramble(transaction.messages, mayCopy: false)
        return try await base.commit(scrambled)
    }

    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await base.isProcessed(id, by: endpoint)
    }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await base.read(key, in: partition)
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.read(kind: kind, in: partition, after: after, limit: limit)
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try await base.write(writes, in: partition)
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.list(kind: kind, after: after, limit: limit)
    }
}

extension Transport {
    /// Receives, but first hands out again what chaos wants to be handed out twice.
    fileprivate func receive(
        from queue: String, max: Int, lease: Duration, through chaos: Chaos
    ) async throws(BackendError) -> [Delivery] {
        let echoes = chaos.takeEchoes(max: max)
        if !echoes.isEmpty { return echoes }
        let deliveries = try await receive(from: queue, max: max, lease: lease)
        chaos.observe(deliveries)
        return deliveries
    }
}
