/// What an explorer finds in a state.
enum Situation {
    /// It goes on with one of these choices.
    case choices([Candidate])
    /// Everything has come to rest, and all that must hold then holds; only these faults are left.
    case rest([Candidate])
    /// A property does not hold; see ``Simulation/violation``.
    case violated
    /// Something is out of control, so nothing can be said about the code.
    case stuck(String)
}

extension Simulation {
    /// Looks at the state: checks what must always hold and, at rest, what must hold in the end, and
    /// finds out what can happen next.
    ///
    /// - Parameters:
    ///   - preferred: The process whose choices come first.
    ///   - steps: How many steps the execution has.
    /// - Returns: What was found: a violation, rest, or the choices from here.
    func look(preferring preferred: UInt8, after steps: Int) -> Situation {
        checkAlways()
        if world.violation != nil { return .violated }
        if let stuck = stuckProcess { return .stuck(stuck) }
        guard steps < plan.longest else {
            violate("progress", "No rest after \(steps) steps.")
            return .violated
        }
        let candidates = enabled(preferring: preferred)
        if candidates.contains(where: { !$0.transition.isFault }) { return .choices(candidates) }
        checkRest()
        checkFinally()
        if world.violation != nil { return .violated }
        plan.endings?.add(ending)
        return .rest(candidates)
    }

    /// A process that neither has ended nor waits for anything that the explorer knows of.
    private var stuckProcess: String? {
        for state in world.processes where !state.hasEnded && state.pending.isEmpty {
            return """
                \(state.name) waits for something that is out of control: a thread, Dispatch, the \
                main actor, or a continuation that nobody resumes. Nothing is claimed about it.
                """
        }
        return nil
    }
}
