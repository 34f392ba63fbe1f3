internal import Pawl

/// How a choice is carried out.
extension Simulation {
    /// Carries out a choice and runs everything until nothing can.
    ///
    /// - Returns: Whether the choice could be made; if not, the code under check has not done what
    ///   it did when the choice was first met.
    func apply(_ transition: Transition) -> Bool {
        let step = isTracing ? begin(transition) : nil
        lastAnswer = nil
        guard carryOut(transition), !hasDiverged else { return false }
        if let kind = transition.budget { world.budgets[kind] -= 1 }
        if var step {
            step.answer = step.fault == nil ? lastAnswer.flatMap { $0.isEmpty ? nil : $0 } : nil
            steps.append(step)
        }
        return true
    }

    private func carryOut(_ transition: Transition) -> Bool {
        let process = Int(transition.process)
        switch transition.kind {
        case .call: return answer(transition)
        case .crash: crash(process)
        case .crashPartly:
            guard let sending = pending(transition),
                case .send(let messages, let contents) = world.processes[process].pending[sending]
                    .call
            else { return false }
            send(
                messages.prefix(Int(transition.detail)), contents, isLocal: false, by: process)
            crash(process)
        case .hang:
            guard let index = pending(transition) else { return false }
            world.processes[process].pending[index].hangsUntil = world.now + plan.longestHang
        case .leaseEnds:
            guard
                let entry = world.entries.firstIndex(where: {
                    choice($0) == transition.subject && $0.holder != nil && !$0.isGone
                })
            else { return false }
            world.entries[entry].leaseUntil = world.now
        case .duplicate:
            guard
                let entry = world.entries.firstIndex(where: {
                    choice($0) == transition.subject && ($0.isGone ? 1 : 0) == transition.detail
                })
            else { return false }
            world.entries[entry].isDuplicated = true
            add(world.entries[entry].content, isLocal: false, visibleFrom: world.now)
            world.entries[world.entries.count - 1].isDuplicated = true
        case .expire:
            world.now = world.now + plan.retention + .seconds(1)
            world.isChanged = true
        case .time:
            guard let next = nextDeadline else { return false }
            world.now = next
            world.isChanged = true
        }
        return true
    }

    private func pending(_ transition: Transition) -> Int? {
        world.processes[Int(transition.process)].pending.firstIndex {
            $0.fingerprint == transition.subject
        }
    }

    private func answer(_ transition: Transition) -> Bool {
        guard let index = pending(transition) else { return false }
        let process = Int(transition.process)
        var verdict: Verdict
        switch transition.ending {
        case .success: verdict = .succeed
        case .stale: verdict = .stale
        case .failBefore: verdict = .failBefore
        case .failLost: verdict = .failLost
        case .failAfter: verdict = .failAfter
        case .failPartly: verdict = .failPartly(Int(transition.detail))
        }
        if case .receive = world.processes[process].pending[index].call,
            transition.ending == .success
        {
            guard
                let entry = world.entries.firstIndex(where: {
                    choice($0) == transition.detail && isVisible($0)
                })
            else { return false }
            verdict = .receive(entry: entry)
        }
        self.answer(process, at: index, verdict)
        return true
    }

    // MARK: Traces

    var lifelines: [String] {
        world.processes.map(\.name) + [storeName, queueName]
    }

    private var storeName: String { "store" }
    private var queueName: String { "queues" }

    private func begin(_ transition: Transition) -> Trace.Step {
        let process = Int(transition.process)
        let store = world.processes.count
        let queue = store + 1
        switch transition.kind {
        case .call:
            guard let index = pending(transition) else { break }
            let call = world.processes[process].pending[index].call
            var step = Trace.Step(
                kind: .call, lifeline: process, target: call.isToQueue ? queue : store,
                text: describe(call))
            switch call {
            case .receive:
                step.kind = .delivery
                step.text =
                    world.entries.first { choice($0) == transition.detail && isVisible($0) }
                    .map { describe($0) } ?? describe(call)
            case .wait:
                step.kind = .note
                step.target = nil
                step.text = "goes on after a wait"
            default: break
            }
            step.fault = fault(transition)
            return step
        case .crash:
            return Trace.Step(kind: .crash, lifeline: process, text: "dies")
        case .crashPartly:
            return Trace.Step(
                kind: .crash, lifeline: process,
                text: "dies while it sends; \(transition.detail) sent")
        case .hang:
            let what = pending(transition).map {
                describe(world.processes[process].pending[$0].call)
            }
            return Trace.Step(
                kind: .event, lifeline: process, text: "hangs in: \(what ?? "a call")")
        case .leaseEnds, .duplicate:
            let entry = world.entries.first { choice($0) == transition.subject }
            let name = entry.map { describe($0) } ?? "a message"
            let text =
                transition.kind == .leaseEnds
                ? "the lease of \(name) ends" : "\(name) is delivered once more"
            return Trace.Step(kind: .event, lifeline: queue, text: text)
        case .expire:
            return Trace.Step(
                kind: .event, lifeline: store, text: "time goes by until records expire")
        case .time:
            let wait = nextDeadline.map { $0 - world.now } ?? .zero
            return Trace.Step(kind: .event, lifeline: queue, text: "\(wait) go by")
        }
        return Trace.Step(kind: .note, lifeline: process, text: "a call that is not there")
    }

    private func fault(_ transition: Transition) -> String? {
        switch transition.ending {
        case .success: nil
        case .stale: "answered with what was there before"
        case .failBefore: "failed before it took effect"
        case .failLost: "did not take effect; the answer was lost"
        case .failAfter: "took effect, but reported failure"
        case .failPartly: "sent \(transition.detail), then failed"
        }
    }
}

extension Call {
    fileprivate var isToQueue: Bool {
        switch self {
        case .send, .receive, .acknowledge, .release, .extend, .wait: true
        case .read, .scan, .write, .commit, .isProcessed: false
        }
    }
}
