import Pawl
import Synchronization

/// What goes wrong at one of the calls that a process makes to its store and its queues.
enum Disturbance: Sendable {
    /// The process is dead before the call takes effect.
    case crashBefore
    /// The call takes effect, and the process is dead before it knows.
    case crashAfter
    /// The call fails without effect.
    case failBefore(BackendError.Effect)
    /// The call takes effect, but fails.
    case failAfter(BackendError.Effect)
    /// Others do something before the call takes effect.
    case meanwhile(@Sendable () async -> Void)
}

/// All calls of one incarnation of a process to its store and its queues, counted, one or several
/// of them disturbed.
final class Boundary: Sendable {
    private struct State {
        var calls = 0
        var isDead = false
        var names: [String] = []
    }

    private let disturbed: Range<Int>
    private let disturbance: Disturbance?
    private let state = Mutex(State())

    /// A boundary at which nothing goes wrong.
    init() {
        disturbed = 0..<0
        disturbance = nil
    }

    /// A boundary at which one call goes wrong, or several in a row.
    init(_ disturbance: Disturbance, at call: Int, count: Int = 1) {
        disturbed = call..<call + count
        self.disturbance = disturbance
    }

    var calls: Int { state.withLock { $0.calls } }
    var names: [String] { state.withLock { $0.names } }
    var isDead: Bool { state.withLock { $0.isDead } }

    /// The process dies now.
    func die() { state.withLock { $0.isDead = true } }

    /// Refuses a call that is not counted.
    func check() throws(BackendError) {
        if isDead { throw Self.death }
    }

    /// Whether the disturbed call was reached.
    var wasDisturbed: Bool { calls > disturbed.lowerBound }

    func begin(_ name: String) async throws(BackendError) -> Int {
        let call = state.withLock { state in
            if state.isDead { return -1 }
            defer { state.calls += 1 }
            state.names.append(name)
            return state.calls
        }
        if call < 0 { throw Self.death }
        guard disturbed.contains(call), let disturbance else { return call }
        switch disturbance {
        case .crashBefore:
            state.withLock { $0.isDead = true }
            throw Self.death
        case .failBefore(let effect): throw BackendError(effect, "call \(call) fails")
        case .meanwhile(let others): await others()
        case .crashAfter, .failAfter: break
        }
        return call
    }

    func end(_ call: Int) throws(BackendError) {
        guard disturbed.contains(call), let disturbance else { return }
        switch disturbance {
        case .crashAfter:
            state.withLock { $0.isDead = true }
            throw Self.death
        case .failAfter(let effect): throw BackendError(effect, "call \(call) fails")
        case .crashBefore, .failBefore, .meanwhile: break
        }
    }

    private static var death: BackendError {
        BackendError(.mayHaveHappened, "the process is dead")
    }
}

/// A database in memory as one process sees it through its boundary.
struct BoundedDatabase: Database {
    let base: MemoryDatabase
    let boundary: Boundary

    var limits: StoreLimits { base.limits }
    var transportLimits: TransportLimits { base.transportLimits }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        let call = try await boundary.begin("read")
        let result = try await base.read(key, in: partition)
        try boundary.end(call)
        return result
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.read(kind: kind, in: partition, after: after, limit: limit)
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        let call = try await boundary.begin("write")
        let result = try await base.write(writes, in: partition)
        try boundary.end(call)
        return result
    }

    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await base.isProcessed(id, by: endpoint)
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.list(kind: kind, after: after, limit: limit)
    }

    func register(_ registration: Registration) async throws(BackendError) -> RegistrationResult {
        try await base.register(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        let call = try await boundary.begin("directory")
        let result = try await base.directory(fresh: fresh)
        try boundary.end(call)
        return result
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        let call = try await boundary.begin("send")
        try await base.send(messages)
        try boundary.end(call)
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        let call = try await boundary.begin("receive")
        let result = try await base.receive(from: queue, max: max, lease: lease)
        try boundary.end(call)
        return result
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        let call = try await boundary.begin("acknowledge")
        let result = try await base.acknowledge(receipt)
        try boundary.end(call)
        return result
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        let call = try await boundary.begin("release")
        let result = try await base.release(receipt, after: delay)
        try boundary.end(call)
        return result
    }

    func extend(_ receipts: [Receipt], by lease: Duration) async throws(BackendError) -> [Receipt] {
        try boundary.check()
        return try await base.extend(receipts, by: lease)
    }

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        let call = try await boundary.begin("commit")
        let result = try await base.commit(transaction)
        try boundary.end(call)
        return result
    }
}
