internal import Pawl

/// Handlers under watch: they run as they are, and what they make carries the attempt's mark.
extension Simulation {
    /// The same handlers, watched.
    func watched(_ handlers: Handlers, in process: SimulatedProcess, isTransactional: Bool)
        -> Handlers
    {
        handlers.wrapping { handler in
            { [self] envelope, endpoint in
                watched(
                    try handler.prepare(envelope, endpoint), on: envelope, in: process,
                    isTransactional: isTransactional)
            }
        }
    }

    /// The same work, watched.
    func watched(
        _ work: Work, on envelope: Envelope, in process: SimulatedProcess, isTransactional: Bool
    ) -> Work {
        var watched = work
        watched.run = { [self] bodies, context in
            var after = try await work.run(bodies, context)
            guard executor.isOnOwnThread, !isReaping else { return after }
            let attempt = begin(envelope.id, in: process)
            if context.isRejected { noteRejected(envelope.id) }
            attempts[attempt] = AttemptNote(
                message: envelope.id,
                address: work.isMemo
                    ? nil : interner.address(work.keys[0], in: work.partition),
                destinations: context.sent.map { destinations(of: $0) },
                isRejected: context.isRejected,
                earlier: attempts.values.count { $0.message == envelope.id })
            var ordinal = 0
            context.changeBodies { body in
                Marks.append(Marks.Mark(attempt: attempt, ordinal: ordinal), to: &body)
                ordinal += 1
            }
            // A transaction for work without an entity saves no document that could carry a mark.
            if work.isMemo, isTransactional { return after }
            for index in after.indices {
                var body = after[index].map { Marks.text($0) } ?? []
                if let before = bodies[index] {
                    body.append(contentsOf: before[Marks.textLength(before)...])
                }
                Marks.append(Marks.Mark(attempt: attempt), to: &body)
                after[index] = body
            }
            return after
        }
        return watched
    }

    /// Names the attempt that a process is making: by the delivery that it has in hand, so that the
    /// name does not depend on what other processes do.
    private func begin(_ id: MessageID, in process: SimulatedProcess) -> Int {
        let index = process.index
        let delivery =
            processes[index].deliveries[id]
            ?? ("\(processes[index].name)/\(process.incarnation)", 0)
        processes[index].deliveries[id] = (delivery.0, delivery.1 + 1)
        return interner.attempt(id, delivery.0, try: delivery.1)
    }

    /// The attempt that a process has made last at a message.
    func lastAttempt(at id: MessageID, in process: Int) -> Int? {
        guard let delivery = processes[process].deliveries[id], delivery.tries > 0 else {
            return nil
        }
        return interner.attempt(id, delivery.handle, try: delivery.tries - 1)
    }

    /// A handler rejects a message, so that nothing has to be saved of it.
    private func noteRejected(_ id: MessageID) {
        if attempts.values.contains(where: { $0.message == id && $0.isRejected }) { return }
        var digest = Digest()
        digest.mix(id)
        notes &+= digest.finished
    }

    private func destinations(of sent: Context.Sent) -> Int {
        switch sent.target {
        case .subscribers: directory.handlers(of: sent.type).count
        case .handler, .queue: 1
        }
    }
}
