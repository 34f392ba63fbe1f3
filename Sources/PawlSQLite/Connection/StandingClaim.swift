internal import Pawl
internal import Synchronization

/// What a receiver that waits would take. Whoever sends to its queue takes it for the receiver, in
/// the very transaction that sends: that saves a transaction, and a thread's waking, on the way of
/// a message to an idle endpoint.
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
    /// Takes messages; runs within a transaction.
    let take: @Sendable (Connection) throws(SQLiteFailure) -> [Delivery]
    private let state = Mutex(State.open)

    init(
        max: Int, take: @escaping @Sendable (Connection) throws(SQLiteFailure) -> [Delivery]
    ) {
        self.max = max
        self.take = take
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
