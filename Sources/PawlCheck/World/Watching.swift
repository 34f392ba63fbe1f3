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

    /// The same for submissions: nobody can make one again, so that none has to be idempotent.
    var ofSubmissions: Watching {
        var watching = self
        if demand == .idempotence { watching.demand = .nothing }
        return watching
    }
}

/// Handlers under watch: they run as they are, and what they make carries the attempt's mark.
extension Simulation {
    /// The same handlers, watched.
    func watched(_ handlers: Handlers, in process: SimulatedProcess, as watching: Watching)
        -> Handlers
    {
        handlers.wrapping { handler in
            { [self] envelope, endpoint in
                watched(
                    try handler.prepare(envelope, endpoint), on: envelope, at: endpoint,
                    in: process, as: watching)
            }
        }
    }

    /// The same work, watched.
    func watched(
        _ work: Work, on envelope: Envelope, at endpoint: String, in process: SimulatedProcess,
        as watching: Watching
    ) -> Work {
        var watched = work
        watched.run = { [self] bodies, context in
            let after = try await work.run(bodies, context)
            // What is done without an entity, idempotent algorithms remember like all others.
            if watching.demand == .idempotence, !work.isMemo {
                return note(after, over: bodies, context, by: envelope.id, work, process, endpoint)
            }
            return mark(after, over: bodies, context, by: envelope.id, work, process, watching)
        }
        return watched
    }

    /// Puts the attempt's mark on everything that a handler has just made.
    private func mark(
        _ made: [[UInt8]?], over bodies: [[UInt8]?], _ context: Context, by message: MessageID,
        _ work: Work, _ process: SimulatedProcess, _ watching: Watching
    ) -> [[UInt8]?] {
        guard executor.isOnOwnThread, isLive(process.identity) else { return made }
        let attempt = nextAttempt(at: message, by: process.index)
        let note = WorldState.AttemptNote(
            message: message,
            address: interner.address(work.keys[0], in: work.partition),
            destinations: context.sent.map { destinations(of: $0) },
            isRejected: context.isRejected, carriesMark: !(work.isMemo && watching.isTransactional))
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
            isRejected: context.isRejected, carriesMark: false,
            unmarked: WorldState.Unmarked(endpoint: endpoint, changes: changes))
        act(.attempt(nextAttempt(at: message, by: process.index), note), by: process.identity)
        return after
    }

    /// Names the attempt that a process is making: by the delivery that it has in hand, so that the
    /// name does not depend on what other processes do.
    private func nextAttempt(at id: MessageID, by index: Int) -> Int {
        let delivery = delivery(of: id, to: index)
        return interner.attempt(id, delivery.handle, try: delivery.tries)
    }

    private func delivery(of id: MessageID, to index: Int) -> (handle: String, tries: Int) {
        let process = world.processes[index]
        return process.deliveries[id] ?? ("\(process.name)/\(process.incarnation)", 0)
    }

    /// Notes an attempt.
    ///
    /// - Returns: Its name.
    func begin(_ id: MessageID, in index: Int) -> Int {
        let attempt = nextAttempt(at: id, by: index)
        let delivery = delivery(of: id, to: index)
        world.processes[index].deliveries[id] = (delivery.handle, delivery.tries + 1)
        return attempt
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

    /// The attempt that a process has made last at a message that it has in hand.
    func lastAttempt(at id: MessageID, by process: Int) -> Int? {
        guard let delivery = world.processes[process].deliveries[id], delivery.tries > 0 else {
            return nil
        }
        return interner.attempt(id, delivery.handle, try: delivery.tries - 1)
    }

    private func destinations(of sent: Context.Sent) -> Int {
        switch sent.target {
        case .subscribers: world.directory.handlers(of: sent.type).count
        case .handler, .queue: 1
        }
    }
}
