internal import Pawl

/// A world in which processes run against a store and queues that the explorer controls: one
/// execution after the other, each from the beginning.
///
/// Whatever a process asks of the store, the transport or the clock suspends it until the explorer
/// says how that ends; between two such answers everything runs until nothing can. So an execution
/// is the list of the explorer's choices, and nothing else.
///
/// Unchecked: it belongs to the thread of its executor, and tasks that call it from elsewhere are
/// turned away (see ``isLive(_:)``).
final class Simulation: @unchecked Sendable {
    /// A document of the simulated store.
    struct Slot {
        let address: Int
        /// How often it was written; a deletion counts. 0 if it never was.
        var writes = 0
        var content: Content?
        /// What it held before its last change.
        var previous: (writes: Int, content: Content?)?
        var digest = Digest.zero
    }

    /// A copy of a message in a queue.
    struct Entry {
        let content: Int
        /// Which copy with this content it is.
        let copy: Int
        let isLocal: Bool
        var visibleFrom: Timestamp
        /// How many leases were begun.
        var leases = 0
        /// How many leases ended by themselves.
        var endedLeases = 0
        /// The current lease, until the next one begins.
        var receipt: String?
        var leaseUntil: Timestamp?
        var holder: Int?
        var isGone = false
        /// Whether the transport has made another copy of it.
        var isDuplicated = false
    }

    /// A process, over all of its lives.
    struct ProcessState {
        let role: Int
        let name: String
        let isCancellable: Bool
        /// Whether it keeps nothing in memory from one message to the next.
        let forgets: Bool
        var incarnation = 0
        var pending: [Pending] = []
        /// What its tasks have seen since it was started, or, if it forgets, since it has waited
        /// for its next message.
        var local = Digest()
        var hasEnded = false
        var root: Task<Void, Never>?
        /// By message: the delivery in hand, and how often it was tried.
        var deliveries: [MessageID: (handle: String, tries: Int)] = [:]
        /// Whether it has changed anything since it has received its last message.
        var hasLeftTraces = false

        /// Whether it has ended, or waits for work and does nothing else. What waits for time beside
        /// that only looks after something.
        var isIdle: Bool {
            var isWaiting = hasEnded
            for pending in pending {
                switch pending.call {
                case .receive: isWaiting = true
                case .wait: continue
                default: return false
                }
            }
            return isWaiting
        }

        func isWaiting(for queue: String) -> Bool {
            pending.contains { pending in
                if case .receive(queue, _, _) = pending.call { true } else { false }
            }
        }
    }

    /// What an attempt is about to send, noted when the handler has run.
    struct AttemptNote {
        let message: MessageID
        let address: Int
        /// For each ordinal, the number of queues that it goes to.
        let destinations: [Int]
        let isRejected: Bool
        /// Whether the document that it saves carries its mark.
        let carriesMark: Bool
        /// How many attempts at the message were made before it, in this execution.
        let earlier: Int
    }

    /// A message that was put into a queue at some time.
    struct Published {
        let content: Int
        let digest: Digest
    }

    // One thread touches all of this, never two calls at once, and checking that costs a tenth of
    // the time.
    let plan: Plan
    let executor: ControlledExecutor
    @exclusivity(unchecked) var interner = Interner()

    private let firstDirectory: Directory
    private let firstRegistered: [String: [String: Timestamp]]
    private var firstContents: [Int]
    private let firstProcesses: [ProcessState]

    /// The number of the execution.
    @exclusivity(unchecked) var run = 0
    @exclusivity(unchecked) var documents: [Slot] = []
    @exclusivity(unchecked) var entries: [Entry] = []
    @exclusivity(unchecked) var published: [Published] = []
    /// The attempts whose effect was saved at some time.
    @exclusivity(unchecked) var committed: Set<Int> = []
    @exclusivity(unchecked) var attempts: [Int: AttemptNote] = [:]
    /// What was noted about attempts and can't be seen in the world: whose effect was saved, what
    /// they were to send, and which messages were rejected.
    @exclusivity(unchecked) var notes = Digest.zero
    /// The submissions that somebody was told are saved.
    @exclusivity(unchecked) var answered: Set<MessageID> = []
    /// The commits of a database, by identity of the message, that changed no document.
    @exclusivity(unchecked) var processedRows: [Int] = []
    @exclusivity(unchecked) var directory = Directory(endpoints: [:])
    @exclusivity(unchecked) var registered: [String: [String: Timestamp]] = [:]
    /// Whether code under check has registered anything but what the plan says, in this execution
    /// or before. Who may be sent to is a part of the state then, which every step may touch.
    @exclusivity(unchecked) var hasNewEndpoints = false
    @exclusivity(unchecked) var now = Plan.beginning
    @exclusivity(unchecked) var budgets = Budgets()
    @exclusivity(unchecked) var processes: [ProcessState] = []
    @exclusivity(unchecked) var graveyard: [UnsafeContinuation<Verdict, Never>] = []
    @exclusivity(unchecked) var roots: [Task<Void, Never>] = []
    @exclusivity(unchecked) var unfinished = 0
    @exclusivity(unchecked) var lastPendingNumber = 0
    @exclusivity(unchecked) var resumedFingerprint: UInt64 = 0
    @exclusivity(unchecked) var isReaping = false
    /// How often what should come to its end has called something instead.
    @exclusivity(unchecked) var callsOfTheDead = 0
    @exclusivity(unchecked) var violation: Violation?
    /// Whether a document has changed or a message was published since the user's properties were
    /// last looked at.
    @exclusivity(unchecked) var isChanged = false

    @exclusivity(unchecked) var isTracing = false
    @exclusivity(unchecked) var lastAnswer: String?
    @exclusivity(unchecked) var steps: [Trace.Step] = []

    init(_ plan: Plan, on executor: ControlledExecutor) {
        self.plan = plan
        self.executor = executor
        firstDirectory = Directory(endpoints: plan.endpoints)
        firstRegistered = plan.endpoints.mapValues { types in
            Dictionary(uniqueKeysWithValues: types.map { ($0, Plan.beginning) })
        }
        firstContents = []
        firstProcesses = plan.roles.enumerated().flatMap { index, role in
            (0..<role.instances).map { instance in
                ProcessState(
                    role: index,
                    name: role.instances == 1 ? role.name : "\(role.name) \(instance + 1)",
                    isCancellable: role.isCancellable, forgets: role.forgets)
            }
        }
        forgetNames()
    }

    /// Forgets everything that was ever met, so that memory stays flat. Between executions only.
    func forgetNames() {
        interner = Interner()
        firstContents = plan.messages.map { interner.content($0.envelope, in: $0.queue) }
    }

    /// Begins an execution: everything as the plan says, and every process at its first call.
    func begin() {
        run += 1
        now = Plan.beginning
        budgets = plan.budgets
        documents.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        published.removeAll(keepingCapacity: true)
        committed.removeAll(keepingCapacity: true)
        attempts.removeAll(keepingCapacity: true)
        notes = .zero
        answered.removeAll(keepingCapacity: true)
        processedRows.removeAll(keepingCapacity: true)
        roots.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        lastPendingNumber = 0
        violation = nil
        isChanged = true
        directory = firstDirectory
        registered = firstRegistered
        for (message, content) in zip(plan.messages, firstContents) {
            for _ in 0..<message.copies {
                add(content, isLocal: message.isLocal, visibleFrom: now)
            }
        }
        processes = firstProcesses
        for index in processes.indices { start(index) }
        settle()
    }

    /// Runs everything until nothing can.
    func settle() {
        guard executor.drain() else {
            violation =
                violation
                ?? Violation(
                    property: "progress",
                    explanation: "A process runs on and on without calling anything.")
            return
        }
    }

    /// Ends an execution: all tasks that are left come to their end, whatever they try.
    ///
    /// - Returns: Whether they did.
    func end() -> Bool {
        isReaping = true
        callsOfTheDead = 0
        defer { isReaping = false }
        for root in roots { root.cancel() }
        var rounds = 0
        while unfinished > 0 || !graveyard.isEmpty
            || processes.contains(where: { !$0.pending.isEmpty })
        {
            rounds += 1
            guard rounds < 10_000 else { break }
            for index in processes.indices {
                let pending = processes[index].pending
                processes[index].pending.removeAll(keepingCapacity: true)
                for call in pending { call.continuation.resume(returning: .dead) }
            }
            let dead = graveyard
            graveyard.removeAll(keepingCapacity: true)
            for continuation in dead { continuation.resume(returning: .dead) }
            guard executor.drain() else { break }
        }
        let isClean = unfinished == 0
        unfinished = 0
        return isClean
    }

    // MARK: Processes

    func start(_ index: Int) {
        let process = SimulatedProcess(self, index: index)
        // When it begins is the first thing that it knows, and what it draws is new in every life.
        processes[index].local = Digest()
        processes[index].local.mix(now.microseconds)
        processes[index].local.mix(process.incarnation)
        let body = plan.roles[processes[index].role].body
        unfinished += 1
        let run = run
        let root = Task(executorPreference: executor) { [self] in
            await body(process)
            guard isOnOwnThread() else { return }
            unfinished -= 1
            guard run == self.run, processes[index].incarnation == process.incarnation, !isReaping
            else { return }
            processes[index].hasEnded = true
        }
        processes[index].root = root
        roots.append(root)
    }

    /// A process dies: nothing that it has in flight is answered, and what it holds is free.
    func crash(_ index: Int) {
        graveyard += processes[index].pending.map(\.continuation)
        processes[index].pending.removeAll(keepingCapacity: true)
        for entry in entries.indices where entries[entry].holder == index {
            letGo(entry, byDeath: true)
        }
        processes[index].incarnation += 1
        processes[index].deliveries.removeAll(keepingCapacity: true)
        if plan.roles[processes[index].role].restarts {
            start(index)
        } else {
            processes[index].local = Digest()
            processes[index].hasEnded = true
        }
    }

    /// A random number: the same whenever the process has seen the same, but never the same for two
    /// processes, nor for two lives of one.
    func random(_ process: SimulatedProcess.Identity) -> UInt64 {
        guard isOnOwnThread(), run == process.run else { return 4 }
        var digest = processes[process.index].local
        digest.mix(process.index)
        digest.mix(process.incarnation)
        let number = digest.finished.short
        // The number is part of what the process knows from here on.
        processes[process.index].local.mix(number)
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
        key &+= notes
        for index in processes.indices {
            key &+= digest(ofProcess: index, isSymmetric: isSymmetric)
        }
        key.mix(budgets.packed)
        if hasNewEndpoints { mixRegistered(into: &key) }
        return key.finished
    }

    /// What tells a process from others, in all that can matter for what it does next.
    func digest(ofProcess index: Int, isSymmetric: Bool) -> Digest {
        var digest = processes[index].local
        let role = plan.roles[processes[index].role]
        digest.mix(processes[index].role)
        digest.mix(processes[index].hasEnded ? 1 : 0)
        for pending in processes[index].pending {
            guard let end = pending.hangsUntil else { continue }
            digest.mix(pending.fingerprint)
            digest.mix(end.microseconds)
        }
        // What it has forgotten, but still holds, is free when it dies.
        if role.forgets {
            digest.mix(processes[index].hasLeftTraces ? 1 : 0)
            for entry in entries where entry.holder == index { digest.mix(entry.receipt ?? "") }
        }
        if !isSymmetric || !role.isSymmetric { digest.mix(index) }
        return digest.finished
    }

    /// What tells this world from others, whatever the processes know of it.
    var worldDigest: Digest {
        var world = Digest.zero
        for slot in documents where slot.writes > 0 { world &+= slot.digest }
        for entry in entries { world &+= digest(of: entry) }
        for message in published { world &+= message.digest }
        for row in processedRows {
            var digest = interner.identities[row]
            digest.mix(1)
            world &+= digest.finished
        }
        world.mix(now.microseconds)
        return world
    }

    private func digest(of entry: Entry) -> Digest {
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
