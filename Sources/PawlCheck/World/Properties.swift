internal import Pawl

/// The properties that come for free, whatever the handlers do. The numbers I1 to I6 are those of
/// the invariants that all algorithms share.
extension Simulation {
    func violate(_ property: String, _ explanation: @autoclosure () -> String) {
        if world.violation == nil {
            world.violation = Violation(property: property, explanation: explanation())
        }
    }

    /// A document is being written: nothing that was saved may be lost, and nothing be saved twice.
    func noteSaved(_ new: Content?, over old: Content?, at address: Int) {
        guard plan.checksMessages else { return }
        let before = old?.body.map { Marks.of($0) } ?? []
        let after = new?.body.map { Marks.of($0) } ?? []
        for mark in before where !after.contains(mark) {
            violate(
                "exactly once: no saved effect is lost",
                """
                \(interner.addresses[address].key) was overwritten: the effect of \
                \(describe(attempt: mark.attempt)), which had been saved, is gone.
                """)
        }
        for mark in after where !before.contains(mark) {
            noteCommitted(mark.attempt)
            // I1
            let message = world.attempts[mark.attempt]?.message
            let earlier = before.first { world.attempts[$0.attempt]?.message == message }
            if let earlier, message != nil {
                violate(
                    "exactly once: no message is applied twice",
                    """
                    \(interner.addresses[address].key) has the effect of \
                    \(describe(attempt: earlier.attempt)) and of \(describe(attempt: mark.attempt)).
                    """)
            }
        }
    }

    /// The effect of an attempt is saved. What it has to send then, no state of the world shows.
    func noteCommitted(_ attempt: Int) {
        guard world.committed.insert(attempt).inserted else { return }
        var digest = Digest()
        digest.mix(attempt)
        for count in world.attempts[attempt]?.destinations ?? [] { digest.mix(count) }
        world.notes &+= digest.finished
    }

    /// A message is put into a queue: what it speaks of must have been saved, and all copies must be
    /// alike.
    func notePublished(_ content: Int) {
        let message = interner.contents[content]
        if world.published.contains(where: { $0.content == content }) { return }
        var digest = message.digest
        digest.mix(7)
        world.published.append(WorldState.Published(content: content, digest: digest.finished))
        world.isChanged = true
        guard plan.checksMessages, let mark = message.mark else { return }
        checkHasToken(message)
        // I3, I5
        if !world.committed.contains(mark.attempt) {
            violate(
                "no ghosts",
                """
                \(describe(message)) was sent by \(describe(attempt: mark.attempt)), whose effect \
                has not been saved.
                """)
        }
        // I2
        let other = world.published.first {
            $0.content != content && interner.contents[$0.content].identity == message.identity
        }
        if let other {
            let theirs = interner.contents[other.content].mark?.attempt
            violate(
                "all copies of an output are identical",
                """
                \(describe(message)) was sent by \(describe(attempt: mark.attempt)) and, with \
                another content, by \(theirs.map { describe(attempt: $0) } ?? "somebody else").
                """)
        }
        checkIdentities(of: message, mark)
    }

    /// An output is one message for each queue that it goes to: under a second id its receiver would
    /// take it for another one.
    private func checkIdentities(of message: Interner.Content, _ mark: Marks.Mark) {
        guard let note = world.attempts[mark.attempt], mark.ordinal < note.destinations.count
        else { return }
        let identities = Set(
            world.published.lazy.map { self.interner.contents[$0.content] }
                .filter { $0.mark == mark }.map(\.identity))
        if identities.count > note.destinations[mark.ordinal] {
            violate(
                "all copies of an output are identical",
                """
                \(describe(message)) was sent by \(describe(attempt: mark.attempt)) under more ids \
                than one.
                """)
        }
    }

    /// Everything is at rest: nothing may be lost, nothing be left behind.
    func checkRest() {
        guard plan.checksMessages else { return }
        checkNothingLost()
        checkAnswered()
        checkOutputs()
        for entry in world.entries where !entry.isGone {
            violate(
                "nothing is left behind",
                "\(describe(interner.contents[entry.content])) is still in its queue.")
        }
        for slot in world.documents {
            if let content = slot.content { checkFinished(content, of: slot.address) }
        }
        checkTokens()
        for state in world.processes where !state.isIdle {
            violate("progress", "\(state.name) has not come to its end.")
        }
        checkEnding()
    }

    /// What an algorithm keeps for what is under way is gone.
    private func checkFinished(_ content: Content, of address: Int) {
        let key = interner.addresses[address].key
        // What expires goes by itself.
        if content.expires != nil { return }
        if key.kind == StagedMessages.kind {
            violate(
                "nothing is left behind", "\(key), which holds messages to be sent, is still there."
            )
        }
        guard !content.ledger.isEmpty,
            let ledger = try? Ledger(Document(version: interner.version(0), content: content))
        else { return }
        let applied = Set(world.committed.compactMap { world.attempts[$0]?.message })
        for entry in ledger.entries {
            // A submission that was given up may be made again, and goes on with its claim then.
            if case .claimed = entry.state, !applied.contains(entry.id) { continue }
            let what: String? =
                switch entry.state {
                case .pending(let messages): "holds \(messages.count) messages as to be sent"
                case .staged: "has messages beside it as to be sent"
                case .claimed: "is claimed"
                case .registered, .doomed: "lists what an attempt has made"
                case .dispatched, .unstaged, .tombstone: nil
                }
            guard let what else { continue }
            violate("nothing is left behind", "\(key) still \(what) for \(name(of: entry.id)).")
        }
    }

    /// Every message that was for an endpoint here has been applied, or lies in the dead letters.
    private func checkNothingLost() {
        let messages = Set(world.committed.compactMap { world.attempts[$0]?.message })
        for entry in world.entries where entry.isGone {
            // What code of the user's own receives it may do with as it likes.
            guard plan.watched.contains(interner.contents[entry.content].queue) else { continue }
            let envelope = interner.contents[entry.content].envelope
            if envelope.type == Submission.typeName || messages.contains(envelope.id)
                || isDeadLetter(envelope.id)
            {
                continue
            }
            violate(
                "nothing is lost",
                "\(describe(interner.contents[entry.content])) is gone, but was never applied.")
        }
    }

    /// What somebody was told is saved is there.
    private func checkAnswered() {
        let messages = Set(world.committed.compactMap { world.attempts[$0]?.message })
        for id in world.answered.sorted() where !messages.contains(id) {
            violate(
                "nothing is lost", "\(name(of: id)) was answered as saved, but never was.")
        }
    }

    func isDeadLetter(_ id: MessageID) -> Bool {
        world.documents.contains { slot in
            let key = interner.addresses[slot.address].key
            return slot.content != nil && key.kind == "pawl.dead-letter"
                && key.id == id.description
        }
    }

    /// I4: whatever a saved attempt had to send has been sent.
    private func checkOutputs() {
        for attempt in world.committed.sorted() {
            guard let note = world.attempts[attempt] else { continue }
            if let unmarked = note.unmarked {
                checkOutputs(of: attempt, note, at: unmarked.endpoint)
                continue
            }
            for (ordinal, destinations) in note.destinations.enumerated() {
                let sent = world.published.count {
                    interner.contents[$0.content].mark
                        == Marks.Mark(attempt: attempt, ordinal: ordinal)
                }
                if sent < destinations {
                    violate(
                        "nothing is lost",
                        """
                        Output \(ordinal + 1) of \(describe(attempt: attempt)) was never sent, \
                        though its effect was saved.
                        """)
                }
            }
        }
    }

    /// Checks the user's properties that must always hold.
    func checkAlways() {
        guard world.isChanged else { return }
        world.isChanged = false
        for property in plan.always { check(property, "always") }
    }

    func checkFinally() {
        for property in plan.finally { check(property, "finally") }
    }

    private func check(_ property: Plan.Property, _ kind: String) {
        guard world.violation == nil else { return }
        do {
            if try property.holds(Snapshot(self)) { return }
            violate("\(kind): \(property.name)", "It does not hold here.")
        } catch {
            violate("\(kind): \(property.name)", "It could not be looked at: \(error)")
        }
    }

    // MARK: Words

    func describe(_ content: Interner.Content) -> String {
        "\(name(of: content.envelope)) to \(content.queue)"
    }

    /// A name for a message that a reader can follow: its type, and a number where there are several.
    func name(of envelope: Envelope) -> String {
        let alike = plan.messages.filter { $0.envelope.type == envelope.type }
        let index = alike.firstIndex { $0.envelope.id == envelope.id }
        guard let index, alike.count > 1 else { return envelope.type }
        return "\(envelope.type) \(index + 1)"
    }

    func name(of id: MessageID) -> String {
        if let message = plan.messages.first(where: { $0.envelope.id == id }) {
            return name(of: message.envelope)
        }
        if let content = interner.contents.first(where: { $0.envelope.id == id }) {
            return name(of: content.envelope)
        }
        return "submission \(id.description.prefix(6))"
    }

    func describe(attempt: Int) -> String {
        guard let note = world.attempts[attempt] else { return "an attempt" }
        return "attempt \(note.earlier + 1) at \(name(of: note.message))"
    }
}
