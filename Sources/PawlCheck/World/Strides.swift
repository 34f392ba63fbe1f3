internal import Pawl

/// What moves a process from one wait to the next: its start, or the answer to a call. They make up
/// a process's past, by which its code can be led to the same place again.
final class Stride {
    /// The one before; `nil` for the start.
    let previous: Stride?
    /// Where the code was.
    let place: Digest
    /// Which of its calls is answered, by its place among them, and how; `nil` for the start.
    let answer: (call: Int, reply: CallReply)?
    /// The call that is answered; `nil` for the start.
    let call: Call?
    /// The process as its code goes on, with what it knows by the answer.
    let process: WorldState.ProcessState
    /// What else the code can see without a call.
    let now: Timestamp
    let directory: Directory
    let registered: [String: [String: Timestamp]]
    let hasNewEndpoints: Bool

    init(
        after process: WorldState.ProcessState, _ answer: (call: Int, reply: CallReply)?,
        to call: Call?, in world: WorldState, hasNewEndpoints: Bool
    ) {
        previous = answer == nil ? nil : process.past
        place = process.place
        self.answer = answer
        self.call = call
        var process = process
        process.past = nil
        self.process = process
        now = world.now
        directory = world.directory
        registered = world.registered
        self.hasNewEndpoints = hasNewEndpoints
    }

    /// The first of all strides.
    var start: Stride {
        var stride = self
        while let previous = stride.previous { stride = previous }
        return stride
    }
}

/// What code does to the world by itself, between the answer to one of its calls and the moment at
/// which all it does is wait.
enum Deed {
    case call(Call, fingerprint: UInt64)
    /// It no longer waits for the call at this place among its calls.
    case cancel(Int)
    /// It begins to wait for a message, with nothing of the last one in memory.
    case forget
    case register(Registration)
    /// A handler has run.
    case attempt(Int, WorldState.AttemptNote)
    case giveBack(Receipt)
    case answered(MessageID)
    case violate(Violation)
    case end
}

/// All that code does in a stride, and what it knows then. It follows from what the code has
/// observed, so it is the same whenever that is.
struct Conduct {
    let deeds: [Deed]
    let local: Digest
    let place: Digest
}

/// What was done in the strides that were met last, by where they begin. It is bounded: those that
/// were not met for long are forgotten, and run again.
struct Conducts {
    /// The most that are kept, twice over.
    private static let most = 1 << 15
    private var recent: [Digest: Conduct] = [:]
    private var older: [Digest: Conduct] = [:]

    mutating func conduct(from beginning: Digest) -> Conduct? {
        if let conduct = recent[beginning] { return conduct }
        guard let conduct = older[beginning] else { return nil }
        add(conduct, from: beginning)
        return conduct
    }

    mutating func add(_ conduct: Conduct, from beginning: Digest) {
        if recent.count >= Self.most {
            older = recent
            recent = [:]
        }
        recent[beginning] = conduct
    }
}

extension Simulation {
    /// Names where a process's code is: what it has observed and what it waits for.
    func place(of index: Int) -> Digest {
        var digest = world.processes[index].local
        digest.mix(index)
        digest.mix(world.processes[index].incarnation)
        digest.mix(world.processes[index].hasEnded ? 1 : 0)
        for pending in world.processes[index].pending { digest.mix(pending.fingerprint) }
        return digest
    }

    /// A process's code goes on, until all it does is wait.
    ///
    /// What it does is known if it was once at this place before, with the same answer: then its
    /// task need not run, and stays behind. It is led to where it belongs when it does something
    /// that is not known yet.
    ///
    /// - Parameters:
    ///   - index: The process, with what it knows by the answer.
    ///   - answer: Which of its calls is answered, and how; `nil` for its start.
    ///   - call: The call that is answered; `nil` for its start.
    func goOn(_ index: Int, with answer: (call: Int, reply: CallReply)?, to call: Call?) {
        let stride = Stride(
            after: world.processes[index], answer, to: call, in: world,
            hasNewEndpoints: hasNewEndpoints)
        world.processes[index].past = stride
        // Where endpoints come and go, code can see of the directory what it has not observed.
        let mayKnow = recalls && !hasNewEndpoints
        let beginning = place(of: index)
        if mayKnow, let conduct = conducts.conduct(from: beginning) {
            for deed in conduct.deeds { carryOut(deed, by: index) }
            world.processes[index].local = conduct.local
            world.processes[index].place = conduct.place
            return
        }
        guard answer == nil || lead(index, upTo: stride) else {
            hasDiverged = true
            return
        }
        deeds.removeAll(keepingCapacity: true)
        run(stride, of: index)
        world.processes[index].place = place(of: index)
        guard mayKnow, !hasNewEndpoints else { return }
        conducts.add(
            Conduct(
                deeds: deeds, local: world.processes[index].local,
                place: world.processes[index].place), from: beginning)
    }

    /// Code under check does something to the world.
    func act(_ deed: Deed, by process: SimulatedProcess.Identity) {
        deeds.append(deed)
        carryOut(deed, by: process.index)
    }

    private func carryOut(_ deed: Deed, by index: Int) {
        switch deed {
        case .call(let call, let fingerprint):
            let (reads, writes) = footprint(of: call)
            world.processes[index].pending.append(
                WorldState.Pending(
                    call: call, fingerprint: fingerprint, reads: reads, writes: writes))
        case .cancel(let place): world.processes[index].pending.remove(at: place)
        case .forget: forget(index)
        case .register(let registration): _ = register(registration)
        case .attempt(let attempt, let note):
            if !note.isDerived, nextAttempt(at: note.message, by: index) != attempt {
                hasDiverged = true
            }
            begin(attempt, at: note.message, in: index)
            // What is made of the same is one attempt, however often it is made. Once it is saved,
            // so is where its messages go.
            if note.isDerived, world.committed.contains(attempt) { return }
            var note = note
            let known = note.isDerived ? world.attempts[attempt]?.earlier : nil
            note.earlier = known ?? world.attempts.values.count { $0.message == note.message }
            world.attempts[attempt] = note
            if note.unmarked != nil { begin(unmarked: attempt, in: index) }
            let isOutside = plan.roles[world.processes[index].role].alone == nil
            if isOutside { world.processes[index].isSubmitting = true }
        case .giveBack(let receipt):
            drop(receipt, by: index)
            if let entry = entry(of: receipt) { letGo(entry, byDeath: false) }
        case .answered(let id):
            // No state of the world shows it.
            if world.answered.insert(id).inserted {
                var digest = Digest()
                digest.mix(id.description)
                world.notes &+= digest.finished
            }
            world.processes[index].isSubmitting = false
        case .violate(let violation): world.violation = world.violation ?? violation
        case .end:
            world.processes[index].hasEnded = true
            world.processes[index].isSubmitting = false
        }
    }
}
