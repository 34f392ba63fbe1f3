internal import Pawl
internal import Synchronization

/// What a receiver that waits would take. Whoever sends to its queue inserts messages as the
/// receiver's from the beginning: that saves a transaction, and a thread's waking, on the way of a
/// message to an idle endpoint.
final class StandingClaim: Sendable {
    private enum State {
        case open
        /// A transaction takes for it, and is not committed yet; the receiver may wait for the end.
        case beingTaken(CheckedContinuation<[Delivery]?, Never>?)
        case taken([Delivery])
        case withdrawn
    }

    /// The largest number of messages that the receiver wants.
    let max: Int
    /// For how long they are the receiver's.
    let lease: Duration
    /// The token of the claim.
    let token: Int64
    private let state = Mutex(State.open)

    init(max: Int, lease: Duration, token: Int64) {
        self.max = max
        self.lease = lease
        self.token = token
    }

    /// Begins to take for the receiver. Returns whether the receiver still waits.
    func begin() -> Bool {
        state.withLock { state in
            guard case .open = state else { return false }
            state = .beingTaken(nil)
            return true
        }
    }

    /// The transaction is at its end: these were taken, or none if it was undone.
    ///
    /// - Returns: Whether the receiver goes on waiting.
    func end(_ deliveries: [Delivery]) -> Bool {
        let (receiver, isOpen) = state.withLock { state in
            guard case .beingTaken(let receiver) = state else {
                preconditionFailure("only what was begun ends")
            }
            if receiver != nil {
                state = .withdrawn
            } else {
                state = deliveries.isEmpty ? .open : .taken(deliveries)
            }
            return (receiver, receiver == nil && deliveries.isEmpty)
        }
        receiver?.resume(returning: deliveries.isEmpty ? nil : deliveries)
        return isOpen
    }

    /// The receiver waits no longer.
    ///
    /// - Returns: What was taken for it; what is being taken is waited for.
    func withdraw() async -> [Delivery]? {
        await withCheckedContinuation { continuation in
            let answer: [Delivery]?? = state.withLock { state in
                switch state {
                case .open, .withdrawn:
                    state = .withdrawn
                    return .some(nil)
                case .taken(let deliveries):
                    state = .withdrawn
                    return .some(deliveries)
                case .beingTaken:
                    state = .beingTaken(continuation)
                    return nil
                }
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }
}

/// What a round has taken for a receiver that waits.
struct Taking {
    let queue: Int64
    let bell: QueueBell
    let claim: StandingClaim
    var deliveries: [Delivery] = []
    /// When the next message of the queue can be taken.
    var next: Timestamp?
    /// Whether nothing was left that could be taken now.
    var isAll = false
    /// How often the bell had rung when all that was seen.
    var rings: UInt64 = 0

    /// Has the receiver wait on: nothing was taken for it.
    func undo() {
        if claim.end([]) { bell.stand(claim) }
    }

    /// Hands over what was taken. The bell is rung once for it.
    func deliver() {
        if isAll { bell.expect(next: next, after: rings + 1) }
        _ = claim.end(deliveries)
    }
}
