internal import Pawl

/// Makes executions of a plan that are drawn from a seed: each by a ``Schedule``, and some after the
/// beginning of an earlier one that had come to new states.
///
/// That guides it to what is rarely met, as coverage guides a fuzzer. Everything follows from the
/// plan and the seed: an execution with the same number is the same one. Memory stays flat, however
/// many executions there are.
struct Sampler {
    /// The number of different states that are remembered; what comes after them is not judged.
    static let mostStates = 1 << 20
    /// The number of steps over which a schedule is spread at least.
    private static let shortest = 16
    /// The number of things with a name in a world at which they are forgotten.
    private static let mostNames = 1 << 16

    let simulation: Simulation
    private var draws: SeededGenerator
    private var corpus = Corpus()
    /// How long the last executions were, in steps. The next one's schedule is spread over as many
    /// steps as one of them had: over those of the longest, most faults would come after the end.
    private var lengths: [Int] = []
    private var choosing = Choosing.anew
    /// The keys of the states that were met.
    private(set) var states: Set<Digest> = []
    private(set) var findings = Findings()
    /// The choices of the last execution.
    private(set) var choices: [Transition] = []

    /// Where the next choice comes from.
    private enum Choosing {
        case anew
        /// The beginning of an earlier execution.
        case following(ArraySlice<Transition>)
        case scheduled(Schedule)
    }

    init(_ simulation: Simulation, seed: UInt64) {
        self.simulation = simulation
        draws = SeededGenerator(seed: seed)
    }

    /// Makes one more execution.
    ///
    /// - Returns: Whether others may follow; `false` if the code is out of control, so that nothing
    ///   can be said about it.
    mutating func execute() -> Bool {
        if simulation.interner.count > Self.mostNames { simulation.forgetNames() }
        simulation.begin()
        choices.removeAll(keepingCapacity: true)
        choosing = draws.below(3) == 0 ? corpus.beginning(using: &draws) : .anew
        var newStates = 0
        var caveat: String?
        while let situation = look(&newStates, &caveat) {
            guard let chosen = choose(situation) else { break }
            choices.append(chosen)
            guard simulation.apply(chosen) else {
                caveat = Search.divergence
                break
            }
        }
        if caveat == nil, let violation = simulation.world.violation, findings.failure == nil {
            findings.failure = Findings.Failure(violation: violation, choices: choices)
        }
        caveat = caveat ?? simulation.executor.seenEscape
        if simulation.isEndless { caveat = caveat ?? Search.endless }
        if let caveat { findings.caveats.append(caveat) }
        if newStates > 0 { corpus.add(choices, newStates) }
        if lengths.count < 64 { lengths.append(0) }
        lengths[findings.executions % 64] = min(choices.count, fairAfter)
        findings.executions += 1
        findings.states = states.count
        findings.deepest = max(findings.deepest, choices.count)
        return caveat == nil
    }

    /// Brings all tasks to their end.
    mutating func finish() {
        if !simulation.end(), findings.caveats.isEmpty { findings.caveats.append(Search.endless) }
    }

    /// The number of steps after which priorities no longer count: whoever looks again and again
    /// for what another process has yet to do, and has priority over it, would look for ever.
    private var fairAfter: Int { simulation.plan.longest / 4 }

    /// Looks at the state. Returns what can happen and whether all of it are faults at rest; `nil` at
    /// the end.
    private mutating func look(
        _ newStates: inout Int, _ caveat: inout String?
    ) -> (candidates: [Candidate], isAtRest: Bool)? {
        let situation = simulation.look(preferring: .max, after: choices.count)
        if states.count < Self.mostStates,
            states.insert(simulation.key(isSymmetric: true)).inserted
        {
            newStates += 1
        }
        switch situation {
        case .choices(let candidates): return (candidates, false)
        case .rest(let candidates):
            if findings.terminals.count < Self.mostStates {
                findings.terminals.insert(simulation.worldDigest)
            }
            return (candidates, true)
        case .violated: return nil
        case .stuck(let reason):
            caveat = reason
            return nil
        }
    }

    private mutating func choose(
        _ situation: (candidates: [Candidate], isAtRest: Bool)
    ) -> Transition? {
        if case .following(let beginning) = choosing, let next = beginning.first,
            situation.candidates.contains(where: { $0.transition == next })
        {
            choosing = .following(beginning.dropFirst())
            return next
        }
        var schedule = schedule()
        defer { choosing = .scheduled(schedule) }
        if situation.isAtRest {
            return schedule.chooseAtRest(from: situation.candidates, using: &draws)?.transition
        }
        return schedule.choose(
            at: choices.count, from: situation.candidates, isFair: choices.count >= fairAfter,
            using: &draws
        ).transition
    }

    /// The schedule of this execution; drawn where no earlier one is followed any more.
    private mutating func schedule() -> Schedule {
        if case .scheduled(let schedule) = choosing { return schedule }
        let length = draws.one(of: lengths) ?? 0
        return Schedule(
            processes: simulation.world.processes.count, budgets: simulation.world.budgets,
            over: choices.count..<max(length, choices.count + Self.shortest), using: &draws)
    }

    /// The executions that came to the most new states.
    private struct Corpus {
        private static let capacity = 512
        private var entries: [(choices: [Transition], newStates: Int)] = []

        /// Keeps an execution, in place of the oldest of those with the fewest new states.
        mutating func add(_ choices: [Transition], _ newStates: Int) {
            if entries.count == Self.capacity {
                let least = entries.indices.min { entries[$0].newStates < entries[$1].newStates }
                guard let least, entries[least].newStates <= newStates else { return }
                entries.remove(at: least)
            }
            entries.append((choices, newStates))
        }

        /// A beginning of one of them, at least one step long.
        func beginning(using draws: inout SeededGenerator) -> Choosing {
            guard let choices = draws.one(of: entries)?.choices, !choices.isEmpty else {
                return .anew
            }
            return .following(choices.prefix(1 + draws.below(choices.count)))
        }
    }
}
