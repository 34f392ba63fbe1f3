internal import Pawl

/// States as `Specs/ClaimInbox.tla` has them.
///
/// Attempts draw their claims. Each saves its claim in the entity before it is anywhere else, so whose
/// it is can be noted then.
struct ClaimInboxProjection: Projection {
    var naming = Naming(.claims)

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        var hand = Hand()
        hand.document = naming.document(version: 0, nil, in: simulation)
        var stamp = TLA.sequence([])
        if let (begun, call, answers) = naming.begun(by: index, in: simulation),
            case .process(let receipt) = answers.operation,
            let id = simulation.interner.content(of: receipt)?.envelope.id
        {
            hand.copy = begun.copy
            hand.delivery = begun.delivery
            hand.isTouched = begun.isTouched
            let past = ClaimPast(of: index, handling: id, in: simulation)
            switch call {
            case .read(let address):
                hand.step = past.step(reading: simulation.interner.addresses[address].key)
            case .write(let writes, _, _):
                hand.step = past.step(writing: writes)
                guard let write = writes.first, Naming.isEntity(write.key) else { break }
                let attempt = TLA.sequence(begun.copy + ["\(begun.delivery ?? 0)"])
                if hand.step == "claim" { naming.note(claim: write, of: id, by: attempt) }
                hand.document = naming.document(write, in: simulation)
            case .send(let messages, _):
                hand.step = "send"
                hand.outputs = naming.outputs(messages, in: simulation)
            case .acknowledge: hand.step = "acknowledge"
            default: hand.step = "another call"
            }
            // Their calls do not say what was read or saved before them.
            if ["stamp", "look", "send"].contains(hand.step) {
                hand.document = naming.document(past.document, in: simulation)
            }
            if ["yield", "reyield"].contains(hand.step), let found = past.stamp {
                stamp = naming.name(found)
            }
        }
        hand.more = [("stamp", stamp)]
        return hand
    }

    mutating func others(in simulation: Simulation) -> [Variable] {
        var stamps: [(String, String)] = []
        var before: Document?
        for message in simulation.plan.messages {
            let id = message.envelope.id
            let record = simulation.world.documents.first { slot in
                let key = simulation.interner.addresses[slot.address].key
                return key.kind == InboxRecords.kind && key.id == id.description
            }
            let stamp = record?.content.map {
                (try? InboxRecords.stamp(in: $0)) ?? MessageID("unreadable")
            }
            stamps.append(
                (
                    TLA.text(naming.message(id, in: simulation)),
                    stamp.map(naming.name) ?? TLA.sequence([])
                ))
        }
        // Where no read is out of date, nobody can see it.
        if simulation.plan.budgets.staleReads > 0 {
            let entity = simulation.interner.addresses.firstIndex { Naming.isEntity($0.key) }
            before = entity.flatMap { simulation.readStale($0) }
        }
        return [
            Variable(name: "stamps", value: TLA.function(stamps)),
            Variable(name: "before", value: naming.document(before, in: simulation)),
        ]
    }
}

extension Naming {
    /// Notes whose claim it is that is about to be saved.
    mutating func note(claim write: Write, of id: MessageID, by attempt: String) {
        guard let content = write.content,
            let ledger = try? Ledger(Document(version: Version(rawValue: ""), content: content)),
            case .claimed(let claim) = ledger[id], registered[claim] == nil
        else { return }
        registered[claim] = attempt
    }

    /// A document whose ledger has claims.
    mutating func claiming(
        version: Int, _ content: Content?, in simulation: Simulation
    ) -> String {
        let ledger = content.flatMap {
            try? Ledger(Document(version: Version(rawValue: ""), content: $0))
        }
        var entries: [String] = []
        for entry in ledger?.entries ?? [] {
            var (state, claim, outputs) = ("another state", TLA.sequence([]), [String]())
            switch entry.state {
            case .claimed(let id): (state, claim) = ("claimed", name(id))
            case .pending(let messages):
                state = "pending"
                outputs = self.outputs(messages, in: simulation)
            // The spec has none of the others: where they come up, states differ.
            default: break
            }
            entries.append(
                TLA.record([
                    ("id", TLA.text(message(entry.id, in: simulation))),
                    ("state", TLA.text(state)), ("claim", claim),
                    ("outputs", TLA.sequence(outputs)),
                ]))
        }
        return TLA.record([
            ("version", "\(version)"),
            ("effects", TLA.sequence(effects(content?.body, in: simulation))),
            ("ledger", TLA.sequence(entries)),
        ])
    }
}

/// What a process was answered since it has received its message, as far as its call does not say
/// it.
private struct ClaimPast {
    /// The message that it handles.
    let id: MessageID
    /// The entity as it has read or saved it last.
    private(set) var document: Document?
    /// The stamp that it has found in place of its own.
    private(set) var stamp: MessageID?
    private var hasLoaded = false
    private var isStamped = false
    private var isProcessed = false

    init(of index: Int, handling id: MessageID, in simulation: Simulation) {
        self.id = id
        var answers: [(call: Call, reply: CallReply)] = []
        var next = simulation.world.processes[index].past
        while let stride = next {
            if let call = stride.call, let answer = stride.answer {
                answers.append((call, answer.reply))
            }
            next = stride.previous
        }
        // The last message that it has received is the one in hand.
        for (call, reply) in answers.reversed() { note(call, reply, simulation) }
    }

    private init(_ id: MessageID) {
        self.id = id
    }

    private mutating func note(_ call: Call, _ reply: CallReply, _ simulation: Simulation) {
        switch (call, reply) {
        case (.receive, _): self = ClaimPast(id)
        case (.read(let address), .answer(.document(let document))):
            note(read: document, at: simulation.interner.addresses[address].key)
        case (.write(let writes, _, _), .answer(.written(let result))): note(result, of: writes)
        default: break
        }
    }

    private var ledger: Ledger? { try? Ledger(document) }

    private mutating func note(read document: Document?, at key: DocumentKey) {
        switch step(reading: key) {
        case "load":
            hasLoaded = true
            self.document = document
            isProcessed = ledger?.isProcessed(id) ?? false
        case "look":
            let found = document.flatMap { try? InboxRecords.stamp(in: $0.content) }
            isStamped = true
            if case .claimed(let own) = ledger?[id], found != own { stamp = found }
        default: break
        }
    }

    private mutating func note(_ result: WriteResult, of writes: [Write]) {
        let step = step(writing: writes)
        guard case .committed(let versions) = result else { return }
        if step == "stamp" { isStamped = true }
        if step == "save" { isProcessed = true }
        guard step == "claim" || step == "save", let write = writes.first,
            let version = versions.first ?? nil, let content = write.content
        else { return }
        document = Document(version: version, content: content)
    }

    func step(reading key: DocumentKey) -> String {
        if key.kind == InboxRecords.kind { return "look" }
        guard Naming.isEntity(key) else { return "another call" }
        return !hasLoaded ? "load" : stamp != nil ? "reyield" : "reload"
    }

    func step(writing writes: [Write]) -> String {
        guard let write = writes.first else { return "another call" }
        if write.key.kind == InboxRecords.kind { return "stamp" }
        guard Naming.isEntity(write.key) else { return "another call" }
        if stamp != nil { return "yield" }
        return isProcessed ? "forget" : isStamped ? "save" : "claim"
    }
}
