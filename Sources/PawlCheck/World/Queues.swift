internal import Pawl

/// What calls to the transport do.
extension Simulation {
    // MARK: Who handles what

    func register(
        _ registration: Registration, by process: SimulatedProcess.Identity
    ) -> RegistrationResult {
        deeds.append(.register(registration))
        return register(registration)
    }

    func register(_ registration: Registration) -> RegistrationResult {
        let known = world.registered[registration.endpoint] ?? [:]
        let (result, forget) = registration.decide(known: known, now: world.now)
        if plan.endpoints[registration.endpoint] != registration.types { hasNewEndpoints = true }
        guard result == .registered else { return result }
        var types = known
        for type in forget { types[type] = nil }
        for type in registration.types { types[type] = world.now }
        let isNew =
            world.registered[registration.endpoint] == nil || Set(known.keys) != Set(types.keys)
        world.registered[registration.endpoint] = types
        if isNew {
            world.directory = Directory(endpoints: world.registered.mapValues { Set($0.keys) })
        }
        return result
    }

    /// Mixes in who is registered and since when.
    func mixRegistered(into digest: inout Digest) {
        for (endpoint, types) in world.registered.sorted(by: { $0.key < $1.key }) {
            digest.mix(endpoint)
            for (type, time) in types.sorted(by: { $0.key < $1.key }) {
                digest.mix(type)
                digest.mix(time.microseconds)
            }
        }
    }

    /// A process has seen who is registered.
    func observeDirectory(_ process: SimulatedProcess.Identity) {
        guard hasNewEndpoints, isLive(process) else { return }
        mixRegistered(into: &world.processes[process.index].local)
    }

    func checkExists(_ queue: String) throws(BackendError) {
        if world.registered[queue] != nil { return }
        throw BackendError(
            .canNeverHappen,
            "There is no queue \(queue). An endpoint creates its queue when it registers.")
    }

    /// Checks messages, and gives their contents numbers.
    func contents(of messages: [Outgoing]) throws(BackendError) -> [Int] {
        var contents: [Int] = []
        for message in messages {
            try checkExists(message.queue)
            contents.append(interner.content(message.envelope, in: message.queue))
            let size = interner.contents[contents[contents.count - 1]].encoded.count
            guard size > plan.transportLimits.largestMessage else { continue }
            throw BackendError(
                .canNeverHappen,
                """
                The message \(message.envelope.id) (\(message.envelope.type)) is too large: it has \
                \(size) bytes, and at most \(plan.transportLimits.largestMessage) are possible.
                """)
        }
        return contents
    }

    func identity(_ id: MessageID, in queue: String) -> Int {
        interner.identity(id, in: queue)
    }

    func footprint(ofMessages contents: [Int]) -> UInt64 {
        contents.reduce(0) { $0 | Footprint.message(interner.contents[$1].identity) }
    }

    func footprint(of receipts: [Receipt]) -> UInt64 {
        receipts.reduce(0) { mask, receipt in
            guard let entry = world.entries.first(where: { $0.receipt == receipt.handle }) else {
                return mask
            }
            return mask | footprint(of: entry)
        }
    }

    func footprint(of entry: WorldState.Entry) -> UInt64 {
        Footprint.copy(entry.copy, of: interner.contents[entry.content].identity)
    }

    func visibility(of entry: WorldState.Entry) -> UInt64 {
        Footprint.visibility(interner.contents[entry.content].identity)
    }

    // MARK: Messages

    func add(_ content: Int, isLocal: Bool, visibleFrom: Timestamp) {
        world.isChanged = true
        let copy = world.entries.count { $0.content == content }
        world.entries.append(
            WorldState.Entry(
                content: content, copy: copy, isLocal: isLocal, visibleFrom: visibleFrom))
    }

    func send(
        _ messages: some Sequence<Outgoing>, _ contents: [Int], isLocal: Bool, by process: Int
    ) {
        for (message, content) in zip(messages, contents) {
            noteSent(content, by: process)
            notePublished(content)
            // What nobody receives is only remembered.
            let isKnown = plan.endpoints[message.queue] != nil
            guard !isKnown || plan.consumed.contains(message.queue) else { continue }
            let visibleFrom = message.notBefore.map { max($0, world.now) } ?? world.now
            add(content, isLocal: isLocal, visibleFrom: visibleFrom)
        }
    }

    func isVisible(_ entry: WorldState.Entry) -> Bool {
        !entry.isGone && (entry.leaseUntil ?? entry.visibleFrom) <= world.now
    }

    func lease(_ index: Int, to process: Int, for lease: Duration) -> Delivery {
        if world.entries[index].leaseUntil != nil { noteLeaseEnded(index) }
        world.entries[index].leases += 1
        let entry = world.entries[index]
        let handle = interner.handle(
            content: entry.content, copy: entry.copy, lease: entry.leases)
        world.entries[index].receipt = handle
        world.entries[index].holder = process
        world.entries[index].leaseUntil = world.now + lease
        let content = interner.contents[entry.content]
        world.processes[process].deliveries[content.envelope.id] = WorldState.InHand(
            handle: handle)
        world.processes[process].received = handle
        world.processes[process].hasLeftTraces = false
        return Delivery(
            receipt: Receipt(queue: content.queue, handle: handle),
            attempt: entry.endedLeases + 1, message: content.encoded)
    }

    /// A lease ends by itself. How often that was is nothing to a process that forgets.
    private func noteLeaseEnded(_ index: Int) {
        guard let holder = world.entries[index].holder, !world.processes[holder].forgets else {
            return
        }
        world.entries[index].endedLeases += 1
    }

    /// A process lets go of a copy, or dies of it. If it has done nothing while it held it, and keeps
    /// nothing in memory, it is as if it had never had it: then the lease's number is used again,
    /// so that the state is the one before.
    func letGo(_ index: Int, byDeath isDeath: Bool) {
        guard let holder = world.entries[index].holder else { return }
        if isDeath { noteLeaseEnded(index) }
        if world.processes[holder].forgets, !world.processes[holder].hasLeftTraces {
            world.entries[index].leases -= 1
        }
        world.entries[index].receipt = nil
        world.entries[index].leaseUntil = nil
        world.entries[index].holder = nil
        world.entries[index].visibleFrom = world.now
    }

    /// The entry that a receipt still gives a right to: until somebody else takes it.
    func entry(of receipt: Receipt) -> Int? {
        world.entries.firstIndex { !$0.isGone && $0.receipt == receipt.handle }
    }

    func acknowledge(_ receipt: Receipt) -> Bool {
        guard let index = entry(of: receipt) else { return false }
        world.entries[index].isGone = true
        world.entries[index].holder = nil
        world.isChanged = true
        return true
    }

    func release(_ receipt: Receipt, after delay: Duration) -> Bool {
        guard let index = entry(of: receipt) else { return false }
        world.entries[index].receipt = nil
        world.entries[index].leaseUntil = nil
        world.entries[index].holder = nil
        world.entries[index].visibleFrom = world.now + delay
        return true
    }

    func extend(_ receipts: [Receipt], by lease: Duration) -> [Receipt] {
        var lost: [Receipt] = []
        for receipt in receipts {
            if let index = entry(of: receipt) {
                world.entries[index].leaseUntil = world.now + lease
            } else {
                lost.append(receipt)
            }
        }
        return lost
    }

    // MARK: Both at once

    func commit(
        _ transaction: Transaction, by process: Int, at addresses: [Int],
        _ contents: [Int]
    ) -> TransactionResult {
        var isLocal = false
        if let receipt = transaction.receipt {
            guard let index = entry(of: receipt) else { return .leaseLost }
            isLocal = world.entries[index].isLocal
        }
        let row = identity(transaction.id, in: transaction.endpoint)
        if !isLocal, world.processedRows.contains(row) {
            if let receipt = transaction.receipt { _ = acknowledge(receipt) }
            return .duplicate
        }
        if !transaction.writes.isEmpty,
            write(transaction.writes, at: addresses) == .conflict
        {
            return .conflict
        }
        noteUnmarked(by: process) { $1 == transaction.id }
        if let receipt = transaction.receipt { _ = acknowledge(receipt) }
        if !isLocal { world.processedRows.append(row) }
        send(transaction.messages, contents, isLocal: true, by: process)
        world.isChanged = true
        return .committed
    }

    /// A process that keeps nothing in memory between messages waits for the next one.
    func forget(_ index: Int) {
        world.processes[index].local = Digest()
        world.processes[index].unmarked.removeAll()
        if !world.entries.contains(where: { $0.holder == index }) {
            world.processes[index].hasLeftTraces = false
        }
        // From here on it is as if it had just been started.
        guard world.processes[index].pending.isEmpty else { return }
        world.processes[index].past = world.processes[index].past?.start
    }
}
