internal import Pawl
internal import Synchronization

/// Where the receivers of a queue wait, and what they know of it.
final class Desk: Sendable {
    private struct State {
        var highest: Int64 = -1
        var isBacklog = false
        var lastFromStart = Timestamp(microseconds: 0)
    }

    /// How often it is looked from the start, at least.
    private static let interval: Duration = .milliseconds(100)

    let door = Doorbell()
    private let state = Mutex(State())

    /// Behind which message to go on; `nil` to look from the start.
    func startInBacklog(now: Timestamp) -> Int64? {
        state.withLock { state in
            guard state.isBacklog, now >= state.lastFromStart,
                now < state.lastFromStart + Self.interval
            else { return nil }
            return state.highest
        }
    }

    func looksFromStart(now: Timestamp) {
        state.withLock { $0.lastFromStart = now }
    }

    /// Notes what was taken.
    func took(upTo highest: Int64, isBacklog: Bool) {
        state.withLock { state in
            state.highest = highest
            state.isBacklog = isBacklog
        }
    }
}

/// A desk for each queue.
final class Desks: Sendable {
    private let desks = Mutex<[ExactText: Desk]>([:])

    subscript(queue: String) -> Desk {
        desks.withLock { desks in
            if let desk = desks[ExactText(queue)] { return desk }
            let desk = Desk()
            desks[ExactText(queue)] = desk
            return desk
        }
    }

    /// Wakes those who wait for messages of a queue; for those of any, if it is `nil`.
    func ring(_ queue: String?) {
        let rung = desks.withLock { desks in
            queue.map { [desks[ExactText($0)]].compactMap(\.self) } ?? Array(desks.values)
        }
        for desk in rung { desk.door.ring() }
    }
}
