internal import Pawl

/// States as `Specs/Tokens.tla` has them.
///
/// Attempts draw the names under which they register. Each registers before its name is anywhere
/// else, so whose name it is can be noted then.
struct TokensProjection: Projection {
    var naming = Naming(.tokens)

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        var hand = Hand()
        hand.document = naming.document(version: 0, nil, in: simulation)
        guard let (begun, call, answers) = naming.begun(by: index, in: simulation),
            let id = message(answers, in: simulation)
        else {
            hand.more = fields([], [])
            return hand
        }
        let past = TokenPast(of: index, handling: id, in: simulation)
        hand.copy = begun.copy
        hand.delivery = begun.delivery
        hand.isTouched = begun.isTouched
        let attempt = TLA.sequence(begun.copy + ["\(begun.delivery ?? 0)"])
        fill(&hand, id, attempt, call, past, in: simulation)
        let isOver = hand.step == "acknowledge"
        let left = past.doomed.subtracting(past.revoked)
        hand.more = fields(isOver ? [] : past.doomed, isOver ? [] : left)
        return hand
    }

    private mutating func fill(
        _ hand: inout Hand, _ id: MessageID, _ attempt: String, _ call: Call, _ past: TokenPast,
        in simulation: Simulation
    ) {
        switch call {
        case .read(let address):
            hand.step = past.step(reading: simulation.interner.addresses[address].key)
        case .write(let writes, _, _):
            guard let write = writes.first else { break }
            hand.step = past.step(writing: writes)
            if Naming.isEntity(write.key) {
                if hand.step == "register" { naming.note(write, past.document, by: attempt) }
                hand.document = naming.document(write, in: simulation)
            }
        case .send(let messages, _):
            hand.step = "send"
            hand.outputs = naming.outputs(messages, in: simulation)
        case .acknowledge: hand.step = "acknowledge"
        default: hand.step = "another call"
        }
        // Their calls do not say what was read, saved or not saved before them.
        switch hand.step {
        case "check", "make", "send", "consume", "revoke":
            hand.document = naming.document(past.document, in: simulation)
        case "reread":
            if let failed = past.failed { hand.document = naming.document(failed, in: simulation) }
        default: break
        }
    }

    private func message(_ answers: Answers, in simulation: Simulation) -> MessageID? {
        guard case .process(let receipt) = answers.operation else { return nil }
        return simulation.interner.content(of: receipt)?.envelope.id
    }

    private func fields(
        _ doomed: Set<MessageID>, _ left: Set<MessageID>
    ) -> [(name: String, value: String)] {
        [
            ("doomed", TLA.set(doomed.map(naming.name))), ("left", TLA.set(left.map(naming.name))),
        ]
    }

    // MARK: Variables

    func others(in simulation: Simulation) -> [Variable] {
        let tokens = simulation.plan.messages.map { try? $0.envelope.token() }
        let senders = zip(simulation.plan.messages, tokens).map { message, token in
            (token?.partition, TLA.text(naming.message(message.envelope.id, in: simulation)))
        }
        let attempts = naming.registered.map { attempt, name in
            (Token(attempt: attempt, ordinal: 0).partition, name)
        }
        var unprocessed: [String] = []
        var made: [String] = []
        var shut: [String] = []
        for slot in simulation.world.documents where slot.content != nil {
            let address = simulation.interner.addresses[slot.address]
            guard address.key.kind == Token.kind else { continue }
            unprocessed += senders.filter { $0.0 == address.partition }.map(\.1)
            for (partition, name) in attempts where partition == address.partition {
                if address.key == TokenRecords.shutKey {
                    shut.append(name)
                } else {
                    let number = (Int(address.key.id) ?? -1) + 1
                    made.append(TLA.sequence([name, "\(number)"]))
                }
            }
        }
        return [
            Variable(name: "unprocessed", value: TLA.set(unprocessed)),
            Variable(name: "made", value: TLA.set(made)),
            Variable(name: "shut", value: TLA.set(shut)),
            // Nobody receives what is sent.
            Variable(name: "received", value: TLA.set([])),
        ]
    }
}

extension Naming {
    /// What the specs call an attempt, by the name under which it registers.
    func name(_ attempt: MessageID) -> String {
        registered[attempt] ?? TLA.sequence([TLA.text("unknown")])
    }

    /// Notes the name under which an attempt is about to register.
    mutating func note(_ write: Write, _ loaded: Document?, by attempt: String) {
        guard let content = write.content,
            let after = try? Ledger(Document(version: Version(rawValue: ""), content: content)),
            let before = try? Ledger(loaded)
        else { return }
        for entry in after.entries where before[entry.id] == nil {
            registered[entry.id] = attempt
        }
    }
}

/// What a process with tokens was answered since it has received its message, as far as its call
/// does not say it.
private struct TokenPast {
    /// The message that it handles.
    let id: MessageID
    /// The entity as it has read or saved it last.
    private(set) var document: Document?
    /// What it could not save.
    private(set) var failed: Write?
    /// The attempts that it knows to be struck out, from when on it removes what they have made.
    private(set) var doomed: Set<MessageID> = []
    /// Those of them of which it has.
    private(set) var revoked: Set<MessageID> = []
    private var hasLoaded = false
    private var isGone = false
    private var isFinishing = false

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

    private mutating func note(_ call: Call, _ reply: CallReply, _ simulation: Simulation) {
        switch (call, reply) {
        case (.receive, _):
            let id = id
            self = TokenPast(id: id)
        case (.read(let address), .answer(.document(let document))):
            if Naming.isEntity(simulation.interner.addresses[address].key) {
                note(read: document)
            } else {
                isGone = document == nil
            }
        case (.write(let writes, _, let partition), .answer(.written(let result))):
            note(result, of: writes, in: partition)
        default: break
        }
    }

    private init(id: MessageID) {
        self.id = id
    }

    private mutating func note(read document: Document?) {
        let isLoad = !hasLoaded
        hasLoaded = true
        self.document = document
        let ledger = try? Ledger(document)
        if isLoad ? ledger?.isProcessed(id) ?? false : isGone && !isFinishing {
            finish(ledger)
        }
    }

    private mutating func finish(_ ledger: Ledger?) {
        isFinishing = true
        doomed = Set(ledger?.doomed.keys.map { $0 } ?? [])
    }

    private mutating func note(
        _ result: WriteResult, of writes: [Write], in partition: PartitionKey
    ) {
        guard let write = writes.first else { return }
        if step(writing: writes) == "revoke" {
            revoked.formUnion(
                doomed.filter { Token(attempt: $0, ordinal: 0).partition == partition })
        }
        guard Naming.isEntity(write.key) else { return }
        switch result {
        case .committed(let versions):
            guard let version = versions.first ?? nil, let content = write.content else { return }
            let step = step(writing: writes)
            document = Document(version: version, content: content)
            if step == "save" { finish(try? Ledger(document)) }
        case .conflict:
            failed = write
        }
    }

    func step(reading key: DocumentKey) -> String {
        if !Naming.isEntity(key) { return "check" }
        if !hasLoaded { return "load" }
        if isFinishing { return "reload" }
        return isGone ? "late" : "reread"
    }

    func step(writing writes: [Write]) -> String {
        guard let write = writes.first else { return "another call" }
        if !Naming.isEntity(write.key) {
            let isShutting = writes.contains {
                $0.key == TokenRecords.shutKey && $0.content != nil
            }
            if isShutting { return isFinishing ? "revoke" : "undo" }
            return isFinishing ? "consume" : "make"
        }
        if isFinishing { return "clear" }
        let ledger = write.content.flatMap {
            try? Ledger(Document(version: Version(rawValue: ""), content: $0))
        }
        return ledger?.isProcessed(id) ?? false ? "save" : "register"
    }
}
