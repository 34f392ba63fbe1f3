internal import Pawl

/// What can happen in a state.
extension Simulation {
    /// All choices, those without a fault first.
    ///
    /// - Parameter preferred: The process that goes on first, if it can; so that the first
    ///   executions that are tried have few changes from one process to another.
    /// - Returns: The choices; none, if nothing can happen any more.
    func enabled(preferring preferred: UInt8) -> [Candidate] {
        let all = allEnabled(preferring: preferred)
        // What other executions are compared with has no rivals as long as nothing has failed.
        guard plan.sparesEndpoints, world.budgets == plan.budgets,
            let submitting = world.processes.firstIndex(where: \.isSubmitting)
        else { return all }
        let own = all.filter { $0.transition.process == UInt8(submitting) }
        return own.contains { !$0.transition.isFault } ? own : all
    }

    private func allEnabled(preferring preferred: UInt8) -> [Candidate] {
        var good: [Candidate] = []
        var faults: [Candidate] = []
        var first: [Candidate] = []
        let deadline = nextDeadline
        // What hangs does not keep time from going by, for a while.
        var isBusy = false
        for index in world.processes.indices {
            let held = heldMessages(index)
            for pending in world.processes[index].pending {
                let before = first.count + good.count
                if index == Int(preferred) {
                    addGood(pending, of: index, held, to: &first)
                } else {
                    addGood(pending, of: index, held, to: &good)
                }
                let hangs = pending.hangsUntil.map { world.now < $0 } ?? false
                if !hangs, first.count + good.count > before { isBusy = true }
                if !isSpared(index) { addFaults(pending, of: index, held, to: &faults) }
            }
            if isSpared(index) { continue }
            addProcessFaults(index, held, canTimePass: deadline != nil, to: &faults)
        }
        first += good
        if let deadline, isBusy ? deadline - world.now <= plan.patience : !isAtRest {
            first.append(
                Candidate(
                    transition: Transition(kind: .time), reads: .max, writes: Footprint.time))
        }
        addWorldFaults(to: &faults)
        first += faults
        return first
    }

    /// Whether nothing may go wrong in a process.
    private func isSpared(_ index: Int) -> Bool {
        plan.sparesEndpoints && plan.roles[world.processes[index].role].alone != nil
    }

    /// Whether nothing is left to be done: no call is under way, no message waits for somebody or is
    /// being handled, and whoever has an end has come to it. What waits for time only to look again
    /// doesn't count.
    var isAtRest: Bool {
        guard world.processes.allSatisfy(\.isIdle) else { return false }
        return !world.entries.contains { entry in
            let queue = interner.contents[entry.content].queue
            return !entry.isGone && world.processes.contains { $0.isWaiting(for: queue) }
        }
    }

    private func addGood(
        _ pending: WorldState.Pending, of index: Int, _ held: Held, to list: inout [Candidate]
    ) {
        switch pending.call {
        case .receive(let queue, _, _):
            var seen: [UInt64] = []
            for entry in world.entries where isVisible(entry) {
                let content = interner.contents[entry.content]
                let detail = choice(entry)
                guard content.queue == queue, !seen.contains(detail) else { continue }
                seen.append(detail)
                list.append(
                    Candidate(
                        transition: Transition(
                            kind: .call, process: UInt8(index), subject: pending.fingerprint,
                            detail: detail),
                        reads: Footprint.time | held.reads,
                        writes: held.writes | footprint(of: entry) | visibility(of: entry)
                            | directoryFootprint))
            }
        case .wait(let deadline):
            guard deadline <= world.now else { return }
            list.append(candidate(pending, of: index, held))
        default:
            list.append(candidate(pending, of: index, held))
        }
    }

    private func candidate(
        _ pending: WorldState.Pending, of index: Int, _ held: Held,
        ending: Transition.Ending = .success, detail: UInt64 = 0, extra: UInt64 = 0
    ) -> Candidate {
        Candidate(
            transition: Transition(
                kind: .call, process: UInt8(index), ending: ending, subject: pending.fingerprint,
                detail: detail),
            reads: pending.reads | held.reads | Footprint.time,
            writes: pending.writes | held.writes | extra | directoryFootprint)
    }

    /// What every step of a process may touch where endpoints come and go.
    private var directoryFootprint: UInt64 { hasNewEndpoints ? Footprint.directory : 0 }

    /// Copies that can't be told apart are one choice. Those that somebody holds can be, by whoever
    /// holds them; of those that are gone nothing is left that could matter.
    func choice(_ entry: WorldState.Entry) -> UInt64 {
        var state: UInt64 = (entry.isLocal ? 2 : 0) | (entry.isDuplicated ? 1 : 0)
        if !entry.isGone {
            state |= UInt64(entry.leases) << 16 | UInt64(entry.endedLeases) << 2
            if entry.holder != nil || plan.tellsCopiesApart {
                state |= UInt64(entry.copy + 1) << 48
            }
        }
        return interner.contents[entry.content].digest.short &+ state &* 0x9E37_79B9_7F4A_7C15
    }

    /// What the step of a process may give back without a call of its own, or by its death.
    private func heldMessages(_ index: Int) -> Held {
        var held = Held()
        for entry in world.entries where entry.holder == index {
            held.writes |= footprint(of: entry)
            held.reads |= visibility(of: entry)
        }
        return held
    }

    private func addFaults(
        _ pending: WorldState.Pending, of index: Int, _ held: Held, to list: inout [Candidate]
    ) {
        if case .wait = pending.call { return }
        if world.budgets.failures > 0 {
            let bit = Footprint.budget(.failures)
            if case .receive = pending.call {
                guard plan.failsInAllWays, !world.processes[index].forgets else { return }
                list.append(
                    candidate(pending, of: index, held, ending: .failBefore, extra: bit))
                return
            }
            if plan.failsInAllWays || !pending.call.hasEffect {
                list.append(candidate(pending, of: index, held, ending: .failBefore, extra: bit))
            }
            if pending.call.hasEffect {
                list.append(candidate(pending, of: index, held, ending: .failLost, extra: bit))
                list.append(candidate(pending, of: index, held, ending: .failAfter, extra: bit))
            }
            if case .send(let messages, _) = pending.call, messages.count > 1 {
                for sent in 1..<messages.count {
                    list.append(
                        candidate(
                            pending, of: index, held, ending: .failPartly, detail: UInt64(sent),
                            extra: bit))
                }
            }
        }
        if world.budgets.staleReads > 0, case .read(let address) = pending.call,
            world.documents.contains(where: { $0.address == address && $0.previous != nil })
        {
            list.append(
                candidate(
                    pending, of: index, held, ending: .stale, extra: Footprint.budget(.staleReads)))
        }
    }

    private func addProcessFaults(
        _ index: Int, _ held: Held, canTimePass: Bool, to list: inout [Candidate]
    ) {
        guard world.budgets.crashes > 0 || world.budgets.delays > 0 else { return }
        let busy = world.processes[index].pending.filter { pending in
            if case .receive = pending.call { return false }
            return true
        }
        let isBusy = held.writes != 0 || busy.contains { $0.call.isWork }
        if world.budgets.crashes > 0, isBusy {
            let bit = Footprint.budget(.crashes)
            list.append(
                Candidate(
                    transition: Transition(kind: .crash, process: UInt8(index)),
                    reads: Footprint.time | held.reads,
                    writes: held.writes | bit | directoryFootprint))
            for pending in busy {
                guard case .send(let messages, let contents) = pending.call else { continue }
                for sent in 1..<max(1, messages.count) {
                    list.append(
                        Candidate(
                            transition: Transition(
                                kind: .crashPartly, process: UInt8(index),
                                subject: pending.fingerprint, detail: UInt64(sent)),
                            reads: Footprint.time | held.reads,
                            writes: held.writes | bit | footprint(ofMessages: contents)
                                | directoryFootprint))
                }
            }
        }
        if world.budgets.delays > 0, canTimePass {
            for pending in busy where pending.hangsUntil == nil && pending.call.isWork {
                list.append(
                    Candidate(
                        transition: Transition(
                            kind: .hang, process: UInt8(index), subject: pending.fingerprint),
                        reads: 0, writes: Footprint.budget(.delays) | Footprint.time))
            }
        }
    }

    private func addWorldFaults(to list: inout [Candidate]) {
        for entry in world.entries where !entry.isGone || world.budgets.duplicates > 0 {
            let identity = interner.contents[entry.content].identity
            if world.budgets.redeliveries > 0, entry.holder != nil, !isVisible(entry), !entry.isGone
            {
                list.append(
                    Candidate(
                        transition: Transition(kind: .leaseEnds, subject: choice(entry)),
                        // When somebody's wait is over next depends on it.
                        reads: visibility(of: entry) | Footprint.time,
                        writes: footprint(of: entry) | Footprint.budget(.redeliveries)))
            }
            if world.budgets.duplicates > 0, !entry.isDuplicated, !entry.isLocal {
                let transition = Transition(
                    kind: .duplicate, subject: choice(entry), detail: entry.isGone ? 1 : 0)
                if list.contains(where: { $0.transition == transition }) { continue }
                list.append(
                    Candidate(
                        transition: transition, reads: Footprint.time,
                        writes: Footprint.message(identity) | visibility(of: entry)
                            | footprint(of: entry) | Footprint.budget(.duplicates)))
            }
        }
        if world.budgets.expiries > 0 {
            list.append(
                Candidate(
                    transition: Transition(kind: .expire), reads: .max,
                    writes: Footprint.time | Footprint.budget(.expiries)))
        }
    }

    /// When somebody's wait is over next: a process's, or that for a message.
    var nextDeadline: Timestamp? {
        if let time = nextMessage { return time }
        var next: Timestamp?
        func consider(_ time: Timestamp) {
            if time > world.now { next = min(next ?? time, time) }
        }
        for state in world.processes {
            for pending in state.pending {
                if case .wait(let deadline) = pending.call { consider(deadline) }
            }
        }
        for entry in world.entries where !entry.isGone {
            consider(entry.leaseUntil ?? entry.visibleFrom)
        }
        return next
    }
}

extension Simulation {
    /// When the next message can be received, if waiting for it is all that there is to do: what
    /// waits for time then only looks after something, again and again, and a month of that would
    /// be too long an execution.
    private var nextMessage: Timestamp? {
        guard world.processes.allSatisfy(\.isIdle) else { return nil }
        var next: Timestamp?
        for entry in world.entries where !entry.isGone {
            guard entry.leaseUntil == nil, entry.visibleFrom > world.now else { return nil }
            let queue = interner.contents[entry.content].queue
            guard world.processes.contains(where: { $0.isWaiting(for: queue) }) else { continue }
            next = min(next ?? entry.visibleFrom, entry.visibleFrom)
        }
        return next
    }
}

/// What every step of a process may touch, since it may let go of the messages that it holds.
struct Held {
    var reads: UInt64 = 0
    var writes: UInt64 = 0
}

extension Call {
    /// Whether the process is in the middle of something, rather than waiting for work or time.
    var isWork: Bool {
        switch self {
        case .receive, .wait: false
        default: true
        }
    }
}
