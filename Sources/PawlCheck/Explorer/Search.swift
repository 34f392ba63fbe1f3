/// Explores all executions of a plan, depth first: each one goes on from the last choice of the one
/// before that has an alternative left.
struct Search {
    fileprivate struct Node {
        let candidates: [Candidate]
        var current = 0
        let sleeping: [Candidate]
        let key: Digest
        /// How everything stood before the choice.
        let world: WorldState
        let lastProcess: UInt8
        let preemptions: Int
    }

    private let simulation: Simulation
    private let reductions: Reductions
    private let limits: ExplorationLimits
    private var cache = StateCache()
    fileprivate var stack: [Node] = []
    /// What was chosen after the choices on the stack, to see whether it goes round in circles.
    private var circle: [Transition] = []
    private(set) var findings = Findings()
    /// The state after the choices on the stack; `nil` if it was not looked at.
    private var lastKey: Digest?
    /// The property whose violation is looked for; others are passed over. `nil` for any.
    var wanted: String?
    /// Told from time to time how far it is.
    var progress: (Findings) -> Void = { _ in }
    /// Told of each state that is reached, after how many choices, and the last of them.
    var reached: (Simulation, Int, Transition?) -> Void = { _, _, _ in }

    init(
        _ simulation: Simulation, _ reductions: Reductions = .all,
        _ limits: ExplorationLimits = ExplorationLimits()
    ) {
        self.simulation = simulation
        // Bounding the changes of process and leaving out orders don't go together.
        self.reductions =
            limits.preemptions == nil
            ? reductions
            : Reductions(sleepSets: false, states: reductions.states, symmetry: false)
        self.limits = limits
    }

    /// Explores.
    mutating func run() -> Findings {
        let isComplete = explore()
        if !simulation.end() { findings.caveats.append(Self.endless) }
        findings.isExhausted = isComplete && findings.caveats.isEmpty
        return findings
    }

    /// Explores. Returns whether nothing is left.
    private mutating func explore() -> Bool {
        repeat {
            let knewAll = simulation.hasNewEndpoints
            var goesOn = execute()
            if simulation.hasNewEndpoints != knewAll {
                // More belongs to a state than was thought, so all begins anew.
                stack = []
                cache = StateCache()
                findings = Findings()
                simulation.hasDiverged = false
                goesOn = execute()
            }
            goesOn = goesOn && (!isToBeRepeated || isRepeatable())
            findings.executions += 1
            findings.states = cache.count
            findings.deepest = max(findings.deepest, stack.count)
            if findings.executions & 0xFF == 0 { progress(findings) }
            guard goesOn else { return false }
            if findings.executions >= limits.executions || cache.count >= limits.states
                || (findings.executions & 0x3F == 0 && limits.isOver())
            {
                findings.caveats.append("stopped after \(findings.executions) executions")
                return false
            }
        } while backtrack()
        return true
    }

    /// Makes one execution. Returns whether to go on with others.
    private mutating func execute() -> Bool {
        var goesOn = resume()
        if goesOn { while extend(&goesOn) {} }
        if simulation.hasDiverged { findings.caveats.append(Self.divergence) }
        if let escape = simulation.executor.seenEscape { findings.caveats.append(escape) }
        if !findings.caveats.isEmpty { goesOn = false }
        let choices = stack.map { $0.candidates[$0.current].transition } + circle
        circle = []
        // What is seen out of control is no finding.
        if findings.caveats.isEmpty, let violation = simulation.world.violation,
            wanted.map({ $0 == violation.property }) ?? true
        {
            findings.violated.insert(violation.property)
            findings.failure =
                findings.failure ?? Findings.Failure(violation: violation, choices: choices)
            if limits.stopsAtViolation { goesOn = false }
        }
        return goesOn && !simulation.isEndless
    }

    /// Makes the last choice on the stack, where it is to be made. Returns whether it could be.
    private mutating func resume() -> Bool {
        guard simulation.recalls, let last = stack.last else {
            simulation.begin()
            return repeatChoices(lookingFrom: max(0, stack.count - 1))
        }
        simulation.world = last.world
        return simulation.apply(last.candidates[last.current].transition)
    }

    /// Whether the execution is one of those that are made once more: often among the first ones,
    /// then each 256th.
    private var isToBeRepeated: Bool {
        let number = findings.executions
        return simulation.recalls
            ? number & 0xFF == 0 || number & (number - 1) == 0 : number == 0
    }

    /// Makes the execution once more, from nothing, to see whether it is the same: of what was
    /// remembered and put together, each part could have been.
    private mutating func isRepeatable() -> Bool {
        // A violation is told by its execution, which will be made again.
        if findings.failure != nil { return true }
        let recalled = simulation.recalls
        simulation.recalls = false
        defer { simulation.recalls = recalled }
        simulation.begin()
        var isSame = repeatChoices()
        if let lastKey {
            isSame = isSame && simulation.key(isSymmetric: reductions.symmetry) == lastKey
        }
        if !isSame { findings.caveats.append(Self.divergence) }
        return isSame && !simulation.isEndless
    }

    /// Repeats the choices on the stack from the beginning. Returns whether they lead through the
    /// same states, as far as they are looked at.
    private func repeatChoices(lookingFrom first: Int = 0) -> Bool {
        for (depth, node) in stack.enumerated() {
            let isSame =
                depth < first || simulation.key(isSymmetric: reductions.symmetry) == node.key
            guard isSame, simulation.apply(node.candidates[node.current].transition) else {
                simulation.hasDiverged = true
                return false
            }
        }
        return true
    }

    /// Goes one step further. Returns whether there may be another.
    private mutating func extend(_ goesOn: inout Bool) -> Bool {
        lastKey = nil
        let parent = stack.last
        let chosen = parent.map { $0.candidates[$0.current] }
        let lastProcess =
            chosen.map {
                $0.transition.process == .max ? parent?.lastProcess ?? .max : $0.transition.process
            }
            ?? .max
        let preemptions = parent.map { $0.preemptions + $0.preemption(of: $0.current) } ?? 0
        var candidates: [Candidate]
        switch simulation.look(preferring: lastProcess, after: stack.count) {
        case .choices(let found): candidates = found
        case .rest(let found):
            candidates = found
            findings.terminals.insert(simulation.worldDigest)
        case .violated: return false
        case .stuck(let caveat):
            findings.caveats.append(caveat)
            goesOn = false
            return false
        }
        var sleeping: [Candidate] = []
        if reductions.sleepSets, let parent, let chosen {
            sleeping = (parent.sleeping + parent.candidates[..<parent.current]).filter {
                $0.isIndependent(of: chosen)
            }
        }
        let key = simulation.key(isSymmetric: reductions.symmetry)
        lastKey = key
        reached(simulation, stack.count, chosen?.transition)
        if reductions.states {
            var cacheKey = key
            if limits.preemptions != nil {
                cacheKey.mix(preemptions)
                cacheKey.mix(UInt64(lastProcess))
            }
            // Nothing is left out at most states, so nobody's rank matters.
            let isNamed = !sleeping.isEmpty || cache.hasSleeping(at: cacheKey)
            let ranks =
                isNamed && reductions.symmetry ? simulation.ranks : simulation.identityRanks
            switch cache.visit(cacheKey, sleeping: sleeping.map { $0.transition.ranked(by: ranks) })
            {
            case .new:
                candidates.removeAll { candidate in
                    sleeping.contains { $0.transition == candidate.transition }
                }
            case .only(let missing):
                if stack.contains(where: { $0.key == key }) { runInCircles(from: candidates) }
                if missing.isEmpty || simulation.world.violation != nil { return false }
                candidates.removeAll { !missing.contains($0.transition.ranked(by: ranks)) }
            }
        } else {
            candidates.removeAll { candidate in
                sleeping.contains { $0.transition == candidate.transition }
            }
        }
        var node = Node(
            candidates: candidates, sleeping: sleeping, key: key, world: simulation.world,
            lastProcess: lastProcess, preemptions: preemptions)
        guard node.moveToAllowed(limits.preemptions) else { return false }
        stack.append(node)
        return simulation.apply(node.candidates[node.current].transition)
    }

    /// The state was met before in this very execution, so there is a way to go on for ever. That is
    /// wrong only if being fair doesn't help: if there is no rest although everybody gets his turn
    /// and nothing fails any more.
    private mutating func runInCircles(from candidates: [Candidate]) {
        var candidates = candidates
        var turns = [Int](repeating: 0, count: simulation.world.processes.count + 1)
        func turn(_ candidate: Candidate) -> Int {
            turns[min(Int(candidate.transition.process), turns.count - 1)]
        }
        while true {
            let next = candidates.filter { !$0.transition.isFault }.min { turn($0) < turn($1) }
            guard let next else { return }
            turns[min(Int(next.transition.process), turns.count - 1)] = circle.count + 1
            circle.append(next.transition)
            guard simulation.apply(next.transition) else { return }
            let steps = stack.count + circle.count
            guard case .choices(let found) = simulation.look(preferring: .max, after: steps) else {
                return
            }
            candidates = found
        }
    }

    /// Moves on to the next alternative. Returns whether there is one.
    private mutating func backtrack() -> Bool {
        while var node = stack.popLast() {
            node.current += 1
            if node.moveToAllowed(limits.preemptions) {
                stack.append(node)
                return true
            }
        }
        return false
    }

    static let divergence = """
        The code under check did something else when it was run again with the same choices: it \
        depends on the real time, on random numbers, on the order of a Set or a Dictionary, or on \
        state that outlives it. Use the environment and the context; sort before you iterate.
        """
    static let endless = """
        A task of the code under check did not end when it was cancelled and all its calls failed.
        """
}

extension Search.Node {
    /// Whether a candidate leaves a process standing that could have gone on.
    fileprivate func preemption(of index: Int) -> Int {
        let process = candidates[index].transition.process
        guard process != lastProcess, lastProcess != .max, process != .max else { return 0 }
        return lastCouldGoOn ? 1 : 0
    }

    private var lastCouldGoOn: Bool {
        candidates.contains { $0.transition.process == lastProcess && !$0.transition.isFault }
    }

    /// Moves to the first candidate from the current one on that the bound allows.
    fileprivate mutating func moveToAllowed(_ bound: Int?) -> Bool {
        while current < candidates.count {
            guard let bound else { return true }
            if preemptions + preemption(of: current) <= bound { return true }
            current += 1
        }
        return false
    }
}

extension Transition {
    /// The same choice in a state whose processes have changed places.
    fileprivate func ranked(by ranks: [UInt8]) -> Transition {
        guard process != .max else { return self }
        var transition = self
        transition.process = ranks[Int(process)]
        return transition
    }
}

extension Simulation {
    /// Each process's place among those of its role, ordered by all that tells them apart: the same
    /// for states that differ only in which process is which.
    var ranks: [UInt8] {
        let digests = world.processes.indices.map { digest(ofProcess: $0, isSymmetric: true) }
        let order = world.processes.indices.sorted { left, right in
            let (a, b) = (digests[left], digests[right])
            return (world.processes[left].role, a.high, a.low, left)
                < (world.processes[right].role, b.high, b.low, right)
        }
        var ranks = [UInt8](repeating: 0, count: world.processes.count)
        for (rank, index) in order.enumerated() { ranks[index] = UInt8(rank) }
        return ranks
    }

    var identityRanks: [UInt8] { world.processes.indices.map { UInt8($0) } }
}
