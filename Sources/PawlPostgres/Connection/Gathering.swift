internal import Pawl
internal import Synchronization

/// How much is carried out together at most.
struct BatchLimits: Sendable {
    let calls: Int
    let bytes: Int
}

/// Has calls that wait at the same time carried out together: group commit, without timers and
/// without delay where nothing else is going on.
///
/// Whoever finds that fewer than `atOnce` batches are under way leads the next: takes what waits by
/// then, carries it out and hands the lead to one of those that have come meanwhile. So there is no
/// task in the background.
final class Gathering<Call: Sendable, Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    typealias Outcome = Result<Answer, BackendError>

    /// Carries a batch out and returns an outcome for each of its calls.
    typealias Work = @Sendable ([Call], Wire) async -> [Outcome]

    private enum Turn: Sendable {
        case lead
        case done(Outcome)
    }

    private struct Entry {
        let id: UInt64
        let call: Call
        let keys: [Key]
        /// `nil` while the caller leads and so does not wait.
        var continuation: CheckedContinuation<Turn, Never>?
    }

    private struct State {
        var waiting: [Entry] = []
        var leaders = 0
        var lastID: UInt64 = 0
        /// What has become of the calls of those who led meanwhile.
        var outcomes: [UInt64: Outcome] = [:]
        /// Those who led while their own call was in another leader's batch, which is not done yet.
        var elsewhere: [UInt64: CheckedContinuation<Turn, Never>] = [:]
    }

    private let pool: Pool
    private let limits: BatchLimits
    private let atOnce: Int
    private let size: @Sendable (Call) -> Int
    private let keys: @Sendable (Call) -> [Key]
    private let work: Work
    private let state = Mutex(State())

    /// Creates a gathering.
    ///
    /// - Parameters:
    ///   - pool: Where the connections come from.
    ///   - limits: How much is carried out together at most, one call at least.
    ///   - atOnce: How many batches may be under way at the same time.
    ///   - size: About how many bytes a call takes.
    ///   - keys: What a call touches: a batch has no key twice.
    ///   - work: Carries a batch out.
    init(
        _ pool: Pool, limits: BatchLimits, atOnce: Int,
        size: @escaping @Sendable (Call) -> Int = { _ in 0 },
        keys: @escaping @Sendable (Call) -> [Key], work: @escaping Work
    ) {
        self.pool = pool
        self.limits = limits
        self.size = size
        self.atOnce = atOnce
        self.keys = keys
        self.work = work
    }

    /// Has a call carried out.
    func callAsFunction(_ call: Call) async throws(BackendError) -> Answer {
        let keys = keys(call)
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        var turn = await withCheckedContinuation { continuation in
            let leads = state.withLock { state in
                var entry = Entry(id: id, call: call, keys: keys)
                let leads = state.leaders < atOnce
                if leads { state.leaders += 1 } else { entry.continuation = continuation }
                state.waiting.append(entry)
                return leads
            }
            if leads { continuation.resume(returning: Turn.lead) }
        }
        while true {
            switch turn {
            case .done(let outcome): return try outcome.get()
            case .lead:
                await lead()
                turn = await turnAfterLeading(id)
            }
        }
    }

    /// Carries out what waits, and passes the lead on.
    private func lead() async {
        do throws(PostgresFailure) {
            // Only then is the batch taken: while there is no connection, more calls come.
            let wire = try await pool.take()
            let batch = state.withLock { takeBatch(&$0) }
            let outcomes = batch.isEmpty ? [] : await work(batch.map(\.call), wire)
            pool.giveBack(wire)
            deliver(outcomes, to: batch)
        } catch {
            let batch = state.withLock { takeBatch(&$0) }
            let failure = Outcome.failure(error.backendError(at: pool.place))
            deliver(batch.map { _ in failure }, to: batch)
        }
    }

    private func takeBatch(_ state: inout State) -> [Entry] {
        var batch: [Entry] = []
        var left: [Entry] = []
        var touched: Set<Key> = []
        var bytes = 0
        for (index, entry) in state.waiting.enumerated() {
            let size = size(entry.call)
            if batch.count == limits.calls || (!batch.isEmpty && bytes + size > limits.bytes) {
                left.append(contentsOf: state.waiting[index...])
                break
            }
            if touched.isDisjoint(with: entry.keys) {
                touched.formUnion(entry.keys)
                batch.append(entry)
                bytes += size
            } else {
                left.append(entry)
            }
        }
        state.waiting = left
        return batch
    }

    private func deliver(_ outcomes: [Outcome], to batch: [Entry]) {
        precondition(outcomes.count == batch.count, "Every call of a batch has an outcome.")
        var batch = batch
        let next = state.withLock { state -> CheckedContinuation<Turn, Never>? in
            for index in batch.indices where batch[index].continuation == nil {
                let id = batch[index].id
                batch[index].continuation = state.elsewhere.removeValue(forKey: id)
                if batch[index].continuation == nil { state.outcomes[id] = outcomes[index] }
            }
            if let index = state.waiting.firstIndex(where: { $0.continuation != nil }) {
                defer { state.waiting[index].continuation = nil }
                return state.waiting[index].continuation
            }
            state.leaders -= 1
            return nil
        }
        next?.resume(returning: .lead)
        for (entry, outcome) in zip(batch, outcomes) {
            entry.continuation?.resume(returning: .done(outcome))
        }
    }

    /// A leader's own call may have been in its batch, in another leader's, or in none.
    private func turnAfterLeading(_ id: UInt64) async -> Turn {
        await withCheckedContinuation { continuation in
            let turn = state.withLock { state -> Turn? in
                if let outcome = state.outcomes.removeValue(forKey: id) { return .done(outcome) }
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                    state.elsewhere[id] = continuation
                    return nil
                }
                if state.leaders < atOnce {
                    state.leaders += 1
                    return .lead
                }
                state.waiting[index].continuation = continuation
                return nil
            }
            if let turn { continuation.resume(returning: turn) }
        }
    }
}
