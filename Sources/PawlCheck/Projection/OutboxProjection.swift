internal import Pawl

/// States as `Specs/Outbox.tla` has them.
///
/// Which step a consumer waits at follows from its call and from what it was answered: the first
/// document that it reads is that of step 1, the first that it writes before it has sent is that of
/// step 2, and all later ones belong to step 4.
struct OutboxProjection: Projection {
    var naming = Naming()
    let notebook: Notebook

    func others(in simulation: Simulation) -> [Variable] { [] }

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        var hand = Hand()
        guard let call = simulation.world.processes[index].pending.first?.call,
            let page = notebook.page(of: index), case .process(let receipt) = page.operation
        else { return hand }
        if case .receive = call { return hand }
        let delivery = naming.delivery(receipt.handle, in: simulation)
        hand.copy = delivery?.copy ?? []
        hand.delivery = delivery?.number ?? 0
        hand.isTouched = simulation.world.processes[index].hasLeftTraces
        naming.fill(&hand, from: call, page, in: simulation)
        return hand
    }
}

extension Naming {
    /// The step that a call of the outbox belongs to, and what its arguments say.
    mutating func fill(
        _ hand: inout Hand, from call: Call, _ page: Notebook.Page, in simulation: Simulation
    ) {
        switch call {
        case .read(let address)
        where !Self.isEntity(simulation.interner.addresses[address].key):
            hand.step = "another call"
        case .read: hand.step = page.reads == 0 ? "load" : "reload"
        case .write(let writes, _, _):
            hand.step = page.sends == 0 ? "save" : "mark"
            if let write = writes.first { hand.document = document(write, in: simulation) }
        case .send(let messages, _):
            hand.step = "send"
            hand.outputs = outputs(messages, in: simulation)
            // The call does not say what was read or saved before it.
            hand.document = document(page.document, in: simulation)
        case .acknowledge: hand.step = "acknowledge"
        default: hand.step = "another call"
        }
    }
}
