import Pawl
import PawlCheck
import Synchronization

/// The store and the queues of one endpoint in a recorded run: real ones, between which and the
/// endpoint its calls are written down, and some of them made to fail.
///
/// The endpoint handles one message at a time, so what it calls belongs to the one that it has.
final class RecordedDatabase: Database {
    /// What is between the calls of an attempt.
    private enum Step {
        case idle, loaded, saved, sent, recorded, reloading
    }

    /// How a call fails.
    private enum Fault {
        case lost, after, deathBefore, deathAfter
    }

    /// What may befall an endpoint, beside calls that fail.
    enum Fate {
        case nothing
        /// It may stop for good in the middle of something.
        case death
        /// It may stand still in the middle of something, until its lease has ended and somebody else
        /// has its message.
        case stall
    }

    private struct State {
        var deliveries: [(receipt: Receipt, message: MessageID)] = []
        var step = Step.idle
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
    private let name: String
    private let key: DocumentKey
    private let isInbox: Bool
    private let recorder: Recorder
    private let state: Mutex<State>

    /// Puts an endpoint under the recorder's eyes.
    ///
    /// - Parameters:
    ///   - base: What it stands on.
    ///   - name: The endpoint's name in the spec.
    ///   - key: The one entity that the messages are about.
    ///   - isInbox: Whether the entity forgets what was sent, as the inbox has it.
    ///   - fate: What may befall it.
    ///   - seed: What the draws of faults follow from.
    ///   - recorder: Where events go.
    init(
        _ base: Base, _ name: String, key: DocumentKey, isInbox: Bool, fate: Fate,
        seed: UInt64, _ recorder: Recorder
    ) {
        self.base = base
        self.name = name
        self.key = key
        self.isInbox = isInbox
        self.recorder = recorder
        state = Mutex(State(fate: fate, draws: SeededGenerator(seed: seed)))
    }

    var limits: StoreLimits { base.store.limits }
    var transportLimits: TransportLimits { base.transport.transportLimits }

    // MARK: What is written down

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        if key.kind == InboxRecords.kind { return try await readRecord(key, in: partition) }
        guard key == self.key else {
            try checkAlive()
            return try await base.store.read(key, in: partition)
        }
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            let isAgain = self.state.withLock { $0.step == .reloading || $0.step == .recorded }
            if !isAgain { self.beginAttempt() }
            return try await self.call { () throws(BackendError) in
                let document = try await self.base.store.read(key, in: partition)
                self.recorder.note(
                    isAgain ? "reload" : "load", by: self.name, [("read", self.outline(document))])
                self.state.withLock { $0.step = isAgain ? .sent : .loaded }
                return document
            }
        }
    }

    private func readRecord(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            return try await self.call { () throws(BackendError) in
                let record = try await self.base.store.read(key, in: partition)
                self.recorder.note("check", by: self.name, [("found", TLA.truth(record != nil))])
                if record != nil { self.state.withLock { $0.step = .recorded } }
                return record
            }
        }
    }

    private func writeRecord(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            return try await self.call {
                () throws(BackendError) in
                _ = try await self.base.store.write(writes, in: partition)
            } normally: { () throws(BackendError) in
                let result = try await self.base.store.write(writes, in: partition)
                self.recorder.note("add", by: self.name)
                self.state.withLock { $0.step = .recorded }
                return result
            }
        }
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        if writes.first?.key.kind == InboxRecords.kind {
            return try await writeRecord(writes, in: partition)
        }
        guard writes.first?.key == key else {
            try checkAlive()
            return try await base.store.write(writes, in: partition)
        }
        await pause()
        return try await recorder.alone { () throws(BackendError) in
            try self.checkAlive()
            let isSaving = self.state.withLock { $0.step == .loaded }
            let write = { () async throws(BackendError) -> (WriteResult, Int) in
                let result = try await self.base.store.write(writes, in: partition)
                guard case .committed(let versions) = result else { return (result, 0) }
                let number = self.recorder.noteWritten()
                _ = self.recorder.number(of: versions.first ?? nil)
                return (result, number)
            }
            return try await self.call {
                () throws(BackendError) in
                _ = try await write()
            } normally: { () throws(BackendError) in
                let (result, number) = try await write()
                let later = self.isInbox ? "forget" : "mark"
                self.recorder.note(
                    isSaving ? "save" : later, by: self.name, [("written", "\(number)")])
                if isSaving, number == 0 {
                    self.endAttempt()
                } else {
                    self.state.withLock {
                        $0.step = isSaving ? .saved : number == 0 ? .reloading : .sent
                    }
                }
                return result
            }
        }
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
                self.recorder.note("send", by: self.name, [("sent", self.causes(of: messages))])
                self.state.withLock { $0.step = .sent }
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
    }

    private func endAttempt() {
        state.withLock { state in
            state.step = .idle
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

    // MARK: Faults

    /// Gives the others a chance to come first: a file on a fast disk answers before they are awake.
    /// Sometimes it is the chance to get the same message.
    private func pause() async {
        let (length, isStall) = state.withLock { state in
            let length = state.draws.next() % 3_000
            guard state.fate == .stall, state.step != .idle, let delivery = state.deliveries.first,
                state.draws.next() % 5 == 0
            else { return (length, false) }
            // Once: who has lost a lease is watched to the end of that attempt.
            state.fate = .nothing
            state.stalled = delivery.receipt
            return (length, true)
        }
        if isStall { return await recorder.waitForSomebodyElse(inPlaceOf: name) }
        do {
            try await Environment.system.sleep(.microseconds(Int64(length)))
        } catch {
            // The run is over; the call that follows will show that.
        }
    }

    private static let death = BackendError(.mayHaveHappened, "This process is dead.")
    private static let failure = BackendError(.mayHaveHappened, "A failure that was drawn.")

    private func checkAlive() throws(BackendError) {
        if state.withLock({ $0.isDead }) { throw Self.death }
    }

    /// Makes a call, or has it fail.
    ///
    /// - Parameters:
    ///   - effect: What it does when it takes effect and fails; `nil` if it never does that. Whoever
    ///     is told that the message may be gone calls once more with a receipt that is worth nothing:
    ///     that is right, but no attempt at a delivery, so such failures are not drawn.
    ///   - normally: What it does otherwise.
    /// - Returns: The answer.
    /// - Throws: What the call threw, or the failure that was drawn.
    private func call<Answer>(
        _ effect: (() async throws(BackendError) -> Void)? = nil,
        normally: () async throws(BackendError) -> Answer
    ) async throws(BackendError) -> Answer {
        let fault = state.withLock { state -> Fault? in
            switch state.draws.next() % 100 {
            case 0..<6: .lost
            case 6..<10 where effect != nil: .after
            case 10..<20 where state.fate == .death: .deathBefore
            case 20..<30 where state.fate == .death: .deathAfter
            default: nil
            }
        }
        switch fault {
        case nil: return try await normally()
        case .lost:
            recorder.note("lost", by: name)
            endAttempt()
            throw Self.failure
        case .after:
            try await effect?()
            recorder.note("after", by: name)
            endAttempt()
            throw Self.failure
        case .deathBefore, .deathAfter:
            if fault == .deathAfter { _ = try await normally() }
            let isAtWork = state.withLock { state in
                state.isDead = true
                return state.step != .idle || fault == .deathBefore
            }
            if isAtWork { recorder.note("crash", by: name) }
            endAttempt()
            throw Self.death
        }
    }

    // MARK: Words

    private func outline(_ document: Document?) -> String {
        let tally = document?.content.body.flatMap { try? JSON.decode(Tally.self, from: $0) }
        let applied = (tally?.applied ?? []).map { TLA.text($0) }
        var fields = [
            ("version", "\(recorder.number(of: document?.version))"),
            ("effects", TLA.sequence(applied)),
        ]
        if base.database == nil {
            fields.append(("ledger", TLA.sequence(entries(of: document))))
        }
        return TLA.record(fields.map { (name: $0.0, value: $0.1) })
    }

    private func entries(of document: Document?) -> [String] {
        guard let ledger = try? Ledger(document) else { return [TLA.text("unreadable")] }
        return ledger.entries.map { entry in
            let (state, outputs) =
                switch entry.state {
                case .pending(let messages): ("pending", messages.count)
                case .dispatched: ("dispatched", 0)
                case .tombstone: ("tombstone", 0)
                // Messages of these runs fit into the entity.
                case .staged: ("staged", 0)
                case .unstaged: ("unstaged", 0)
                case .claimed: ("claimed", 0)
                case .registered: ("registered", 0)
                case .doomed: ("doomed", 0)
                }
            return TLA.record([
                ("id", TLA.text(recorder.name(of: entry.id))), ("state", TLA.text(state)),
                ("outputs", "\(outputs)"),
            ])
        }
    }

    private func causes(of messages: [Outgoing]) -> String {
        TLA.sequence(
            messages.map { TLA.text($0.envelope.cause.map { recorder.name(of: $0) } ?? "") })
    }

    private static func name(of result: TransactionResult) -> String {
        switch result {
        case .committed: "committed"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .leaseLost: "lease lost"
        }
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
