internal import Pawl

/// A state as a spec has it: what its variables are in a simulated world.
///
/// It is derived from the world and from the pending call of each process: the call says at which
/// of the algorithm's numbered steps the process waits, and its arguments say what it has in hand.
/// Only the document that a process has read or saved before it sends, no argument shows; that is
/// taken from the ``Answers``.
///
/// Everything that a spec has is there. What a spec doesn't have and a state of the checker does is
/// what a process has been answered before and has no more need of.
protocol Projection {
    var naming: Naming { get set }
    /// Where a process waits, by the name of the step, and what it has in hand.
    mutating func hand(of index: Int, in simulation: Simulation) -> Hand
    /// The variables that not all specs have, in a fixed order.
    mutating func others(in simulation: Simulation) -> [Variable]
}

extension Projection {
    /// All variables, in a fixed order.
    mutating func state(of simulation: Simulation) -> SpecState {
        var hands: [(name: String, hand: Hand)] = []
        for index in simulation.world.processes.indices {
            let name = naming.process(index, in: simulation)
            hands.append((name, hand(of: index, in: simulation)))
        }
        let processes = Variable(
            name: "process", value: TLA.function(hands.map { (TLA.text($0.name), $0.hand.value) }))
        let variables = [
            naming.document(in: simulation), naming.queue(in: simulation),
            naming.published(in: simulation), naming.committed(in: simulation), processes,
            naming.budget(in: simulation),
        ]
        return SpecState(variables: variables + others(in: simulation), hands: hands)
    }
}

/// A spec's variable and its value.
struct Variable: Equatable {
    let name: String
    let value: String
}

/// What a process is doing.
struct Hand {
    /// The step that it waits at, as the spec names it.
    var step = "receive"
    /// The copy of a message; or, alone, the submission.
    var copy: [String] = []
    /// Which delivery of it; `nil` in a spec that does not count them.
    var delivery: Int? = 0
    var document = Naming.noDocument
    var outputs: [String] = []
    /// Whether it has changed anything since; `nil` in a spec that does not ask.
    var isTouched: Bool? = false
    /// What only one spec has.
    var more: [(name: String, value: String)] = []

    /// The record that the specs call `process[p]`.
    var value: String {
        var fields = [
            ("at", TLA.text(step)), ("copy", TLA.sequence(copy)), ("document", document),
            ("outputs", TLA.sequence(outputs)),
        ]
        if let delivery { fields.append(("delivery", "\(delivery)")) }
        if let isTouched { fields.append(("touched", TLA.truth(isTouched))) }
        return TLA.record(fields + more)
    }
}

/// Names for what a world is made of, as the specs name it: messages `m1`, `m2`, submissions `x1`,
/// consumers `c1`, `c2`; a copy by its message and a number; an attempt by its delivery.
struct Naming {
    /// What a spec has of documents and of messages that are caused.
    enum Style {
        /// Documents with a ledger.
        case ledgers
        /// Those, with attempts that register; and messages with a token.
        case tokens
        /// Documents without a ledger; and messages that follow from what a handler was given.
        case premises
        /// Documents that are sets of facts; and messages that say the same in every attempt.
        case facts
        /// Documents with a ledger that says under which name messages lie beside them.
        case stages
        /// Documents with a ledger that has claims to messages; and reads may be out of date.
        case claims
    }

    let style: Style
    private var attempts: [Int: String] = [:]
    /// The attempts that have registered, or laid down messages, by the names under which they have.
    var registered: [MessageID: String] = [:]
    /// What attempts were given that are named after it.
    var given: [Int: Given] = [:]

    init(_ style: Style = .ledgers) {
        self.style = style
    }

    static let noDocument = document(version: 0, effects: [], ledger: [])

    private static func document(
        version: Int, effects: [String], ledger: [String],
        attempts: (registered: [String], doomed: [String])? = nil
    ) -> String {
        var fields = [
            ("version", "\(version)"), ("effects", TLA.sequence(effects)),
            ("ledger", TLA.sequence(ledger)),
        ]
        if let attempts {
            fields += [
                ("registered", TLA.set(attempts.registered)), ("doomed", TLA.set(attempts.doomed)),
            ]
        }
        return TLA.record(fields)
    }

    /// Sessions are named after their submissions.
    func process(_ index: Int, in simulation: Simulation) -> String {
        let role = simulation.world.processes[index].role
        if role == 0 { return "c\(index + 1)" }
        return "x\(role)"
    }

    func message(_ id: MessageID, in simulation: Simulation) -> String {
        let messages = simulation.plan.messages
        if let index = messages.firstIndex(where: { $0.envelope.id == id }) {
            return "m\(index + 1)"
        }
        let sessions = simulation.plan.roles.count - 1
        for number in 0..<sessions where id == MessageID("submission \(number + 1)") {
            return "x\(number + 1)"
        }
        return "unknown"
    }

    /// The copy and the delivery that a handle stands for.
    func delivery(_ handle: String, in simulation: Simulation) -> (copy: [String], number: Int)? {
        guard let number = handle.split(separator: ".").last.flatMap({ Int($0) }) else {
            return nil
        }
        for entry in simulation.world.entries where isMessage(entry, in: simulation) {
            let name = simulation.interner.handle(
                content: entry.content, copy: entry.copy, lease: number)
            if name == handle { return (copy(entry, in: simulation), number) }
        }
        return nil
    }

    func copy(_ entry: WorldState.Entry, in simulation: Simulation) -> [String] {
        let id = simulation.interner.contents[entry.content].envelope.id
        return [TLA.text(message(id, in: simulation)), "\(entry.copy + 1)"]
    }

    /// Whether a copy is one of a message, and not of an announcement.
    func isMessage(_ entry: WorldState.Entry, in simulation: Simulation) -> Bool {
        simulation.interner.contents[entry.content].envelope.type != Submission.typeName
    }

    /// An attempt: `<<"m1", copy, delivery>>`, or, of a submission, `<<"x1", number>>`.
    mutating func attempt(_ number: Int, in simulation: Simulation) -> String {
        if let known = given[number] { return known.attempt }
        if let known = attempts[number] { return known }
        // The number is a digest of the delivery, so those that there were are gone through.
        for entry in simulation.world.entries where isMessage(entry, in: simulation) {
            let id = simulation.interner.contents[entry.content].envelope.id
            for lease in stride(from: 1, through: entry.leases, by: 1) {
                let handle = simulation.interner.handle(
                    content: entry.content, copy: entry.copy, lease: lease)
                attempts[simulation.interner.attempt(id, handle, try: 0)] = TLA.sequence(
                    copy(entry, in: simulation) + ["\(lease)"])
            }
        }
        for state in simulation.world.processes where state.role > 0 {
            let id = MessageID("submission \(state.role)")
            for made in 0..<(state.deliveries[id]?.tries ?? 0) {
                attempts[simulation.interner.attempt(id, "\(state.name)/0", try: made)] =
                    TLA.sequence([TLA.text("x\(state.role)"), "\(made + 1)"])
            }
        }
        return attempts[number] ?? TLA.sequence([TLA.text("unknown"), "\(number)"])
    }

    /// A message that is caused by another one.
    mutating func output(
        _ envelope: Envelope, to queue: String, in simulation: Simulation
    ) -> String {
        if style == .facts { return constant(envelope, to: queue, in: simulation) }
        let mark = Marks.of(envelope.body).last
        var fields = [
            ("of", TLA.text(envelope.cause.map { message($0, in: simulation) } ?? "nothing")),
            ("number", "\((mark?.ordinal ?? -1) + 1)"),
            ("by", mark.map { attempt($0.attempt, in: simulation) } ?? TLA.sequence([])),
        ]
        switch style {
        case .ledgers, .facts, .stages, .claims: break
        case .tokens:
            let token = try? envelope.token()
            fields.append(("token", token.map { name($0.attempt) } ?? TLA.sequence([])))
        case .premises:
            fields += derived(envelope, mark, to: queue, in: simulation)
        }
        return TLA.record(fields)
    }

    mutating func outputs(_ messages: [Outgoing], in simulation: Simulation) -> [String] {
        messages.map { output($0.envelope, to: $0.queue, in: simulation) }
    }

    /// A document at a version; 0 stands for none.
    mutating func document(
        version: Int, _ content: Content?, in simulation: Simulation
    ) -> String {
        if style == .facts {
            return facts(version: content == nil ? 0 : version, content, in: simulation)
        }
        if style == .premises {
            return TLA.record([
                ("version", "\(content == nil ? 0 : version)"),
                ("effects", TLA.sequence(effects(content?.body, in: simulation))),
            ])
        }
        if style == .stages {
            return staging(version: content == nil ? 0 : version, content, in: simulation)
        }
        if style == .claims {
            return claiming(version: content == nil ? 0 : version, content, in: simulation)
        }
        let isRegistering = style == .tokens
        guard let content else {
            return Self.document(
                version: 0, effects: [], ledger: [], attempts: isRegistering ? ([], []) : nil)
        }
        let ledger =
            (try? Ledger(Document(version: Version(rawValue: ""), content: content)))?.entries ?? []
        var entries: [String] = []
        var attempts: (registered: [String], doomed: [String]) = ([], [])
        for entry in ledger {
            var outputs: [String] = []
            let state: String
            switch entry.state {
            case .pending(let messages):
                state = "pending"
                outputs = self.outputs(messages, in: simulation)
            case .dispatched: state = "dispatched"
            case .tombstone: state = "tombstone"
            // No spec with such documents has these: where they come up, states differ.
            case .staged: state = "staged"
            case .unstaged: state = "unstaged"
            case .claimed: state = "claimed"
            case .registered:
                attempts.registered.append(name(entry.id))
                continue
            case .doomed:
                attempts.doomed.append(name(entry.id))
                continue
            }
            entries.append(
                TLA.record([
                    ("id", TLA.text(message(entry.id, in: simulation))),
                    ("state", TLA.text(state)), ("outputs", TLA.sequence(outputs)),
                ]))
        }
        return Self.document(
            version: version, effects: effects(content.body, in: simulation), ledger: entries,
            attempts: isRegistering ? attempts : nil)
    }

    /// The attempts whose effect is in a state.
    mutating func effects(_ body: [UInt8]?, in simulation: Simulation) -> [String] {
        var effects: [String] = []
        for mark in body.map({ Marks.of($0) }) ?? [] {
            effects.append(attempt(mark.attempt, in: simulation))
        }
        return effects
    }

    mutating func document(_ document: Document?, in simulation: Simulation) -> String {
        self.document(
            version: document.flatMap { Int($0.version.rawValue) } ?? 0, document?.content,
            in: simulation)
    }

    /// A document as it is to be written, with the version that it is to replace.
    mutating func document(_ write: Write, in simulation: Simulation) -> String {
        let version =
            switch write.condition {
            case .absent: 0
            case .version(let version): Int(version.rawValue) ?? -1
            case .any: -1
            }
        return document(version: version, write.content, in: simulation)
    }
}

extension Naming {
    /// Whether a document is the entity, and not one that an algorithm keeps beside it.
    static func isEntity(_ key: DocumentKey) -> Bool { !key.kind.hasPrefix("pawl.") }

    // MARK: Variables that all specs have

    /// The one entity that everything is about.
    mutating func document(in simulation: Simulation) -> Variable {
        let slot = simulation.world.documents.first {
            Self.isEntity(simulation.interner.addresses[$0.address].key)
        }
        return Variable(
            name: "document",
            value: document(version: slot?.writes ?? 0, slot?.content, in: simulation))
    }

    func queue(in simulation: Simulation) -> Variable {
        let copies = simulation.world.entries.filter { isMessage($0, in: simulation) }
        return Variable(
            name: "queue",
            value: TLA.function(
                copies.map { entry in
                    let state =
                        entry.isGone ? "gone" : entry.holder == nil ? "waiting" : "held"
                    // Of one that is gone, nothing is left that could matter.
                    let holder = entry.holder.map { process($0, in: simulation) } ?? ""
                    return (
                        TLA.sequence(copy(entry, in: simulation)),
                        TLA.record(
                            [
                                ("state", TLA.text(state)), ("holder", TLA.text(holder)),
                                (
                                    "isOver",
                                    TLA.truth(
                                        state == "held"
                                            && entry.leaseUntil.map { $0 <= simulation.world.now }
                                                ?? false
                                    )
                                ),
                            ]
                                + (style == .facts
                                    ? []
                                    : [("deliveries", entry.isGone ? "0" : "\(entry.leases)")]))
                    )
                }))
    }

    mutating func published(in simulation: Simulation) -> Variable {
        var outputs: [String] = []
        for message in simulation.world.published {
            let content = simulation.interner.contents[message.content]
            if content.envelope.type == Submission.typeName { continue }
            outputs.append(output(content.envelope, to: content.queue, in: simulation))
        }
        return Variable(name: "published", value: TLA.set(outputs))
    }

    mutating func committed(in simulation: Simulation) -> Variable {
        var names: [String] = []
        for number in simulation.world.committed {
            names.append(
                style == .facts
                    ? fact(ofAttempt: number, in: simulation) : attempt(number, in: simulation))
        }
        return Variable(name: "committed", value: TLA.set(names))
    }

    func budget(in simulation: Simulation) -> Variable {
        let left = simulation.world.budgets
        return Variable(
            name: "budget",
            value: TLA.record(
                [
                    ("crashes", "\(left.crashes)"), ("failures", "\(left.failures)"),
                    ("redeliveries", "\(left.redeliveries)"),
                ] + (style == .claims ? [("staleReads", "\(left.staleReads)")] : [])))
    }
}
