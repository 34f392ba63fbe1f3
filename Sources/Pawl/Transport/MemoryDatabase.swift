public import ServiceLifecycle
internal import Synchronization

/// A store and queues that live in memory, under one lock, so that one transaction covers both:
/// for tests, for learning, and for trying things out. What it holds is gone with the process.
///
/// For example:
///
/// ```swift
/// let orders = Endpoint(orders, database: MemoryDatabase())
/// ```
///
/// The ids of messages that came from outside the database, and of submissions, are remembered
/// for as long as it lives.
public final class MemoryDatabase: Database, Service {
    /// What this database accepts as a store.
    public let limits: StoreLimits
    /// What this database accepts as a transport.
    public let transportLimits: TransportLimits

    private let environment: Environment
    private let state = Mutex(MemoryState())

    /// Creates an empty database.
    ///
    /// - Parameters:
    ///   - limits: What it accepts as a store.
    ///   - transportLimits: What it accepts as a transport.
    ///   - environment: Where time and waiting come from.
    public init(
        limits: StoreLimits = .memory, transportLimits: TransportLimits = .memory,
        environment: Environment = .system
    ) {
        self.limits = limits
        self.transportLimits = transportLimits
        self.environment = environment
    }

    /// Waits for the group to shut down and frees the memory of expired documents meanwhile.
    ///
    /// - Throws: Never; the protocol declares it.
    public func run() async throws {
        await dropExpiredUntilShutdown()
    }

    func dropExpiredUntilShutdown() async {
        await cancelWhenGracefulShutdown {
            // The sleep fails only by cancellation, which is how this ends.
            while (try? await self.environment.sleep(.seconds(60))) != nil {
                let now = self.environment.now()
                self.state.withLock { $0.documents.dropExpired(at: now) }
            }
        }
    }
}

extension MemoryDatabase {
    /// Whether an id is remembered as processed, which it is for ever.
    ///
    /// - Parameters:
    ///   - id: The id of a message or of a submission.
    ///   - endpoint: The endpoint that may have processed it.
    /// - Returns: Whether a transaction with this id has been committed.
    /// - Throws: Nothing but what the protocol declares.
    public func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        state.withLock { $0.isProcessed(id, by: endpoint) }
    }
}

// MARK: Store

extension MemoryDatabase {
    /// Reads one document.
    ///
    /// - Parameters:
    ///   - key: The document's key.
    ///   - partition: The partition that it is in.
    /// - Returns: The document, or `nil` if there is none or it has expired.
    /// - Throws: Nothing but what the protocol declares.
    public func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        let now = environment.now()
        return state.withLock { $0.documents.read(key, in: partition, at: now) }
    }

    /// Reads the documents of one kind in one partition, in the order of their ids.
    ///
    /// - Parameters:
    ///   - kind: The kind to read.
    ///   - partition: The partition to read in.
    ///   - after: The id after which to start, or `nil` for the first page.
    ///   - limit: The largest number of documents to return.
    /// - Returns: At most `limit` documents.
    /// - Throws: Nothing but what the protocol declares.
    public func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let now = environment.now()
        return state.withLock {
            $0.documents.read(kind: kind, in: partition, after: after, limit: limit, at: now)
        }
    }

    /// Writes several documents of one partition: all of them, or none.
    ///
    /// - Parameters:
    ///   - writes: What to write, each under its own condition.
    ///   - partition: The partition that all of them are in.
    /// - Returns: The new versions, or that a condition did not hold.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` for what exceeds a limit.
    public func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try limits.check(writes)
        let now = environment.now()
        return state.withLock { $0.documents.write(writes, in: partition, at: now) }
    }

    /// Lists the documents of one kind across all partitions.
    ///
    /// - Parameters:
    ///   - kind: The kind to list.
    ///   - after: The last document of the page before, or `nil` for the first page.
    ///   - limit: The largest number of documents to return.
    /// - Returns: At most `limit` documents, by partition, then by id.
    /// - Throws: Nothing but what the protocol declares.
    public func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let now = environment.now()
        return state.withLock {
            $0.documents.list(kind: kind, after: after, limit: limit, at: now)
        }
    }
}

// MARK: Transport

extension MemoryDatabase {
    /// Creates the endpoint's queue and makes known what it handles.
    ///
    /// - Parameter registration: The endpoint's name and the types of messages that it handles.
    /// - Returns: Whether it is registered, or which other types a live endpoint handles.
    /// - Throws: Nothing but what the protocol declares.
    public func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        let now = environment.now()
        return state.withLock { $0.register(registration, at: now) }
    }

    /// Which queues exist and which types of messages go there.
    ///
    /// - Parameter fresh: Not looked at; every answer is fresh.
    /// - Returns: The directory.
    /// - Throws: Nothing but what the protocol declares.
    public func directory(fresh: Bool) async throws(BackendError) -> Directory {
        state.withLock { $0.queues.directory }
    }

    /// Sends messages: all of them, or none.
    ///
    /// - Parameter messages: What to send and where to.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` if one exceeds a limit or its queue does
    ///   not exist.
    public func send(_ messages: [Outgoing]) async throws(BackendError) {
        let outgoing = try transportLimits.encoded(messages)
        let now = environment.now()
        let bells = try state.withLock { (state) throws(BackendError) in
            try state.send(outgoing, isLocal: false, at: now)
        }
        for bell in bells { bell.ring() }
    }

    /// Takes messages from a queue, those first that have been visible for longest.
    ///
    /// - Parameters:
    ///   - queue: The queue's name.
    ///   - max: The largest number of messages to take.
    ///   - lease: For how long they are the caller's.
    /// - Returns: At least one delivery; none only when the task was cancelled while it waited.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` if the queue does not exist.
    public func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        precondition(max >= 1, "receive at least one message")
        precondition(lease > .zero, "a lease has to last for some time")
        let bell = try state.withLock { (state) throws(BackendError) in try state.bell(of: queue) }
        while true {
            // Noted before the look, so that a ring after the look is not missed.
            let rings = bell.rings
            let now = environment.now()
            let (deliveries, next) = state.withLock { state in
                let taken = state.queues.take(
                    from: queue, max: max, until: now + lease, at: now)
                return (taken, taken.isEmpty ? state.queues.nextVisible(in: queue) : nil)
            }
            if !deliveries.isEmpty || Task.isCancelled { return deliveries }
            await bell.wait(after: rings, atMost: next.map { $0 - now }, in: environment)
        }
    }

    /// Removes a delivered message for good.
    ///
    /// - Parameter receipt: The right to it.
    /// - Returns: Whether the lease was still the caller's.
    /// - Throws: Nothing but what the protocol declares.
    @discardableResult
    public func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        state.withLock { $0.queues.acknowledge(receipt) }
    }

    /// Gives a message back, to be delivered again after a delay.
    ///
    /// - Parameters:
    ///   - receipt: The right to it.
    ///   - delay: For how long it stays invisible.
    /// - Returns: Whether the lease was still the caller's.
    /// - Throws: Nothing but what the protocol declares.
    @discardableResult
    public func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        let now = environment.now()
        let bell = state.withLock { state in
            let isReleased = state.queues.release(receipt, until: now + delay)
            return isReleased ? try? state.bell(of: receipt.queue) : nil
        }
        bell?.ring()
        return bell != nil
    }

    /// Extends leases, counted from now.
    ///
    /// - Parameters:
    ///   - receipts: The rights to extend.
    ///   - lease: For how long they are the caller's from now on.
    /// - Returns: The receipts whose lease was no longer the caller's.
    /// - Throws: Nothing but what the protocol declares.
    @discardableResult
    public func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        let now = environment.now()
        let (lost, bells) = state.withLock { state in
            var lost: [Receipt] = []
            var bells: [Doorbell] = []
            for receipt in receipts {
                guard let end = state.queues.extend(receipt, until: now + lease) else {
                    lost.append(receipt)
                    continue
                }
                // A lease that was cut short: who waits must wait for less.
                if now + lease < end, let bell = try? state.bell(of: receipt.queue) {
                    bells.append(bell)
                }
            }
            return (lost, bells)
        }
        for bell in bells { bell.ring() }
        return lost
    }
}

// MARK: Both

extension MemoryDatabase {
    /// Commits one message's whole effect at once.
    ///
    /// - Parameter transaction: What to commit.
    /// - Returns: What became of it.
    /// - Throws: ``BackendError/Effect/canNeverHappen`` for what exceeds a limit, or if a queue
    ///   does not exist.
    public func commit(
        _ transaction: Transaction
    ) async throws(BackendError) -> TransactionResult {
        try limits.check(transaction.writes)
        let outgoing = try transportLimits.encoded(transaction.messages)
        let now = environment.now()
        let (result, bells) = try state.withLock { (state) throws(BackendError) in
            try state.commit(transaction, sending: outgoing, at: now)
        }
        for bell in bells { bell.ring() }
        return result
    }
}
