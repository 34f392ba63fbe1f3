internal import Pawl

/// States as `Specs/Natural.tla` has them.
///
/// Nothing tells one attempt from another, neither in the entity nor in what is sent: so the spec
/// has no attempts, and does not count deliveries. An effect is a fact there, a message that has
/// happened once; the entity here is a set of messages.
struct NaturalProjection: Projection {
    var naming = Naming(.facts)

    func others(in simulation: Simulation) -> [Variable] { [] }

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        var hand = Hand()
        hand.document = naming.document(version: 0, nil, in: simulation)
        hand.delivery = nil
        hand.isTouched = nil
        guard let (begun, call, _) = naming.begun(by: index, in: simulation) else { return hand }
        hand.copy = begun.copy
        switch call {
        case .read(let address)
        where Naming.isEntity(simulation.interner.addresses[address].key):
            hand.step = "load"
        case .write(let writes, _, _):
            hand.step = "save"
            if let write = writes.first { hand.document = naming.document(write, in: simulation) }
        case .send(let messages, _):
            hand.step = "send"
            hand.outputs = naming.outputs(messages, in: simulation)
        case .acknowledge: hand.step = "acknowledge"
        default: hand.step = "another call"
        }
        return hand
    }
}

extension Naming {
    /// A document as a set of facts.
    func facts(version: Int, _ content: Content?, in simulation: Simulation) -> String {
        let handled = content?.body.flatMap { try? JSON.decode(HandledMessages.self, from: $0) }
        let isReadable = content?.body == nil || handled != nil
        return TLA.record([
            ("version", "\(version)"),
            (
                "facts",
                isReadable
                    ? TLA.set((handled?.messages.elements ?? []).map { fact($0, in: simulation) })
                    : TLA.text("unreadable")
            ),
        ])
    }

    /// The fact that is saved with an attempt.
    func fact(ofAttempt number: Int, in simulation: Simulation) -> String {
        simulation.world.attempts[number].map { fact($0.message, in: simulation) }
            ?? TLA.text("unknown")
    }

    /// That a message has happened.
    private func fact(_ id: MessageID, in simulation: Simulation) -> String {
        TLA.sequence([TLA.text(message(id, in: simulation)), "1"])
    }

    /// A message that follows from its cause alone: its number is known by its id, and it says nothing
    /// (0) of what has happened before.
    func constant(_ envelope: Envelope, to queue: String, in simulation: Simulation) -> String {
        let cause = simulation.plan.messages.first { $0.envelope.id == envelope.cause }?.envelope
        let says = try? JSON.decode(MessageID.self, from: envelope.body)
        let isConstant =
            cause.map { says == $0.id && envelope.sentAt == $0.sentAt + .microseconds(1) } ?? false
        let number = ordinal(of: envelope, to: queue, in: simulation).map { $0 + 1 } ?? 0
        return TLA.record([
            ("of", TLA.text(cause.map { message($0.id, in: simulation) } ?? "nothing")),
            ("number", "\(number)"),
            ("says", isConstant ? "0" : TLA.text("something else")),
        ])
    }
}
