internal import Pawl

/// What an algorithm does with what handlers make, as far as watching them goes.
struct Watching: Sendable {
    /// Whether work without an entity saves no document.
    var isTransactional: Bool
    /// What the algorithm asks of handlers.
    var demand: HandlerDemand

    init(isTransactional: Bool, demand: HandlerDemand) {
        self.isTransactional = isTransactional
        self.demand = demand
    }

    /// As an endpoint is told; `nil` stands for one database.
    init(_ deduplication: Deduplication?) {
        isTransactional = deduplication == nil
        demand = deduplication?.demand ?? .nothing
    }

    /// The same for submissions, which nobody can make again: none has to be deterministic,
    /// or idempotent.
    var ofSubmissions: Watching {
        var watching = self
        watching.demand = .nothing
        return watching
    }

    /// Whether what an attempt makes has to follow from what it is given. What has no entity may
    /// be performed, and is not done again to see what comes of it.
    func isDerived(_ work: Work) -> Bool { demand == .determinism && !work.isMemo }
}

/// Handlers under watch: they run as they are, and what they make carries the attempt's mark.
extension Simulation {
    /// The same handlers, watched.
    func watched(_ handlers: Handlers, in process: SimulatedProcess, as watching: Watching)
        -> Handlers
    {
        handlers.wrapping { handler in
            { [self] envelope, endpoint in
                let work = try handler.prepare(envelope, endpoint)
                let again =
                    watching.isDerived(work) ? try handler.prepare(envelope, endpoint) : work
                return watched(
                    work, again, on: envelope, at: endpoint, in: process, as: watching)
            }
        }
    }

    /// The same work, watched.
    ///
    /// - Parameters:
    ///   - work: The work.
    ///   - again: The same, to be done once more; `nil` where that needs nothing of its own.
    ///   - envelope: The message that it is about.
    ///   - endpoint: The endpoint that does it.
    ///   - process: The process that does it.
    ///   - watching: What the algorithm does with what comes of it.
    /// - Returns: The work, watched.
    func watched(
        _ work: Work, _ again: Work? = nil, on envelope: Envelope, at endpoint: String,
        in process: SimulatedProcess,
        as watching: Watching
    ) -> Work {
        var watched = work
        watched.run = { [self] bodies, context in
            let after: [[UInt8]?]
            if watching.isDerived(work) {
                after = try await runTwice(
                    work, again ?? work, on: bodies, context, in: process)
            } else {
                after = try await work.run(bodies, context)
            }
            // What is done without an entity, idempotent algorithms remember like all others.
            if watching.demand == .idempotence, !work.isMemo {
                return note(after, over: bodies, context, by: envelope.id, work, process, endpoint)
            }
            return mark(
                after, over: bodies, context, work, process, watching,
                Premises.key(of: envelope.id, at: endpoint, work.keys[0]))
        }
        return watched
    }

    /// Puts the attempt's mark on everything that a handler has just made.
    private func mark(
        _ made: [[UInt8]?], over bodies: [[UInt8]?], _ context: Context,
        _ work: Work, _ process: SimulatedProcess, _ watching: Watching, _ premise: DocumentKey
    ) -> [[UInt8]?] {
        guard executor.isOnOwnThread, isLive(process.identity) else { return made }
        let message = context.message.id
        let address = interner.address(work.keys[0], in: work.partition)
        let isDerived = watching.isDerived(work)
        let attempt =
            isDerived
            ? interner.attempt(
                message, at: address, by: world.processes[process.index].role, given: bodies,
                at: context.now)
            : nextAttempt(at: message, by: process.index)
        let note = WorldState.AttemptNote(
            message: message, address: address,
            destinations: context.sent.map { destinations(of: $0) },
            isRejected: context.isRejected, carriesMark: !(work.isMemo && watching.isTransactional),
            witness: isDerived ? interner.address(premise, in: work.partition) : address,
            isDerived: isDerived)
        act(.attempt(attempt, note), by: process.identity)
        var ordinal = 0
        context.changeBodies { body in
            Marks.append(Marks.Mark(attempt: attempt, ordinal: ordinal), to: &body)
            ordinal += 1
        }
        // A transaction for work without an entity saves no document that could carry a mark.
        if work.isMemo, watching.isTransactional { return made }
        return zip(made, bodies).map { after, before in
            var body = after.map { Marks.text($0) } ?? []
            if let before { body.append(contentsOf: before[Marks.textLength(before)...]) }
            Marks.append(Marks.Mark(attempt: attempt), to: &body)
            return body
        }
    }

    /// Notes what an idempotent handler has just made. It carries no mark, since it has to be the
    /// same in every attempt; the marks of sessions that are in a document stay there.
    private func note(
        _ made: [[UInt8]?], over bodies: [[UInt8]?], _ context: Context, by message: MessageID,
        _ work: Work, _ process: SimulatedProcess, _ endpoint: String
    ) -> [[UInt8]?] {
        guard executor.isOnOwnThread, isLive(process.identity) else { return made }
        let after = zip(made, bodies).map { after, before in
            after.map { body in
                Marks.text(body) + (before.map { $0[Marks.textLength($0)...] } ?? [])
            }
        }
        let addresses = work.keys.map { interner.address($0, in: work.partition) }
        let changes = addresses.indices.compactMap { index in
            context.isRejected || after[index] == bodies[index]
                ? nil : (address: addresses[index], body: after[index])
        }
        let note = WorldState.AttemptNote(
            message: message, address: addresses[0],
            destinations: context.sent.map { destinations(of: $0) },
            isRejected: context.isRejected, carriesMark: false, witness: addresses[0],
            isDerived: false,
            unmarked: WorldState.Unmarked(endpoint: endpoint, changes: changes))
        act(.attempt(nextAttempt(at: message, by: process.index), note), by: process.identity)
        return after
    }

    /// Names the attempt that a process is making: by the delivery that it has in hand, so that the
    /// name does not depend on what other processes do.
    func nextAttempt(at id: MessageID, by index: Int) -> Int {
        let delivery = delivery(of: id, to: index)
        return interner.attempt(id, delivery.handle, try: delivery.tries)
    }

    private func delivery(of id: MessageID, to index: Int) -> WorldState.InHand {
        let process = world.processes[index]
        return process.deliveries[id]
            ?? WorldState.InHand(handle: "\(process.name)/\(process.incarnation)")
    }

    /// Notes an attempt.
    func begin(_ attempt: Int, at id: MessageID, in index: Int) {
        var delivery = delivery(of: id, to: index)
        delivery.tries += 1
        delivery.attempt = attempt
        world.processes[index].deliveries[id] = delivery
    }

    /// Notes that what a process has in hand is saved, where no document carries its mark: the
    /// message was turned down, so that the state is as it was, or a transaction saves no document.
    ///
    /// - Parameters:
    ///   - process: The process that saves.
    ///   - isSaved: Whether an attempt at a message is what it saves.
    func noteUnmarked(
        by process: Int, _ isSaved: (WorldState.AttemptNote, MessageID) -> Bool
    ) {
        for id in world.processes[process].deliveries.keys {
            guard let attempt = lastAttempt(at: id, by: process),
                let note = world.attempts[attempt],
                note.unmarked == nil, note.isRejected || !note.carriesMark, isSaved(note, id)
            else { continue }
            noteCommitted(attempt)
        }
    }

    /// A process has made a write: an attempt at a message that it was about is saved by it, or never.
    /// What the process saves later is about others.
    ///
    /// - Parameters:
    ///   - writes: What was to be written.
    ///   - addresses: The documents that it was about.
    ///   - process: The process.
    ///   - isSaved: Whether it took effect.
    func settle(_ writes: [Write], at addresses: [Int], by process: Int, isSaved: Bool) {
        func isAbout(_ note: WorldState.AttemptNote) -> Bool {
            addresses.contains(note.address) || addresses.contains(note.witness)
        }
        // Only where no mark shows what is saved.
        let isRejected = world.processes[process].deliveries.values.contains { delivery in
            delivery.attempt.flatMap { world.attempts[$0] }.map { $0.isRejected && isAbout($0) }
                ?? false
        }
        if isRejected, writes.contains(where: \.isRegistering) { return }
        if isSaved { noteUnmarked(by: process) { note, _ in note.isRejected && isAbout(note) } }
        for id in world.processes[process].deliveries.keys {
            guard let attempt = lastAttempt(at: id, by: process),
                let note = world.attempts[attempt], isAbout(note)
            else { continue }
            world.processes[process].deliveries[id]?.attempt = nil
        }
    }

    /// A process has given a message back: what it has made of it will not be saved.
    func drop(_ receipt: Receipt, by process: Int) {
        guard let id = interner.content(of: receipt)?.envelope.id else { return }
        world.processes[process].deliveries[id]?.attempt = nil
    }

    /// The attempt that a process has made last at a message that it has in hand, and may save.
    func lastAttempt(at id: MessageID, by process: Int) -> Int? {
        world.processes[process].deliveries[id]?.attempt
    }

    private func destinations(of sent: Context.Sent) -> Int {
        switch sent.target {
        case .subscribers: world.directory.handlers(of: sent.type).count
        case .handler, .queue: 1
        }
    }
}

extension Write {
    /// Whether it says what an attempt is about to make. That comes before the attempt is saved.
    fileprivate var isRegistering: Bool {
        guard key.kind == Token.kind || !key.kind.hasPrefix("pawl."), let content,
            !content.ledger.isEmpty,
            let ledger = try? Ledger(
                Document(version: Version(rawValue: ""), content: content))
        else { return false }
        return ledger.registered > 0
    }
}
