internal import Pawl
internal import Synchronization

extension Plan {
    /// Makes executions that are drawn from a seed, each core its own ones on a thread of its own,
    /// and waits for that.
    ///
    /// With the same seed and number of cores it finds the same, whichever core is faster: of
    /// several failures the one whose execution has the lowest number within its core is taken, and
    /// of those the one of the first core. Only how many executions the other cores have made by
    /// then differs.
    ///
    /// - Parameters:
    ///   - count: The number of executions, over all cores.
    ///   - seed: What they are drawn from.
    ///   - cores: The number of threads; each has a seed of its own that follows from the seed.
    ///   - limits: When to stop earlier; that on states is for each core. A bound on preemptions
    ///     has no meaning here.
    ///   - progress: Told from time to time how far it is, by one thread at a time. The number of
    ///     states is that of the core that has met the most.
    /// - Returns: The findings; never exhausted. States are counted up to 2²⁰ a core.
    package func sample(
        count: Int, seed: UInt64, cores: Int = 1, limits: ExplorationLimits = ExplorationLimits(),
        progress: @escaping @Sendable (Findings) -> Void = { _ in }
    ) -> Findings {
        precondition(cores >= 1, "somebody has to do it")
        if let reason = reference?.prepare(for: self) { return Findings(without: reason) }
        let count = min(count, limits.executions)
        let board = Board(cores: cores, progress: progress)
        var seeds = SeededGenerator(seed: seed)
        let shares = (0..<cores).map { core in
            Share(
                core: core, seed: seeds.next(),
                executions: count / cores + (core < count % cores ? 1 : 0))
        }
        let outcomes = ExplorerThread.run(
            shares.map { share in
                { executor in
                    share.run(Simulation(self, on: executor), limits, board)
                }
            })
        var findings = Findings(merging: outcomes)
        findings.caveats.append("sampled: \(findings.executions) executions from seed \(seed)")
        return findings
    }
}

/// What one core does of a sampling.
private struct Share: Sendable {
    struct Outcome: Sendable {
        let findings: Findings
        let states: Set<Digest>
        /// The number of the execution that shows the failure.
        let failed: Int
    }

    let core: Int
    let seed: UInt64
    let executions: Int

    func run(_ simulation: Simulation, _ limits: ExplorationLimits, _ board: Board) -> Outcome {
        var sampler = Sampler(simulation, seed: seed)
        var failed = Int.max
        for number in 0..<executions {
            // Up to the number that another core has failed at, so that what is found does not
            // depend on which of them is faster.
            guard board.isWanted(number) else { break }
            let goesOn = sampler.execute()
            if failed == .max, sampler.findings.failure != nil {
                failed = number
                if limits.stopsAtViolation { board.stop(after: number) }
            }
            if !goesOn { board.stop(after: number) }
            if number & 0xFF == 0xFF { board.note(sampler.findings, of: core) }
            if !goesOn || failed < .max && limits.stopsAtViolation
                || sampler.findings.states >= limits.states
                || number & 0x3F == 0x3F && limits.isOver()
            {
                break
            }
        }
        sampler.finish()
        return Outcome(findings: sampler.findings, states: sampler.states, failed: failed)
    }
}

/// What the cores of a sampling tell each other.
private final class Board: Sendable {
    private let last = Atomic(Int.max)
    private let noted: Mutex<[Findings]>
    private let progress: @Sendable (Findings) -> Void

    init(cores: Int, progress: @escaping @Sendable (Findings) -> Void) {
        noted = Mutex(Array(repeating: Findings(), count: cores))
        self.progress = progress
    }

    /// No execution with a higher number is wanted any more.
    func stop(after number: Int) {
        last.min(number, ordering: .relaxed)
    }

    func isWanted(_ number: Int) -> Bool {
        number <= last.load(ordering: .relaxed)
    }

    func note(_ findings: Findings, of core: Int) {
        noted.withLock { noted in
            noted[core].executions = findings.executions
            noted[core].states = findings.states
            noted[core].deepest = findings.deepest
            var sum = Findings()
            for findings in noted {
                sum.executions += findings.executions
                sum.states = max(sum.states, findings.states)
                sum.deepest = max(sum.deepest, findings.deepest)
            }
            progress(sum)
        }
    }
}

extension Findings {
    fileprivate init(merging outcomes: [Share.Outcome]) {
        self.init()
        var states: Set<Digest> = []
        var failed = Int.max
        for outcome in outcomes {
            executions += outcome.findings.executions
            if states.isEmpty { states = outcome.states } else { states.formUnion(outcome.states) }
            terminals.formUnion(outcome.findings.terminals)
            deepest = max(deepest, outcome.findings.deepest)
            if outcome.failed < failed {
                failed = outcome.failed
                failure = outcome.findings.failure
            }
            for caveat in outcome.findings.caveats where !caveats.contains(caveat) {
                caveats.append(caveat)
            }
        }
        self.states = states.count
    }
}
