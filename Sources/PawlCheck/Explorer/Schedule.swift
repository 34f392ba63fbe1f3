internal import Pawl

/// How one execution is drawn: priorities for the processes, with few changes, and places for the
/// faults, all laid down before it runs.
///
/// Always the process with the highest priority goes on, so that an execution has few changes from
/// one process to another, but these at odd places. A mistake that takes d events in a certain order
/// shows with a chance of at least 1/(n·kᵈ⁻¹) for n processes and k steps; drawing every step anew
/// is far worse. Faults, were they drawn step by step, would nearly all be used up at the beginning.
///
/// Some mistakes want the opposite: many changes, no matter where. So one execution of four draws at
/// each step anew who goes on; its faults have their places all the same.
///
/// Source: S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte, "A Randomized Scheduler with
/// Probabilistic Guarantees of Finding Bugs", ASPLOS 2010, section 2. The places of the faults and
/// the executions without priorities are not from there.
struct Schedule {
    private struct Fault {
        let kind: Budgets.Kind
        /// Before it so many steps are made: by everybody or, if it is the fault of one process, by
        /// that one.
        let step: Int
        let process: Int?
    }

    /// The greatest d that is drawn.
    static let greatestDepth = 5

    /// By process; the last one is that of the world, which lets time go by.
    private var priorities: [Int]
    /// Where the process that would go on falls behind all others, and how far.
    private var changes: [(step: Int, priority: Int)]
    /// The faults that are still to come, the earliest first.
    private var faults: [Fault]
    /// Whether each step draws anew who goes on.
    private let isWalk: Bool
    /// How many steps each process has made.
    private var made: [Int]
    /// Processes that hang: they go on when nobody else can.
    private var hanging: Set<Int> = []

    /// Draws a schedule.
    ///
    /// - Parameters:
    ///   - processes: The number of processes.
    ///   - budgets: What may still go wrong.
    ///   - steps: The steps among which changes and faults are spread.
    ///   - draws: What is drawn from.
    init(
        processes: Int, budgets: Budgets, over steps: Range<Int>, using draws: inout SeededGenerator
    ) {
        isWalk = draws.below(4) == 0
        let depth = 1 + draws.below(Self.greatestDepth)
        // The lowest ones are for the changes.
        priorities = Array(depth..<depth + processes + 1)
        for index in priorities.indices.dropFirst() {
            priorities.swapAt(index, draws.below(index + 1))
        }
        made = Array(repeating: 0, count: processes + 1)
        changes = []
        for priority in 1..<depth {
            changes.append((steps.lowerBound + draws.below(steps.count), priority))
        }
        faults = []
        for kind in Budgets.Kind.allCases where budgets[kind] > 0 {
            // Mostly all of them, since mistakes show where much goes wrong; but some show only if
            // nothing else goes wrong afterwards.
            let count = draws.below(4) > 0 ? budgets[kind] : draws.below(budgets[kind] + 1)
            for _ in 0..<count {
                let step = steps.lowerBound + draws.below(steps.count)
                // Who makes few steps among many would hardly ever be met at a certain one of them:
                // so half of the faults are those of one process, mostly at one of its first steps.
                let isOwn = kind.isOfProcess && draws.below(2) == 0
                faults.append(
                    Fault(
                        kind: kind, step: isOwn ? draws.below(step + 1) / processes : step,
                        process: isOwn ? draws.below(processes) : nil))
            }
        }
        faults.sort { ($0.step, $0.kind.rawValue) < ($1.step, $1.kind.rawValue) }
    }

    /// Says what happens next.
    ///
    /// - Parameters:
    ///   - step: The number of steps that have been made.
    ///   - candidates: What can happen; something of it is no fault.
    ///   - isFair: Whether priorities no longer count, so that nobody waits for ever.
    ///   - draws: What is drawn from.
    /// - Returns: What happens next.
    mutating func choose(
        at step: Int, from candidates: [Candidate], isFair: Bool,
        using draws: inout SeededGenerator
    ) -> Candidate {
        var running = highest(candidates)
        for change in changes where change.step == step {
            priorities[running] = change.priority
            running = highest(candidates)
        }
        let due = faults.firstIndex { fault in
            fault.step <= fault.process.map { made[$0] } ?? step
                && candidates.contains { isChoice($0, of: fault) }
        }
        if let due {
            let due = faults.remove(at: due)
            let fault = fault(
                candidates.filter { isChoice($0, of: due) }, in: running, using: &draws)
            if fault.transition.kind == .hang { hang(slot(fault)) }
            return fault
        }
        if isWalk || isFair {
            let good = candidates.filter { !$0.transition.isFault }
            let awake = good.filter { !hanging.contains(slot($0)) }
            running = draws.one(of: awake.isEmpty ? good : awake).map(slot) ?? running
        }
        let choices = candidates.filter { !$0.transition.isFault && slot($0) == running }
        // First the call, then how it ends: that there are many messages to receive does not make
        // receiving likelier.
        var calls: [UInt64] = []
        for choice in choices where !calls.contains(choice.transition.subject) {
            calls.append(choice.transition.subject)
        }
        let call = draws.one(of: calls)
        guard let chosen = draws.one(of: choices.filter { $0.transition.subject == call }) else {
            preconditionFailure("somebody goes on who has no choice")
        }
        made[slot(chosen)] += 1
        return chosen
    }

    private func isChoice(_ candidate: Candidate, of fault: Fault) -> Bool {
        candidate.transition.budget == fault.kind
            && fault.process.map { $0 == slot(candidate) } ?? true
    }

    /// Says what happens when everything is at rest: the next fault that can; `nil` if none can.
    mutating func chooseAtRest(
        from candidates: [Candidate], using draws: inout SeededGenerator
    ) -> Candidate? {
        let next = faults.firstIndex { fault in
            candidates.contains { $0.transition.budget == fault.kind }
        }
        guard let next else { return nil }
        return draws.one(
            of: candidates.filter { $0.transition.budget == faults[next].kind }
        ).map { candidate in
            faults.remove(at: next)
            return candidate
        }
    }

    /// One of several; each second time, if it can be, one of the process that would go on.
    private func fault(
        _ all: [Candidate], in running: Int, using draws: inout SeededGenerator
    ) -> Candidate {
        if draws.below(2) == 0, let own = draws.one(of: all.filter { slot($0) == running }) {
            return own
        }
        guard let any = draws.one(of: all) else {
            preconditionFailure("a fault is due that can't happen")
        }
        return any
    }

    /// What hangs for a moment only might as well not hang at all.
    private mutating func hang(_ slot: Int) {
        hanging.insert(slot)
        priorities[slot] = (priorities.min() ?? 0) - 1
    }

    private func highest(_ candidates: [Candidate]) -> Int {
        var highest = -1
        for candidate in candidates where !candidate.transition.isFault {
            let slot = slot(candidate)
            if highest < 0 || priorities[slot] > priorities[highest] { highest = slot }
        }
        precondition(highest >= 0, "a schedule is asked what goes on, but nothing does")
        return highest
    }

    private func slot(_ candidate: Candidate) -> Int {
        min(Int(candidate.transition.process), priorities.count - 1)
    }
}

extension Budgets.Kind {
    /// Whether it happens to a process rather than to the world.
    fileprivate var isOfProcess: Bool {
        switch self {
        case .crashes, .failures, .staleReads, .delays: true
        case .redeliveries, .duplicates, .expiries: false
        }
    }
}

/// Drawing by the generator's own stream alone: that of the standard library's `random(in:using:)`
/// may change.
extension SeededGenerator {
    /// A number from 0 on, below a bound that is at least 1. Source: D. Lemire, "Fast Random Integer
    /// Generation in an Interval", 2019, without the rejection: the bias is below bound/2⁶⁴.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// One of them; `nil` if there is none, and then nothing is drawn.
    mutating func one<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }
}
