import Pawl
import PawlCheck
import Synchronization

/// The store and the queues of one endpoint in a recorded run: real ones, between which and the
/// endpoint its calls are written down, and some of them made to fail.
///
/// The endpoint handles one message at a time, so what it calls belongs to the one that it has.
final class RecordedDatabase: Database {
    /// What may befall an endpoint, beside calls that fail.
    enum Fate {
        case nothing
        /// It may stop for good in the middle of something.
        case death
        /// It may stand still in the middle of something, until its lease has ended and somebody else
        /// has its message.
        case stall
    }

    struct State {
        var deliveries: [(receipt: Receipt, message: MessageID)] = []
        var progress: Progress
        var isDead = false
        var fate: Fate
        /// The delivery whose lease it lets end, or has let end.
        var stalled: Receipt?
        var draws: SeededGenerator
    }

    /// What an endpoint stands on.
    struct Base: Sendable {
        let store: any Store
        let transport: any Transport
        /// Both in one; `nil` if they are apart.
        let database: (any Database)?
    }

    private let base: Base
    let spec: SpecScope.Spec
    let name: String
    private let key: DocumentKey
    let recorder: Recorder
    let state: Mutex<State>

    /// Puts an endpoint under the recorder's eyes.
    ///
    /// - Parameters:
    ///   - base: What it stands on.
    ///   - spec: Which spec's events they are.
    ///   - name: The endpoint's name in the spec.
    ///   - key: The one entity that the messages are about.
    ///   - fate: What may befall it.
    ///   - seed: What the draws of faults follow from.
    ///   - recorder: Where events go.
    init(
        _ base: Base, _ spec: SpecScope.Spec, _ name: String, key: DocumentKey, fate: Fate,
        seed: UInt64, _ recorder: Recorder
    ) {
        self.base = base
        self.spec = spec
        self.name = name
        self.key = key
        self.recorder = recorder
        state = Mutex(
            State(progress: Progress(spec), fate: fate, draws: SeededGenerator(seed: seed)))
    }

    /// So small, where messages are to lie beside the entity, that two of them just fit on a page.
    var limits: StoreLimits {
        guard spec == .outboxStaged else { return base.store.limits }
        return StoreLimits(
            largestDocument: 400, largestBatch: base.store.limits.largestBatch)
    }
    var transportLimits: TransportLimits { base.transport.transportLimits }

    // MARK: What is written down

    private func place(of key: DocumentKey?) -> Progress.Place? {
        key.flatMap { key in state.withLock { $0.progress.place(of: key, entity: self.key) } }
    }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        guard let place = place(of: key) else {
            try checkAlive()
            return try await base.store.read(key, in: partition)
        }
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            if self.state.withLock({ $0.progress.isIdle }) { self.beginAttempt() }
            let (action, id) = self.state.withLock { state in
                (state.progress.action(reading: place), state.deliveries.first?.message)
            }
            return try await self.call { () throws(BackendError) in
                let document = try await self.base.store.read(key, in: partition)
                self.recorder.note(
                    action.rawValue, by: self.name, self.seen(action, document, at: key))
                let isOver = self.state.withLock { state in
                    state.progress.noteRead(action, document, handling: id)
                    return state.progress.isOver
                }
                if isOver { self.endAttempt() }
                return document
            }
        }
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        guard let place = place(of: writes.first?.key) else {
            try checkAlive()
            return try await base.store.write(writes, in: partition)
        }
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            let (action, id) = self.state.withLock { state in
                let id = state.deliveries.first?.message
                return (state.progress.action(writing: writes, at: place, handling: id), id)
            }
            self.noteAttempts(in: writes, by: action)
            return try await self.call {
                () throws(BackendError) in
                _ = try await self.carryOut(writes, in: partition)
            } normally: { () throws(BackendError) in
                let (result, number) = try await self.carryOut(writes, in: partition)
                let isCommitted = result != .conflict
                self.recorder.note(
                    action.rawValue, by: self.name,
                    self.seen(action, writes, in: partition, isCommitted, number))
                self.state.withLock {
                    $0.progress.noteWritten(
                        action, writes, handling: id, isCommitted: isCommitted)
                }
                let isOver = self.state.withLock {
                    $0.progress.isOver(after: action, isCommitted: isCommitted)
                }
                if isOver { self.endAttempt() }
                return result
            }
        }
    }

    /// Makes writes. Returns the result, and how often the entity was written by now; 0 if it was
    /// not.
    private func carryOut(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> (WriteResult, Int) {
        let result = try await base.store.write(writes, in: partition)
        guard case .committed(let versions) = result,
            let place = writes.firstIndex(where: { $0.key == key })
        else { return (result, 0) }
        let number = recorder.noteWritten()
        _ = recorder.number(of: versions[place])
        return (result, number)
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        await pause()
        try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            let some = self.state.withLock { 1 + Int($0.draws.next() % UInt64(messages.count)) }
            try await self.call {
                () throws(BackendError) in
                // Of several messages some may have been sent when it fails.
                try await self.base.transport.send(Array(messages.prefix(some)))
            } normally: { () throws(BackendError) in
                try await self.base.transport.send(messages)
                self.recorder.note("send", by: self.name, self.seen(messages))
                self.state.withLock { $0.progress.noteSent() }
            }
        }
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            return try await self.call { () throws(BackendError) in
                let isRemoved = try await self.base.transport.acknowledge(receipt)
                self.recorder.note(
                    "acknowledge", by: self.name, [("removed", TLA.truth(isRemoved))])
                self.finish(receipt, isGone: isRemoved)
                return isRemoved
            }
        }
    }

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            guard let database = self.base.database, let receipt = transaction.receipt else {
                throw BackendError(.canNeverHappen, "There is no database to commit in.")
            }
            return try await self.call { () throws(BackendError) in
                let result = try await database.commit(transaction)
                if result == .committed { _ = self.recorder.noteWritten() }
                self.recorder.note(
                    "commit", by: self.name, [("result", TLA.text(Self.name(of: result)))])
                switch result {
                case .conflict: self.endAttempt()
                case .leaseLost: self.finish(receipt, isGone: false)
                case .committed, .duplicate: self.finish(receipt, isGone: true)
                }
                return result
            }
        }
    }

    private static func name(of result: TransactionResult) -> String {
        switch result {
        case .committed: "committed"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .leaseLost: "lease lost"
        }
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try checkAlive()
        let deliveries = try await base.transport.receive(from: queue, max: max, lease: lease)
        for delivery in deliveries {
            guard let message = try? Envelope(decoding: delivery.message) else { continue }
            state.withLock { $0.deliveries.append((delivery.receipt, message.id)) }
        }
        try checkAlive()
        return deliveries
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        try checkAlive()
        state.withLock { $0.deliveries.removeAll { $0.receipt == receipt } }
        return try await base.transport.release(receipt, after: delay)
    }

    // MARK: Attempts

    private func beginAttempt() {
        guard let delivery = state.withLock({ $0.deliveries.first }) else { return }
        recorder.noteReceived(
            recorder.copy(delivery.receipt, of: delivery.message), by: name)
        state.withLock { $0.progress.begin() }
    }

    func endAttempt() {
        state.withLock { state in
            state.progress = Progress(spec)
            // An endpoint would go on with its next attempt at a message that is somebody else's by
            // now. That is right, and no delivery, so the specs don't have it.
            if state.stalled != nil { state.isDead = true }
        }
        recorder.noteEnded(by: name)
    }

    private func finish(_ receipt: Receipt, isGone: Bool) {
        state.withLock { if $0.stalled == receipt { $0.stalled = nil } }
        endAttempt()
        let delivery = state.withLock { state in
            let index = state.deliveries.firstIndex { $0.receipt == receipt }
            return index.map { state.deliveries.remove(at: $0) }
        }
        guard isGone, let delivery else { return }
        recorder.noteGone(recorder.copy(receipt, of: delivery.message))
    }

    // MARK: What the specs don't have

    func isProcessed(_ id: MessageID, by endpoint: String) async throws(BackendError) -> Bool {
        try checkAlive()
        return try await base.database?.isProcessed(id, by: endpoint) ?? false
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try checkAlive()
        return try await base.store.read(kind: kind, in: partition, after: after, limit: limit)
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try checkAlive()
        return try await base.store.list(kind: kind, after: after, limit: limit)
    }

    func register(_ registration: Registration) async throws(BackendError) -> RegistrationResult {
        try checkAlive()
        return try await base.transport.register(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try checkAlive()
        return try await base.transport.directory(fresh: fresh)
    }

    func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try checkAlive()
        let stalled = state.withLock { $0.stalled }
        return try await base.transport.extend(receipts.filter { $0 != stalled }, by: lease)
    }
}
