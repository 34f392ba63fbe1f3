/// What an exploration has found out.
package struct Findings: Sendable {
    package var executions = 0
    package var states = 0
    /// The worlds in which executions came to rest.
    package var terminals: Set<Digest> = []
    package var deepest = 0
    /// The first execution that shows a violation.
    package var failure: Failure?
    /// All properties that were seen violated; one alone if the first violation ends it.
    package var violated: Set<String> = []
    /// Whether everything within the scope was explored.
    package var isExhausted = false
    /// What keeps this from being a proof.
    package var caveats: [String] = []
    /// Whether nothing was explored, because it is not known what idempotent handlers come to
    /// without copies and faults.
    package var lacksReference = false

    package struct Failure: Sendable {
        package let violation: Violation
        package let choices: [Transition]
    }
}

extension Findings {
    /// The findings of nobody who has looked, for a reason.
    init(without reason: String) {
        self.init()
        caveats = [reason]
        lacksReference = true
    }
}

/// What is left out because it can't lead anywhere new.
package struct Reductions: Hashable, Sendable {
    /// Of choices that are independent of each other, one order is enough.
    package var sleepSets = true
    /// From a state that was met before, nothing new comes.
    package var states = true
    /// Processes of one role may change places.
    package var symmetry = true

    package init(sleepSets: Bool = true, states: Bool = true, symmetry: Bool = true) {
        self.sleepSets = sleepSets
        self.states = states
        self.symmetry = symmetry
    }

    /// Plain depth-first search.
    package static let none = Reductions(sleepSets: false, states: false, symmetry: false)
    /// Everything that is sound.
    package static let all = Reductions()
}

/// Where an exploration stops.
package struct ExplorationLimits: Sendable {
    package var executions = Int.max
    package var states = Int.max
    /// Asked from time to time; `true` ends the exploration.
    package var isOver: @Sendable () -> Bool = { false }
    /// How often a process may be left standing; `nil` for any number.
    package var preemptions: Int?
    package var stopsAtViolation = true
    /// Whether each execution runs from its beginning, with nothing repeated from memory.
    package var fromNothing = false

    package init() {}
}

extension Plan {
    /// Explores all executions, on a thread of its own, and waits for that.
    package func explore(
        _ reductions: Reductions = .all, _ limits: ExplorationLimits = ExplorationLimits(),
        progress: @escaping @Sendable (Findings) -> Void = { _ in }
    ) -> Findings {
        if let reason = reference?.prepare(for: self) { return Findings(without: reason) }
        return ExplorerThread.run { executor in
            var search = Search(
                Simulation(self, on: executor, recalls: !limits.fromNothing), reductions, limits)
            search.progress = progress
            return search.run()
        }
    }
}
