internal import Synchronization

/// Lets the deliveries of all endpoints of a process be handled side by side, or one of them alone.
///
/// What waits to be alone goes first: no new delivery is let in before it has had its turn.
final class ProcessGate: Sendable {
    private enum Visitor {
        case oneOfMany, alone
    }

    private struct State {
        var inside = 0
        var isAlone = false
        var waiting: [(visitor: Visitor, continuation: CheckedContinuation<Void, Never>)] = []

        /// Lets in whoever may come in now, in the order of their arrival.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let next = waiting.first, mayEnter(next.visitor) {
                enter(next.visitor)
                admitted.append(waiting.removeFirst().continuation)
            }
            return admitted
        }

        func mayEnter(_ visitor: Visitor) -> Bool {
            !isAlone && (visitor == .oneOfMany || inside == 0)
        }

        mutating func enter(_ visitor: Visitor) {
            inside += 1
            isAlone = visitor == .alone
        }
    }

    private let state = Mutex(State())

    /// Handles something while others may be handled as well.
    func withOthers(_ body: () async -> Void) async {
        await enter(.oneOfMany)
        await body()
        leave()
    }

    /// Handles something while nothing else is.
    func alone(_ body: () async -> Void) async {
        await enter(.alone)
        await body()
        leave()
    }

    private func enter(_ visitor: Visitor) async {
        let isIn = state.withLock { state in
            guard state.waiting.isEmpty, state.mayEnter(visitor) else { return false }
            state.enter(visitor)
            return true
        }
        if isIn { return }
        await withCheckedContinuation { continuation in
            let admitted = state.withLock { state in
                state.waiting.append((visitor, continuation))
                return state.admit()
            }
            for continuation in admitted { continuation.resume() }
        }
    }

    private func leave() {
        let admitted = state.withLock { state in
            state.inside -= 1
            state.isAlone = false
            return state.admit()
        }
        for continuation in admitted { continuation.resume() }
    }
}
