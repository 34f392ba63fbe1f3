internal import Pawl
internal import Synchronization

/// What all operations on one file share within a process.
final class Shared: Sendable {
    let environment: Environment
    let queues = QueueIDs()
    let bells = Bells()

    init(environment: Environment) {
        self.environment = environment
    }
}

/// The ids of queues by name, so that a sender need not look them up again. Queues are never
/// removed.
final class QueueIDs: Sendable {
    private let ids = Mutex<[ExactText: Int64]>([:])

    subscript(name: String) -> Int64? {
        ids.withLock { $0[ExactText(name)] }
    }

    func remember(_ id: Int64, of name: String) {
        ids.withLock { $0[ExactText(name)] = id }
    }

    /// Forgets all: a round that was rolled back may have created some of them.
    func forget() {
        ids.withLock { $0 = [:] }
    }
}

/// The bell of a queue, for those who wait for its messages.
final class QueueBell: Sendable {
    let door = Doorbell()
    private let sendings = Atomic<Int>(0)
    /// Whether the last one who took messages got fewer than they asked for.
    let isDrained = Atomic<Bool>(false)

    /// How often this process has sent something to the queue: unlike other rings, such a one
    /// says that there is something to be taken.
    var sendingsHere: Int { sendings.load(ordering: .acquiring) }

    /// What is known of the queue while the bell has not rung again.
    private let outlook = Mutex<(rings: UInt64, next: Timestamp?)?>(nil)

    /// Notes when the next message can be taken, or that there is none, as of so many rings.
    func expect(next: Timestamp?, after rings: UInt64) {
        outlook.withLock { $0 = (rings, next) }
    }

    /// When the next message can be taken, if that is known; `.some(nil)` if there is none.
    ///
    /// It says so once: whoever has waited looks for themselves, since a signal may get lost.
    func takeOutlook(after rings: UInt64) -> Timestamp?? {
        outlook.withLock { known in
            defer { known = nil }
            guard let known, known.rings == rings else { return nil }
            return .some(known.next)
        }
    }

    private let standing = Mutex<[StandingClaim]>([])

    /// Has senders of this process take for a receiver.
    func stand(_ claim: StandingClaim) {
        standing.withLock { $0.append(claim) }
    }

    /// Ends that.
    ///
    /// - Returns: What was taken for the receiver, if anything was.
    func withdraw(_ claim: StandingClaim) async -> [Delivery]? {
        standing.withLock { $0.removeAll { $0 === claim } }
        return await claim.withdraw()
    }

    /// A receiver that waits, for whom something can be taken now.
    func beginTaking() -> StandingClaim? {
        while let claim = standing.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            if claim.begin() { return claim }
        }
        return nil
    }

    func ringForSending() {
        sendings.add(1, ordering: .acquiringAndReleasing)
        door.ring()
    }
}

/// A bell for each queue.
final class Bells: Sendable {
    private let bells = Mutex<[Int64: QueueBell]>([:])

    subscript(queue: Int64) -> QueueBell {
        bells.withLock { bells in
            if let bell = bells[queue] { return bell }
            let bell = QueueBell()
            bells[queue] = bell
            return bell
        }
    }

    func ring(_ queues: Set<Int64>) {
        let rung = bells.withLock { bells in queues.compactMap { bells[$0] } }
        for bell in rung { bell.ringForSending() }
    }

    func ringAll() {
        let rung = bells.withLock { Array($0.values) }
        for bell in rung { bell.door.ring() }
    }
}
