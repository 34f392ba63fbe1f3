internal import Pawl

/// States as `Specs/Transactional.tla` has them. There is one step that loads, and one that commits,
/// whose arguments say everything.
struct TransactionalProjection: Projection {
    var naming = Naming()

    func others(in simulation: Simulation) -> [Variable] { [processed(in: simulation)] }

    /// The ids that the database remembers.
    private func processed(in simulation: Simulation) -> Variable {
        let rows = Set(simulation.world.processedRows)
        let contents = simulation.interner.contents.filter { rows.contains($0.identity) }
        return Variable(
            name: "processed",
            value: TLA.set(
                contents.map { TLA.text(naming.message($0.envelope.id, in: simulation)) }))
    }

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        guard let (begun, call, _) = naming.begun(by: index, in: simulation) else {
            return Hand()
        }
        var hand = begun
        switch call {
        case .read: hand.step = "load"
        case .commit(let transaction, _, _):
            hand.step = "commit"
            hand.outputs = naming.outputs(transaction.messages, in: simulation)
            if let write = transaction.writes.first {
                hand.document = naming.document(write, in: simulation)
            }
        default: hand.step = "another call"
        }
        return hand
    }
}
