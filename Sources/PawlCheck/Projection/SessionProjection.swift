internal import Pawl

/// States as `Specs/Session.tla` has them: those of the outbox, with sessions and what they announce.
///
/// A session sends first what announces it, so what it writes after one sending is its state, and
/// what it writes after two says that its messages are sent. How often it has called its algorithm
/// no call says; in the spec it calls as often as it takes.
struct SessionProjection: Projection {
    private var base = OutboxProjection()

    var naming: Naming {
        get { base.naming }
        set { base.naming = newValue }
    }

    func others(in simulation: Simulation) -> [Variable] {
        let consumers = simulation.world.processes.indices.filter {
            simulation.world.processes[$0].role == 0
        }
        let carried = consumers.map { index -> (String, String) in
            let entry = simulation.world.entries.first {
                $0.holder == index && !naming.isMessage($0, in: simulation)
            }
            return (
                TLA.text(naming.process(index, in: simulation)),
                entry.map { announcement($0, in: simulation) } ?? Self.nothing
            )
        }
        return [
            announcements(in: simulation),
            Variable(name: "carried", value: TLA.function(carried)),
            Variable(name: "now", value: "\(interval(simulation.world.now))"),
            Variable(name: "delays", value: "\(simulation.world.budgets.delays)"),
        ]
    }

    // MARK: Announcements

    private static let nothing = TLA.record([
        ("of", TLA.text("")), ("tries", "0"), ("due", "0"),
    ])

    /// Those that wait: how many there are of each kind. Their ids are random.
    private func announcements(in simulation: Simulation) -> Variable {
        var counts: [String: Int] = [:]
        for entry in simulation.world.entries
        where !entry.isGone && entry.holder == nil && !naming.isMessage(entry, in: simulation) {
            counts[announcement(entry, in: simulation), default: 0] += 1
        }
        return Variable(
            name: "announcements",
            value: TLA.function(counts.map { ($0.key, "\($0.value)") }))
    }

    private func announcement(_ entry: WorldState.Entry, in simulation: Simulation) -> String {
        let envelope = simulation.interner.contents[entry.content].envelope
        let tries = (try? JSON.decode(Submission.self, from: envelope.body))?.tries ?? -1
        return TLA.record([
            ("of", TLA.text(naming.message(envelope.conversation, in: simulation))),
            ("tries", "\(tries)"), ("due", "\(interval(entry.visibleFrom))"),
        ])
    }

    /// Time goes by from one look at a submission to the next only.
    private func interval(_ time: Timestamp) -> Int {
        Int((time - Plan.beginning).microseconds / Submission.interval.microseconds)
    }

    // MARK: Processes

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        let state = simulation.world.processes[index]
        let answers = Answers(to: index, in: simulation)
        if state.role > 0 { return session(state, answers, in: simulation) }
        guard case .complete = answers.operation, let call = state.pending.first?.call
        else { return base.hand(of: index, in: simulation) }
        var hand = Hand()
        if case .receive = call { return hand }
        let held = simulation.world.entries.first { $0.holder == index }
        let submission = held.map { simulation.interner.contents[$0.content].envelope.conversation }
        hand.copy = submission.map { [TLA.text(naming.message($0, in: simulation))] } ?? []
        hand.isTouched = state.hasLeftTraces
        naming.fill(&hand, from: call, answers, in: simulation)
        switch call {
        // The one document beside the entity that is read: it lists those that lie there.
        case .read(let address)
        where !Naming.isEntity(simulation.interner.addresses[address].key):
            hand.step = "gather"
            // The call does not say what was read before it.
            hand.document = naming.document(answers.document, in: simulation)
        case .read where answers.reads == 0: hand.step = "look"
        case .write(let writes, _, _) where !writes.contains { Naming.isEntity($0.key) }:
            hand.step = "fence"
            hand.document = Naming.noDocument
        case .write where answers.sends == 0: hand.step = "tombstone"
        case .send(let messages, _) where messages.first?.envelope.type == Submission.typeName:
            hand.step = "announce again"
            hand.outputs = []
            hand.document = Naming.noDocument
        default: break
        }
        return hand
    }

    private mutating func session(
        _ state: WorldState.ProcessState, _ answers: Answers, in simulation: Simulation
    ) -> Hand {
        var hand = Hand()
        let id = MessageID("submission \(state.role)")
        guard let call = state.pending.first?.call else {
            hand.step =
                simulation.world.answered.contains(id)
                ? "answered" : state.incarnation > 0 ? "dead" : "gave up"
            return hand
        }
        hand.copy = [TLA.text(naming.message(id, in: simulation))]
        hand.delivery = state.deliveries[id]?.tries ?? 0
        hand.isTouched = state.hasLeftTraces
        naming.fill(&hand, from: call, answers, in: simulation)
        switch call {
        case .send where answers.sends == 0:
            hand.step = "announce"
            hand.outputs = []
        case .write where answers.sends == 1: hand.step = "save"
        default: break
        }
        return hand
    }
}
