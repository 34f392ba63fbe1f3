internal import Pawl

/// A world in which processes run against a store and queues that the explorer controls.
///
/// Whatever a process asks of the store, the transport or the clock suspends it until the explorer
/// says how that ends; between two such answers everything runs until nothing can. So an execution
/// is the list of the explorer's choices, and nothing else.
///
/// How everything stands is a value, ``world``, that can be kept and set again: an execution may go
/// on from any state of another one. The tasks need not be there; see ``goOn(_:with:to:)``.
///
/// Unchecked: it belongs to the thread of its executor, and tasks that call it from elsewhere are
/// turned away (see ``isLive(_:)``).
final class Simulation: @unchecked Sendable {
    // One thread touches all of this, never two calls at once, and checking that costs a tenth of
    // the time.
    let plan: Plan
    let executor: ControlledExecutor
    @exclusivity(unchecked) var interner = Interner()

    private let firstDirectory: Directory
    private let firstRegistered: [String: [String: Timestamp]]
    private var firstContents: [Int]
    private let firstProcesses: [WorldState.ProcessState]

    /// How everything stands.
    @exclusivity(unchecked) var world = WorldState()
    /// Whether code under check has registered anything but what the plan says, in this execution
    /// or before. Who may be sent to is a part of the state then, which every step may touch.
    @exclusivity(unchecked) var hasNewEndpoints = false
    /// Whether a stride that was made before is repeated from memory. If not, every execution runs
    /// from its beginning.
    @exclusivity(unchecked) var recalls: Bool
    @exclusivity(unchecked) var conducts = Conducts()
    /// What the code that runs has done in this stride.
    @exclusivity(unchecked) var deeds: [Deed] = []
    /// By process: its tasks, wherever they were left.
    @exclusivity(unchecked) var lives: [Life?]
    /// The one whose turn it is.
    @exclusivity(unchecked) var running: Life?
    @exclusivity(unchecked) var lastLife = 0
    @exclusivity(unchecked) var lastCall = 0
    @exclusivity(unchecked) var isReaping = false
    /// Whether some task has not come to its end when it should have.
    @exclusivity(unchecked) var isEndless = false
    /// Whether code has done something else than before, with the same answers.
    @exclusivity(unchecked) var hasDiverged = false
    /// How often what should come to its end has called something instead.
    @exclusivity(unchecked) var callsOfTheDead = 0

    @exclusivity(unchecked) var isTracing = false
    @exclusivity(unchecked) var lastAnswer: String?
    @exclusivity(unchecked) var steps: [Trace.Step] = []

    init(_ plan: Plan, on executor: ControlledExecutor, recalls: Bool = true) {
        self.plan = plan
        self.recalls = recalls
        self.executor = executor
        firstDirectory = Directory(endpoints: plan.endpoints)
        firstRegistered = plan.endpoints.mapValues { types in
            Dictionary(uniqueKeysWithValues: types.map { ($0, Plan.beginning) })
        }
        firstContents = []
        firstProcesses = plan.roles.enumerated().flatMap { index, role in
            (0..<role.instances).map { instance in
                WorldState.ProcessState(
                    role: index,
                    name: role.instances == 1 ? role.name : "\(role.name) \(instance + 1)",
                    isCancellable: role.isCancellable, forgets: role.forgets)
            }
        }
        lives = Array(repeating: nil, count: firstProcesses.count)
        forgetNames()
    }

    /// Forgets everything that was ever met, so that memory stays flat. Between executions only.
    func forgetNames() {
        interner = Interner()
        conducts = Conducts()
        firstContents = plan.messages.map { interner.content($0.envelope, in: $0.queue) }
    }

    /// Begins an execution: everything as the plan says, and every process at its first call.
    func begin() {
        // What is not remembered has to run from the start.
        if !recalls { _ = end() }
        steps.removeAll(keepingCapacity: true)
        world = WorldState()
        world.budgets = plan.budgets
        world.directory = firstDirectory
        world.registered = firstRegistered
        for (message, content) in zip(plan.messages, firstContents) {
            for _ in 0..<message.copies {
                add(content, isLocal: message.isLocal, visibleFrom: world.now)
            }
        }
        for document in plan.documents { place(document) }
        world.processes = firstProcesses
        for index in world.processes.indices { beginLife(index) }
    }

    // MARK: Processes

    private func beginLife(_ index: Int) {
        // When it begins is the first thing that it knows, and what it draws is new in every life.
        world.processes[index].local = Digest()
        world.processes[index].local.mix(world.now.microseconds)
        world.processes[index].local.mix(world.processes[index].incarnation)
        goOn(index, with: nil, to: nil)
    }

    /// A process dies: nothing that it has in flight is answered, and what it holds is free.
    func crash(_ index: Int) {
        world.processes[index].pending.removeAll(keepingCapacity: true)
        for entry in world.entries.indices where world.entries[entry].holder == index {
            letGo(entry, byDeath: true)
        }
        world.processes[index].incarnation += 1
        world.processes[index].deliveries.removeAll(keepingCapacity: true)
        world.processes[index].unmarked.removeAll()
        world.processes[index].isSubmitting = false
        if plan.roles[world.processes[index].role].restarts {
            beginLife(index)
        } else {
            world.processes[index].local = Digest()
            world.processes[index].hasEnded = true
            world.processes[index].past = nil
        }
    }

    /// A random number: the same whenever the process has seen the same, but never the same for two
    /// processes, nor for two lives of one.
    func random(_ process: SimulatedProcess.Identity) -> UInt64 {
        guard isLive(process) else { return 4 }
        var digest = world.processes[process.index].local
        digest.mix(process.index)
        digest.mix(process.incarnation)
        let number = digest.finished.short
        // The number is part of what the process knows from here on.
        world.processes[process.index].local.mix(number)
        return number
    }

    // MARK: The state's key

    /// What tells this state from others: the world, what each process has seen, and what may still
    /// go wrong.
    ///
    /// - Parameter isSymmetric: Whether processes of the same role may change places.
    /// - Returns: The same digest for states that nothing later can tell apart.
    func key(isSymmetric: Bool) -> Digest {
        var key = worldDigest
        key &+= world.notes
        for index in world.processes.indices {
            key &+= digest(ofProcess: index, isSymmetric: isSymmetric)
        }
        key.mix(world.budgets.packed)
        if hasNewEndpoints { mixRegistered(into: &key) }
        return key.finished
    }

    /// What tells a process from others, in all that can matter for what it does next.
    func digest(ofProcess index: Int, isSymmetric: Bool) -> Digest {
        var digest = world.processes[index].local
        let role = plan.roles[world.processes[index].role]
        digest.mix(world.processes[index].role)
        digest.mix(world.processes[index].hasEnded ? 1 : 0)
        for pending in world.processes[index].pending {
            guard let end = pending.hangsUntil else { continue }
            digest.mix(pending.fingerprint)
            digest.mix(end.microseconds)
        }
        // What it has forgotten, but still holds, is free when it dies.
        if role.forgets {
            digest.mix(world.processes[index].hasLeftTraces ? 1 : 0)
            for entry in world.entries where entry.holder == index {
                digest.mix(entry.receipt ?? "")
            }
        }
        if !isSymmetric || !role.isSymmetric { digest.mix(index) }
        return digest.finished
    }

    /// What tells this world from others, whatever the processes know of it.
    var worldDigest: Digest {
        var digest = Digest.zero
        for slot in world.documents where slot.writes > 0 { digest &+= slot.digest }
        for entry in world.entries { digest &+= self.digest(of: entry) }
        for message in world.published { digest &+= message.digest }
        for row in world.processedRows {
            var identity = interner.identities[row]
            identity.mix(1)
            digest &+= identity.finished
        }
        digest.mix(world.now.microseconds)
        return digest
    }

    private func digest(of entry: WorldState.Entry) -> Digest {
        var digest = interner.contents[entry.content].digest
        digest.mix(
            (entry.isGone ? 1 : 0) | (entry.holder == nil ? 0 : 2) | (entry.isLocal ? 4 : 0)
                | (entry.isDuplicated ? 8 : 0) | (entry.receipt == nil ? 0 : 16))
        if plan.tellsCopiesApart { digest.mix(entry.copy) }
        if !entry.isGone {
            digest.mix(entry.leases << 16 | entry.endedLeases)
            digest.mix(entry.visibleFrom.microseconds)
            digest.mix(entry.leaseUntil?.microseconds ?? 0)
            // Whose lease has ended and whose has not is not the same.
            if entry.holder != nil { digest.mix(entry.copy) }
        }
        return digest.finished
    }
}
