internal import Pawl

/// What is noted and checked of handlers that have to be idempotent. No marks tell their attempts
/// apart, since all copies have to be alike; instead it is noted what each attempt has made, and
/// seen whether that is saved and sent.
extension Simulation {
    /// An attempt has been made. What changes nothing is saved as it is.
    func begin(unmarked attempt: Int, in process: Int) {
        world.processes[process].unmarked.append(attempt)
        guard world.attempts[attempt]?.unmarked?.changes.isEmpty == true else { return }
        noteCommitted(attempt)
        // It is noted, so that a lease in which that was all is not one in which nothing was.
        world.processes[process].hasLeftTraces = true
    }

    /// A process has saved documents: what attempts of its own have made is saved if they are as
    /// those have made them.
    func noteSaved(_ writes: [Write], at addresses: [Int], by process: Int) {
        for attempt in world.processes[process].unmarked where !world.committed.contains(attempt) {
            let changes = world.attempts[attempt]?.unmarked?.changes ?? []
            let isSaved = changes.allSatisfy { change in
                zip(writes, addresses).contains { write, address in
                    address == change.address && write.content?.body == change.body
                }
            }
            if isSaved { noteCommitted(attempt) }
        }
    }

    /// A process sends a message, whether or not a copy of it was sent before.
    func noteSent(_ content: Int, by process: Int) {
        guard plan.checksMessages, !world.processes[process].unmarked.isEmpty else { return }
        let message = interner.contents[content]
        let attempts = world.processes[process].unmarked.filter { attempt in
            guard let note = world.attempts[attempt] else { return false }
            return note.message == message.envelope.cause
                && note.unmarked?.endpoint == message.envelope.sender
        }
        guard let last = attempts.last else { return }
        // I3
        if !attempts.contains(where: { world.committed.contains($0) }) {
            violate(
                "no ghosts",
                """
                \(describe(message)) was sent by \(describe(attempt: last)), whose effect has not \
                been saved.
                """)
        }
        // I2
        let other = world.published.lazy.map { self.interner.contents[$0.content] }
            .first { $0.identity == message.identity && $0.digest != message.digest }
        if let other {
            violate(
                "all copies of an output are identical",
                """
                \(describe(message)) was sent as \(text(message.envelope)) and as \
                \(text(other.envelope)), though it has to follow from \
                \(name(of: world.attempts[last]?.message ?? message.envelope.id)) alone.
                """)
        }
    }

    /// What an attempt that is saved had to send has been sent, by whichever attempt.
    func checkOutputs(
        of attempt: Int, _ note: WorldState.AttemptNote, at endpoint: String
    ) {
        let sent = Set(
            world.published.map { interner.contents[$0.content] }
                .filter { $0.envelope.cause == note.message && $0.envelope.sender == endpoint }
                .map(\.identity))
        let needed = note.destinations.reduce(0, +)
        guard sent.count < needed else { return }
        violate(
            "nothing is lost",
            """
            \(describe(attempt: attempt)) had to send \(needed) messages and its effect is saved, \
            but only \(sent.count) were sent.
            """)
    }

    private func text(_ envelope: Envelope) -> String {
        let body = String(decoding: Marks.text(envelope.body), as: UTF8.self)
        return "\(envelope.type) \(body) of \(envelope.sentAt.microseconds)"
    }
}
