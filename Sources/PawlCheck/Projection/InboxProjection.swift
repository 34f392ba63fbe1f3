internal import Pawl

/// States as `Specs/Inbox.tla` has them.
///
/// A consumer that writes the entity saves it, unless it knows that the message has a record: then
/// it forgets the message. What kind of document a call is about says the rest.
struct InboxProjection: Projection {
    var naming = Naming()

    func others(in simulation: Simulation) -> [Variable] {
        let keys = simulation.world.documents.filter { $0.content != nil }.map {
            simulation.interner.addresses[$0.address].key
        }
        let ids = keys.filter(isRecord).compactMap { MessageID(hexadecimal: $0.id) }
        return [
            Variable(
                name: "records",
                value: TLA.set(ids.map { TLA.text(naming.message($0, in: simulation)) }))
        ]
    }

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        guard let (begun, call, answers) = naming.begun(by: index, in: simulation) else {
            return Hand()
        }
        var hand = begun
        switch call {
        case .read(let address) where isRecord(simulation.interner.addresses[address].key):
            hand.step = "check"
        case .read: hand.step = answers.reads == 0 ? "load" : "reload"
        case .write(let writes, _, _):
            guard let write = writes.first else { break }
            hand.step = isRecord(write.key) ? "add" : answers.isRecorded ? "forget" : "save"
            if !isRecord(write.key) { hand.document = naming.document(write, in: simulation) }
        case .send(let messages, _):
            hand.step = "send"
            hand.outputs = naming.outputs(messages, in: simulation)
        case .acknowledge: hand.step = "acknowledge"
        default: hand.step = "another call"
        }
        // Their calls do not say what was read or saved before them.
        if ["check", "send", "add"].contains(hand.step) {
            hand.document = naming.document(answers.document, in: simulation)
        }
        return hand
    }

    private func isRecord(_ key: DocumentKey) -> Bool { key.kind == InboxRecords.kind }
}
