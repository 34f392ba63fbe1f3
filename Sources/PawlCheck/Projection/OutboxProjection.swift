internal import Pawl

/// States as `Specs/Outbox.tla` has them.
///
/// Which step a consumer waits at follows from its call and from what it was answered: the first
/// document that it reads is that of step 1, the first that it writes before it has sent is that of
/// step 2, and all later ones belong to step 4.
struct OutboxProjection: Projection {
    var naming = Naming()

    func others(in simulation: Simulation) -> [Variable] { [] }

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        guard let (begun, call, answers) = naming.begun(by: index, in: simulation) else {
            return Hand()
        }
        var hand = begun
        naming.fill(&hand, from: call, answers, in: simulation)
        return hand
    }
}

extension Naming {
    /// What all consumers have in hand that have a message.
    ///
    /// - Parameters:
    ///   - index: The consumer.
    ///   - simulation: Where it runs.
    /// - Returns: That, with the call that it waits in and what it was answered before; `nil` if it
    ///   waits for a message.
    func begun(
        by index: Int, in simulation: Simulation
    ) -> (hand: Hand, call: Call, answers: Answers)? {
        guard let call = simulation.world.processes[index].pending.first?.call else { return nil }
        if case .receive = call { return nil }
        let answers = Answers(to: index, in: simulation)
        guard case .process(let receipt) = answers.operation else { return nil }
        var hand = Hand()
        let delivery = delivery(receipt.handle, in: simulation)
        hand.copy = delivery?.copy ?? []
        hand.delivery = delivery?.number ?? 0
        hand.isTouched = simulation.world.processes[index].hasLeftTraces
        return (hand, call, answers)
    }

    /// The step that a call of the outbox belongs to, and what its arguments say.
    mutating func fill(
        _ hand: inout Hand, from call: Call, _ answers: Answers, in simulation: Simulation
    ) {
        switch call {
        case .read(let address)
        where !Self.isEntity(simulation.interner.addresses[address].key):
            hand.step = "another call"
        case .read: hand.step = answers.reads == 0 ? "load" : "reload"
        case .write(let writes, _, _):
            hand.step = answers.sends == 0 ? "save" : "mark"
            if let write = writes.first { hand.document = document(write, in: simulation) }
        case .send(let messages, _):
            hand.step = "send"
            hand.outputs = outputs(messages, in: simulation)
            // The call does not say what was read or saved before it.
            hand.document = document(answers.document, in: simulation)
        case .acknowledge: hand.step = "acknowledge"
        default: hand.step = "another call"
        }
    }
}
