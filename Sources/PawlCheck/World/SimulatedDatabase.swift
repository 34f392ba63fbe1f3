package import Pawl

/// The simulated store and queues, as one process reaches them: each call waits for the explorer.
///
/// Registering an endpoint and reading the directory succeed at once and are no choices; whoever
/// starts is registered.
package struct SimulatedDatabase: Database {
    let process: SimulatedProcess.Identity

    private var simulation: Simulation { process.simulation }

    /// The simulation, unless the call comes from where nothing may be touched.
    private func entered() throws(BackendError) -> Simulation {
        let simulation = process.simulation
        guard simulation.isOnOwnThread() else { throw Simulation.death }
        return simulation
    }

    package var limits: StoreLimits { simulation.plan.limits }
    package var transportLimits: TransportLimits { simulation.plan.transportLimits }
    package var processedRetention: Duration? { nil }

    // MARK: Store

    package func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        let simulation = try entered()
        let address = simulation.interner.address(key, in: partition)
        guard
            case .document(let document) = try await simulation.perform(
                process, .read(address: address))
        else { Self.isNoAnswer() }
        return document
    }

    package func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await scan(
            Scan(kind: kind, range: .partition(partition, after: after), limit: limit))
    }

    package func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await scan(Scan(kind: kind, range: .all(after: after), limit: limit))
    }

    private func scan(_ scan: Scan) async throws(BackendError) -> [LocatedDocument] {
        let simulation = try entered()
        guard case .documents(let documents) = try await simulation.perform(process, .scan(scan))
        else { Self.isNoAnswer() }
        return documents
    }

    package func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        let simulation = try entered()
        try simulation.plan.limits.check(writes)
        let addresses = simulation.addresses(of: writes, in: partition)
        guard
            case .written(let result) = try await simulation.perform(
                process, .write(writes, addresses: addresses, partition))
        else { Self.isNoAnswer() }
        return result
    }

    // MARK: Transport

    package func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        let simulation = try entered()
        guard simulation.isLive(process) else {
            await simulation.holdIfEndless()
            throw Simulation.death
        }
        let result = simulation.register(registration, by: process)
        simulation.observeDirectory(process)
        return result
    }

    package func directory(fresh: Bool) async throws(BackendError) -> Directory {
        let simulation = try entered()
        simulation.observeDirectory(process)
        return simulation.world.directory
    }

    package func send(_ messages: [Outgoing]) async throws(BackendError) {
        let simulation = try entered()
        simulation.observeDirectory(process)
        let contents = try simulation.contents(of: messages)
        _ = try await simulation.perform(process, .send(messages, contents: contents))
    }

    package func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        precondition(max >= 1 && lease > .zero, "receive at least one message, for some time")
        let simulation = try entered()
        simulation.observeDirectory(process)
        try simulation.checkExists(queue)
        if simulation.isLive(process), simulation.world.processes[process.index].forgets {
            simulation.act(.forget, by: process)
        }
        guard
            case .deliveries(let deliveries) = try await simulation.perform(
                process, .receive(queue: queue, max: max, lease: lease))
        else { Self.isNoAnswer() }
        return deliveries
    }

    package func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await ask(.acknowledge(receipt))
    }

    package func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        try await ask(.release(receipt, delay))
    }

    package func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        let simulation = try entered()
        guard
            case .lost(let lost) = try await simulation.perform(process, .extend(receipts, lease))
        else { Self.isNoAnswer() }
        return lost
    }

    // MARK: Both

    package func commit(
        _ transaction: Transaction
    ) async throws(BackendError) -> TransactionResult {
        let simulation = try entered()
        try simulation.plan.limits.check(transaction.writes)
        let addresses = simulation.addresses(of: transaction.writes, in: transaction.partition)
        simulation.observeDirectory(process)
        let contents = try simulation.contents(of: transaction.messages)
        guard
            case .committed(let result) = try await simulation.perform(
                process, .commit(transaction, addresses: addresses, contents: contents))
        else { Self.isNoAnswer() }
        return result
    }

    package func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await ask(.isProcessed(id, endpoint: endpoint))
    }

    private func ask(_ call: Call) async throws(BackendError) -> Bool {
        guard case .isSo(let isSo) = try await entered().perform(process, call) else {
            Self.isNoAnswer()
        }
        return isSo
    }

    private static func isNoAnswer() -> Never {
        preconditionFailure("a call was answered what another one asks")
    }
}
