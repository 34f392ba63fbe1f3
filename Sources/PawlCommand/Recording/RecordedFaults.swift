import Pawl
import PawlCheck
import Synchronization

/// What goes wrong with the calls of an endpoint in a recorded run.
extension RecordedDatabase {
    /// How a call fails.
    private enum Fault {
        case lost, after, deathBefore, deathAfter
    }

    /// Gives the others a chance to come first: a file on a fast disk answers before they are awake.
    /// Sometimes it is the chance to do a lot, or to get the same message.
    func pause() async {
        let (length, isStall) = state.withLock { state in
            var length = state.draws.next() % 3_000
            if state.draws.next() % 10 == 0 { length *= 10 }
            guard state.fate == .stall, !state.progress.isIdle,
                let delivery = state.deliveries.first, state.draws.next() % 5 == 0
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

    func checkAlive() throws(BackendError) {
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
    func call<Answer>(
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
                return !state.progress.isIdle || fault == .deathBefore
            }
            if isAtWork { recorder.note("crash", by: name) }
            endAttempt()
            throw Self.death
        }
    }
}
