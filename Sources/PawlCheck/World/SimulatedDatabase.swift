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
        return try await simulation.perform(
            process, .read(address: address),
            effect: { (verdict) throws(BackendError) -> Document? in
                if case .stale = verdict { return simulation.readStale(address) }
                return simulation.read(address)
            },
            observe: { document, local in
                local.mix(document?.version.rawValue ?? "")
                if let content = document?.content { local.mix(content) }
            })
    }

    package func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let simulation = try entered()
        return try await simulation.perform(
            process, .scan(kind: kind),
            effect: { (_) throws(BackendError) in
                simulation.scan(kind) { partition == $0.partition }
                    .filter { located in after.map { $0.precedesInBytes(located.key.id) } ?? true }
                    .prefix(limit).map(\.self)
            }, observe: { $1.mix($0) })
    }

    package func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let simulation = try entered()
        return try await simulation.perform(
            process, .scan(kind: kind),
            effect: { (_) throws(BackendError) in
                simulation.scan(kind) { _ in true }
                    .filter { located in
                        guard let after else { return true }
                        return after.partition == located.partition
                            ? after.key < located.key : after.partition < located.partition
                    }
                    .prefix(limit).map(\.self)
            }, observe: { $1.mix($0) })
    }

    package func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        let simulation = try entered()
        try simulation.plan.limits.check(writes)
        let addresses = simulation.addresses(of: writes, in: partition)
        return try await simulation.perform(
            process, .write(writes, addresses: addresses, partition),
            effect: { (_) throws(BackendError) in
                let result = simulation.write(writes, at: addresses)
                if result != .conflict {
                    simulation.noteUnmarked(by: process) { note, _ in
                        note.isRejected && addresses.contains(note.address)
                    }
                }
                return result
            },
            observe: { result, local in
                if case .committed(let versions) = result {
                    for version in versions { local.mix(version?.rawValue ?? "") }
                } else {
                    local.mix(1)
                }
            })
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
        let result = simulation.register(registration)
        simulation.observeDirectory(process)
        return result
    }

    package func directory(fresh: Bool) async throws(BackendError) -> Directory {
        let simulation = try entered()
        simulation.observeDirectory(process)
        return simulation.directory
    }

    package func send(_ messages: [Outgoing]) async throws(BackendError) {
        let simulation = try entered()
        simulation.observeDirectory(process)
        let contents = try simulation.contents(of: messages)
        try await simulation.perform(
            process, .send(messages, contents: contents),
            effect: { (verdict) throws(BackendError) in
                var count = messages.count
                if case .failPartly(let sent) = verdict { count = sent }
                simulation.send(messages.prefix(count), contents, isLocal: false)
            }, observe: { _, _ in })
    }

    package func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        precondition(max >= 1 && lease > .zero, "receive at least one message, for some time")
        let simulation = try entered()
        simulation.observeDirectory(process)
        try simulation.checkExists(queue)
        simulation.forget(process)
        return try await simulation.perform(
            process, .receive(queue: queue, max: max, lease: lease),
            effect: { (verdict) throws(BackendError) in
                guard case .receive(let entry) = verdict else { return [] }
                return [simulation.lease(entry, to: process, for: lease)]
            },
            observe: { deliveries, local in
                for delivery in deliveries {
                    local.mix(delivery.receipt.handle)
                    local.mix(delivery.attempt)
                }
            })
    }

    package func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        let simulation = try entered()
        return try await simulation.perform(
            process, .acknowledge(receipt),
            effect: { (_) throws(BackendError) in simulation.acknowledge(receipt) },
            observe: { $1.mix($0 ? 1 : 2) })
    }

    package func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        let simulation = try entered()
        return try await simulation.perform(
            process, .release(receipt, delay),
            effect: { (_) throws(BackendError) in simulation.release(receipt, after: delay) },
            observe: { $1.mix($0 ? 1 : 2) })
    }

    package func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        let simulation = try entered()
        return try await simulation.perform(
            process, .extend(receipts, lease),
            effect: { (_) throws(BackendError) in simulation.extend(receipts, by: lease) },
            observe: { $1.mix($0.count) })
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
        return try await simulation.perform(
            process, .commit(transaction, addresses: addresses, contents: contents),
            effect: { (_) throws(BackendError) in
                simulation.commit(transaction, by: process, at: addresses, contents)
            },
            observe: { result, local in
                switch result {
                case .committed: local.mix(1)
                case .duplicate: local.mix(2)
                case .conflict: local.mix(3)
                case .leaseLost: local.mix(4)
                }
            })
    }

    package func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        let simulation = try entered()
        return try await simulation.perform(
            process, .isProcessed(id, endpoint: endpoint),
            effect: { (_) throws(BackendError) in
                simulation.processedRows.contains(simulation.identity(id, in: endpoint))
            }, observe: { $1.mix($0 ? 1 : 2) })
    }
}

extension Digest {
    fileprivate mutating func mix(_ documents: [LocatedDocument]) {
        for located in documents {
            mix(located.partition.name)
            mix(located.key.id)
            mix(located.document.version.rawValue)
            mix(located.document.content)
        }
    }
}
