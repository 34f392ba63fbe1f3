/// The tasks of one life of a process. They can't be copied, only led on.
///
/// Unchecked: it belongs to the thread of its simulation.
final class Life: @unchecked Sendable {
    /// A call that the code waits in.
    struct Wait {
        let continuation: UnsafeContinuation<CallReply, Never>
        /// Names it among all calls.
        let number: Int
    }

    /// Names it among all lives.
    let number: Int
    var root: Task<Void, Never>?
    var hasEnded = false
    /// The calls that it waits in, in the order of those of its process.
    var waits: [Wait] = []
    /// Where its code is.
    var place = Digest.zero

    init(number: Int) {
        self.number = number
    }
}

/// Where the tasks of processes are, and how they are led to where they belong.
extension Simulation {
    /// Leads the code of a process to where a stride begins: from where it is, if its way leads by
    /// there, else from its start.
    ///
    /// Meanwhile it sees what it saw then, and what it does has no effect.
    ///
    /// - Returns: Whether it got there; if not, it has not done what it did before.
    func lead(_ index: Int, upTo stride: Stride) -> Bool {
        if lives[index]?.place == stride.place { return true }
        var way: [Stride] = []
        var next = stride.previous
        while let stride = next {
            way.append(stride)
            next = lives[index]?.place == stride.place ? nil : stride.previous
        }
        let kept = world
        let hadNewEndpoints = hasNewEndpoints
        defer {
            world = kept
            hasNewEndpoints = hasNewEndpoints || hadNewEndpoints
        }
        for stride in way.reversed() {
            guard stride.answer == nil || lives[index]?.place == stride.place else { return false }
            world.processes[index] = stride.process
            world.now = stride.now
            world.directory = stride.directory
            world.registered = stride.registered
            hasNewEndpoints = stride.hasNewEndpoints
            run(stride, of: index)
        }
        return lives[index]?.place == stride.place
    }

    /// Runs a process's code until all it does is wait.
    func run(_ stride: Stride, of index: Int) {
        if let (call, reply) = stride.answer {
            guard let life = lives[index], call < life.waits.count else {
                hasDiverged = true
                return
            }
            running = life
            life.waits.remove(at: call).continuation.resume(returning: reply)
        } else {
            start(index)
        }
        if !executor.drain(), let running {
            act(
                .violate(
                    Violation(
                        property: "progress",
                        explanation: "A process runs on and on without calling anything.")),
                by: SimulatedProcess.Identity(
                    simulation: self, index: index,
                    incarnation: world.processes[index].incarnation, life: running.number))
        }
        running = nil
        lives[index]?.place = place(of: index)
    }

    private func start(_ index: Int) {
        bury(index)
        lastLife += 1
        let life = Life(number: lastLife)
        lives[index] = life
        running = life
        let process = SimulatedProcess(self, index: index, life: life.number)
        let body = plan.roles[world.processes[index].role].body
        life.root = Task(executorPreference: executor) { [self] in
            await body(process)
            guard isOnOwnThread() else { return }
            life.hasEnded = true
            if isLive(process.identity) { act(.end, by: process.identity) }
        }
    }

    /// Brings the tasks of a process to their end, whatever they try.
    private func bury(_ index: Int) {
        guard let life = lives[index] else { return }
        lives[index] = nil
        isReaping = true
        callsOfTheDead = 0
        defer { isReaping = false }
        life.root?.cancel()
        repeat {
            let waits = life.waits
            life.waits.removeAll()
            for wait in waits { wait.continuation.resume(returning: .dead) }
            guard executor.drain() else { break }
        } while !life.waits.isEmpty
        if !life.hasEnded { isEndless = true }
    }

    /// Brings all tasks to their end.
    ///
    /// - Returns: Whether all have come to it, these and those before.
    func end() -> Bool {
        for index in lives.indices { bury(index) }
        return !isEndless
    }

    /// Whether a process's task may do anything: it is its turn.
    func isLive(_ process: SimulatedProcess.Identity) -> Bool {
        guard isOnOwnThread(), !isReaping else { return false }
        return running?.number == process.life
    }
}
