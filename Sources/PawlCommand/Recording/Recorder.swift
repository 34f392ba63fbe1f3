import Pawl
import PawlCheck
import Synchronization

/// Writes down what the endpoints of one run do, as events of a spec.
///
/// The calls of all endpoints go through it one at a time, each written down before the next one
/// begins. So the order of the events is the order in which the calls took effect, and calls of
/// several endpoints come between one another as they happen to. Only the receiving, which waits, is
/// not held up: a message counts as received when the first call is made for it, and until then
/// nobody else can have it.
final class Recorder: Sendable {
    /// A copy of a message, as the specs name it.
    struct Copy: Hashable, Sendable {
        let message: String
        let number: Int

        var value: String { TLA.sequence([TLA.text(message), "\(number)"]) }
    }

    fileprivate struct State {
        var events: [String] = []
        /// By row of the queue.
        var copies: [String: Copy] = [:]
        /// What each endpoint is working on under a lease, so far as is known.
        var working: [String: Copy] = [:]
        /// Who is in the middle of an attempt, with or without a lease.
        var busy: Set<String> = []
        /// Who waits for his lease to end.
        var stalled: [String: AsyncStream<Void>.Continuation] = [:]
        var gone: Set<Copy> = []
        /// How often the document was written, and which version it had after each time.
        var writes = 0
        var versions: [String: Int] = [:]
        /// Times, in the order in which they were seen.
        var times: [Timestamp] = []
        /// Whose attempts the names are that were drawn for them.
        var attempts: [MessageID: Copy] = [:]
        /// What was sent first under each id.
        var messages: [MessageID: [UInt8]] = [:]
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let names: [MessageID: String]
    private let total: Int
    private let done: AsyncStream<Void>.Continuation
    /// Ends when all messages are gone and nobody is in the middle of an attempt.
    let isDone: AsyncStream<Void>

    /// Creates a recorder.
    ///
    /// - Parameters:
    ///   - names: The messages and what the spec calls them.
    ///   - total: The number of copies.
    init(_ names: [MessageID: String], total: Int) {
        self.names = names
        self.total = total
        (isDone, done) = AsyncStream.makeStream()
    }

    /// What happened, as a trace.
    var trace: String { state.withLock { TLA.sequence($0.events) } }

    // MARK: One at a time

    /// Makes a call when nobody else makes one.
    func alone<Answer>(
        _ call: () async throws(BackendError) -> Answer
    ) async throws(BackendError) -> Answer {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isTaken { state.waiting.append(continuation) }
                defer { state.isTaken = true }
                return !state.isTaken
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.isTaken = !state.waiting.isEmpty
                return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            }
            next?.resume()
        }
        return try await call()
    }

    // MARK: Events

    /// An event of an endpoint's, with what it has seen.
    func note(_ action: String, by endpoint: String, _ seen: [(String, String)] = []) {
        state.withLock { $0.add(action, endpoint, seen) }
    }

    /// An endpoint begins an attempt at a message.
    func noteReceived(_ copy: Copy, by endpoint: String) {
        state.withLock { state in
            // Nobody gives it away who is at work; so his lease has ended.
            for (other, theirs) in state.working where theirs == copy && other != endpoint {
                state.add("lease ends", "", [("ended", copy.value)])
                state.working[other] = nil
                state.stalled.removeValue(forKey: other)?.finish()
            }
            state.working[endpoint] = copy
            state.busy.insert(endpoint)
            state.add("receive", endpoint, [("copy", copy.value)])
        }
    }

    /// An endpoint has come to the end of an attempt.
    func noteEnded(by endpoint: String) {
        change { state in
            state.working[endpoint] = nil
            state.busy.remove(endpoint)
        }
    }

    /// A copy is gone.
    func noteGone(_ copy: Copy) {
        change { $0.gone.insert(copy) }
    }

    /// Returns when somebody else has begun with the message that an endpoint is working on.
    func waitForSomebodyElse(inPlaceOf endpoint: String) async {
        let (isTaken, continuation) = AsyncStream<Void>.makeStream()
        state.withLock { state in
            if state.working[endpoint] == nil {
                continuation.finish()
            } else {
                state.stalled[endpoint] = continuation
            }
        }
        for await _ in isTaken {}
    }

    private func change(_ change: (inout State) -> Void) {
        let isOver = state.withLock { state in
            change(&state)
            return state.gone.count == total && state.busy.isEmpty
        }
        if isOver { done.finish() }
    }

    // MARK: Names

    func name(of id: MessageID) -> String { names[id] ?? "unknown" }

    /// The copy that a delivery is of: a row of the queue.
    func copy(_ receipt: Receipt, of id: MessageID) -> Copy {
        let row = receipt.handle.split(separator: ".").first.map(String.init) ?? receipt.handle
        return state.withLock { state in
            if let known = state.copies[row] { return known }
            let message = name(of: id)
            let copy = Copy(
                message: message, number: 1 + state.copies.values.count { $0.message == message })
            state.copies[row] = copy
            return copy
        }
    }

    /// The document was written. Returns how often it was by now.
    func noteWritten() -> Int {
        state.withLock { state in
            state.writes += 1
            return state.writes
        }
    }

    /// A version by the number of writes that it comes after; 0 if there is no document.
    func number(of version: Version?) -> Int {
        guard let version else { return 0 }
        return state.withLock { state in
            if let known = state.versions[version.rawValue] { return known }
            state.versions[version.rawValue] = state.writes
            return state.writes
        }
    }
}

extension Recorder {
    // MARK: What only some specs have

    /// A time, by how many others were seen before it.
    func number(of time: Timestamp) -> Int {
        state.withLock { state in
            if let known = state.times.firstIndex(of: time) { return known + 1 }
            state.times.append(time)
            return state.times.count
        }
    }

    /// Whether a message is what it was when it was sent first, in every byte of its envelope.
    func isAlike(_ envelope: Envelope) -> Bool {
        let bytes = envelope.encoded()
        return state.withLock { state in
            let first = state.messages[envelope.id] ?? bytes
            state.messages[envelope.id] = first
            return first == bytes
        }
    }

    /// Names under which attempts at a copy register. Whose a name is does not change.
    func noteAttempts(_ ids: [MessageID], of copy: Copy) {
        state.withLock { state in
            for id in ids where state.attempts[id] == nil { state.attempts[id] = copy }
        }
    }

    /// The copy that an attempt was made at.
    func copy(of attempt: MessageID) -> String {
        state.withLock { $0.attempts[attempt]?.value } ?? TLA.text("unknown")
    }

    /// The copy that an attempt was made at whose tokens are in a partition.
    func copy(of partition: PartitionKey) -> String {
        let attempts = state.withLock { $0.attempts }
        let found = attempts.first { attempt, _ in
            Token(attempt: attempt, ordinal: 0).partition == partition
        }
        return found?.value.value ?? TLA.text("unknown")
    }
}

extension Recorder.State {
    fileprivate mutating func add(
        _ action: String, _ endpoint: String, _ seen: [(String, String)]
    ) {
        let fields = [("action", TLA.text(action)), ("process", TLA.text(endpoint))] + seen
        events.append(TLA.record(fields.map { (name: $0.0, value: $0.1) }))
    }
}
