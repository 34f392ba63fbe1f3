internal import Pawl

/// States as `Specs/Replay.tla` has them.
///
/// There a handler's messages are a function of what it was given, the state and the time, and so is
/// the name of an attempt in the checker. What it was given is in the premise that it is about to
/// save, before anything that it has made is anywhere else, so it can be noted then. Each delivery
/// has a time of its own, so that the time says whose attempt it is.
struct ReplayProjection: Projection {
    var naming = Naming(.premises)

    mutating func others(in simulation: Simulation) -> [Variable] {
        var premises: [String] = []
        for slot in simulation.world.documents {
            let key = simulation.interner.addresses[slot.address].key
            guard key.kind == Premises.kind, let content = slot.content else { continue }
            premises.append(naming.premise(content, at: key, in: simulation))
        }
        return [Variable(name: "premises", value: TLA.set(premises))]
    }

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        var hand = Hand()
        hand.document = naming.document(version: 0, nil, in: simulation)
        var premises: [String] = []
        if let (begun, call, _) = naming.begun(by: index, in: simulation) {
            hand.copy = begun.copy
            hand.delivery = begun.delivery
            hand.isTouched = begun.isTouched
            premises = fill(&hand, from: call, in: simulation)
        }
        hand.more = [("premise", TLA.set(premises))]
        return hand
    }

    /// Fills in what a call says. Returns the premises that it is to save.
    private mutating func fill(
        _ hand: inout Hand, from call: Call, in simulation: Simulation
    ) -> [String] {
        var premises: [String] = []
        switch call {
        case .read(let address):
            let kind = simulation.interner.addresses[address].key.kind
            hand.step = kind == Premises.kind ? "look" : "load"
        case .write(let writes, _, _):
            hand.step = "save"
            for write in writes {
                if write.key.kind == Premises.kind, let content = write.content {
                    naming.note(content, in: simulation)
                    premises.append(naming.premise(content, at: write.key, in: simulation))
                }
            }
            // Its state has the mark of the attempt that has just been noted.
            if let write = writes.first(where: { Naming.isEntity($0.key) }) {
                hand.document = naming.document(write, in: simulation)
            }
        case .send(let messages, _):
            hand.step = "send"
            hand.outputs = naming.outputs(messages, in: simulation)
        case .acknowledge: hand.step = "acknowledge"
        default: hand.step = "another call"
        }
        return premises
    }
}

extension Naming {
    /// What an attempt was given that is named after it.
    struct Given {
        /// The attempt as the specs name it: by its delivery, which the time says.
        let attempt: String
        /// The effects that were in the state.
        let effects: [String]
    }

    /// A message's premise: `[id, given, at]`.
    mutating func premise(
        _ content: Content, at key: DocumentKey, in simulation: Simulation
    ) -> String {
        guard let premise = try? Premise(decoding: content.ledger) else {
            return TLA.text("unknown")
        }
        let owner = simulation.plan.messages.first { message in
            simulation.interner.addresses.contains { address in
                Self.isEntity(address.key)
                    && key
                        == Premises.key(
                            of: message.envelope.id, at: message.queue, address.key)
            }
        }
        let given = effects(premise.bodies.first ?? nil, in: simulation)
        return TLA.record([
            ("id", TLA.text(owner.map { message($0.envelope.id, in: simulation) } ?? "unknown")),
            ("given", TLA.sequence(given)),
            ("at", attempt(at: premise.now, in: simulation)),
        ])
    }

    /// Notes which attempt it is that is about to save a premise: the checker names it after what is
    /// in there.
    mutating func note(_ content: Content, in simulation: Simulation) {
        guard let premise = try? Premise(decoding: content.ledger),
            let delivered = simulation.delivered(at: premise.now),
            simulation.plan.messages.indices.contains(delivered.message),
            let address = simulation.interner.addresses.firstIndex(where: {
                Self.isEntity($0.key)
            })
        else { return }
        let number = simulation.interner.attempt(
            simulation.plan.messages[delivered.message].envelope.id, at: address, by: 0,
            given: premise.bodies, at: premise.now)
        if given[number] != nil { return }
        given[number] = Given(
            attempt: attempt(at: premise.now, in: simulation),
            effects: effects(premise.bodies.first ?? nil, in: simulation))
    }

    /// The attempt that was made at a time.
    private func attempt(at time: Timestamp, in simulation: Simulation) -> String {
        guard let delivered = simulation.delivered(at: time) else {
            return TLA.sequence([TLA.text("unknown")])
        }
        return TLA.sequence([
            TLA.text("m\(delivered.message + 1)"), "\(delivered.copy + 1)", "\(delivered.lease)",
        ])
    }

    /// What the spec has of a message beside: what it was made of, and its id, which has to be the
    /// one that follows from its cause. That its time is the one of its attempt is seen here, too.
    mutating func derived(
        _ envelope: Envelope, _ mark: Marks.Mark?, to queue: String, in simulation: Simulation
    ) -> [(name: String, value: String)] {
        let made = mark.flatMap { self.given[$0.attempt] }
        let isTimely = made?.attempt == attempt(at: envelope.sentAt, in: simulation)
        return [
            ("given", isTimely ? TLA.sequence(made?.effects ?? []) : TLA.text("another time")),
            ("id", id(of: envelope, to: queue, in: simulation)),
        ]
    }

    /// The id of a message that is caused: `<<"m1", 1>>` if it follows from its cause and its number.
    func id(of envelope: Envelope, to queue: String, in simulation: Simulation) -> String {
        guard let cause = envelope.cause,
            let number = ordinal(of: envelope, to: queue, in: simulation)
        else { return TLA.text("another id") }
        return TLA.sequence([TLA.text(message(cause, in: simulation)), "\(number + 1)"])
    }

    /// Which one it is of those that a message causes, by its id.
    func ordinal(of envelope: Envelope, to queue: String, in simulation: Simulation) -> Int? {
        guard let cause = envelope.cause, let endpoint = envelope.sender else { return nil }
        return (0..<256).first {
            envelope.id
                == MessageID(
                    cause: cause, endpoint: endpoint, ordinal: $0, destination: queue)
        }
    }
}
