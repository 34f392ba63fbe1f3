internal import Pawl

/// A scope in which an algorithm is explored alone: bare consumers of one queue, without retries,
/// leases or codecs, and messages about one entity.
package struct AlgorithmScope: Sendable {
    /// The algorithm.
    package var algorithm: AlgorithmUnderCheck
    /// How many processes consume.
    package var consumers = 2
    /// How many different messages there are, all about one entity.
    package var messages = 1
    /// How many copies of the first message there are.
    package var copies = 1
    /// How many messages each message causes.
    package var outputs = 1
    /// Whether the first message is turned down, so that the state stays as it is. What it has to
    /// send is sent all the same.
    package var rejects = false
    /// Whether a commit of the same database has sent the messages.
    package var isLocal = false
    /// How many sessions change the entity, each with a submission of its own.
    package var sessions = 0
    /// How often each submission is made, by a process each.
    package var resubmissions = 1
    /// How many processes consume what the messages cause.
    package var receivers = 0
    /// Whether the algorithm keeps something in memory from one message to the next, which is part
    /// of a process's state then. Pawl's own keep nothing.
    package var keepsMemory = false
    /// How far time leaps for an expiry.
    package var leap: Duration = .days(7)
    /// What may go wrong.
    package var budgets = Budgets()

    package init(_ algorithm: AlgorithmUnderCheck) {
        self.algorithm = algorithm
    }

    private static let queue = "orders"
    fileprivate static let outbound = "outbound"
    private static let key = DocumentKey(kind: "Entity", id: "e")
    private static let first = MessageID("message 1")
    private static let receiverKey = DocumentKey(kind: "Received", id: "r")

    /// The scope in words.
    package var description: String {
        var parts = [
            """
            \(algorithm.name), \(Text.counted(consumers, "consumer", "consumers")) × \
            \(Text.counted(messages, "message", "messages"))
            """
        ]
        if copies > 1 { parts.append("\(copies) copies of the first") }
        if outputs != 1 { parts.append("\(Text.counted(outputs, "output", "outputs")) each") }
        if sessions > 0 { parts.append(Text.counted(sessions, "session", "sessions")) }
        if sessions > 0, resubmissions != 1 { parts.append("each made \(resubmissions) times") }
        if rejects { parts.append("the first turned down") }
        if receivers > 0 { parts.append(Text.counted(receivers, "receiver", "receivers")) }
        if isLocal { parts.append("sent by the same database") }
        return parts.joined(separator: ", ")
    }

    /// What is to be explored.
    package var plan: Plan {
        var plan = Plan()
        plan.budgets = budgets
        plan.retention = leap
        if let largest = algorithm.largestDocument {
            plan.limits = StoreLimits(largestDocument: largest, largestBatch: 100)
        }
        plan.endpoints = [Self.queue: ["Message"], Self.outbound: ["Output"]]
        plan.consumed = [Self.queue]
        plan.watched = [Self.queue]
        for number in 0..<messages {
            let envelope = Envelope(
                id: MessageID("message \(number + 1)"), type: "Message", body: [],
                sentAt: Plan.beginning)
            plan.add(
                Plan.Message(
                    envelope: envelope, queue: Self.queue, copies: number == 0 ? copies : 1,
                    isLocal: isLocal), hasToken: algorithm.hasTokens)
        }
        plan.roles.append(
            consumer("consumer", of: Self.queue, instances: consumers, changing: Self.key, outputs))
        if receivers > 0 {
            plan.consumed.insert(Self.outbound)
            plan.watched.insert(Self.outbound)
            plan.roles.append(
                consumer(
                    "receiver", of: Self.outbound, instances: receivers,
                    changing: Self.receiverKey, 0))
        }
        if algorithm.demand == .idempotence { plan.reference = Reference() }
        for session in 0..<sessions {
            plan.roles.append(self.session(session))
        }
        return plan
    }

    private func consumer(
        _ name: String, of queue: String, instances: Int, changing key: DocumentKey, _ outputs: Int
    ) -> Plan.Role {
        let algorithm = algorithm
        let rejects = rejects
        var role = Plan.Role(
            name: name, instances: instances, forgets: !keepsMemory, isCancellable: false
        ) { process in
            let simulation = process.simulation
            let database = process.database
            let environment = process.environment
            let deduplication = algorithm.make(database, environment)
            let router = Router(transport: database)
            while true {
                guard
                    let delivery = try? await database.receive(
                        from: queue, max: 1, lease: .seconds(30)
                    ).first,
                    let envelope = simulation.envelope(of: delivery.receipt)
                else {
                    // Whoever lives on after a call that failed makes it again.
                    if simulation.isAlive(process) { continue }
                    return
                }
                // A failed attempt gives the message back; that is all the recovery there is.
                do {
                    let outcome: Outcome
                    if envelope.type == Submission.typeName {
                        outcome = try await Submission.finish(
                            envelope, delivery.receipt, at: queue, with: deduplication,
                            over: database, environment)
                    } else {
                        let work = simulation.watched(
                            algorithm.work(
                                key, outputs: outputs, on: envelope,
                                rejects: rejects && envelope.id == Self.first), on: envelope,
                            at: queue, in: process, as: algorithm.watching)
                        outcome = try await deduplication.process(
                            Attempt(
                                message: envelope, endpoint: queue, work: work,
                                router: router, environment: environment),
                            delivery.receipt)
                    }
                    if outcome == .conflict { simulation.giveBack(delivery.receipt, by: process) }
                } catch {
                    simulation.giveBack(delivery.receipt, by: process)
                }
            }
        }
        // It handles one after the other as it is.
        role.alone = role.body
        return role
    }

    private func session(_ number: Int) -> Plan.Role {
        let algorithm = algorithm
        let outputs = outputs
        return Plan.Role(
            name: sessions == 1 ? "session" : "session \(number + 1)", instances: resubmissions,
            // An attempt at a submission is named after its process.
            restarts: false, isSymmetric: false, isCancellable: false
        ) { process in
            let simulation = process.simulation
            let environment = process.environment
            let envelope = Envelope(
                id: MessageID("submission \(number + 1)"), type: "pawl.session", body: [],
                sentAt: Plan.beginning)
            let attempt = Attempt(
                message: envelope, endpoint: Self.queue,
                work: simulation.watched(
                    algorithm.work(Self.key, outputs: outputs, on: envelope), on: envelope,
                    at: Self.queue, in: process, as: algorithm.watching.ofSubmissions),
                router: Router(transport: process.database), environment: environment)
            let deduplication = algorithm.make(process.database, environment)
            // Whoever gets no answer asks again, with the same id; after a while he gives up.
            for _ in 0..<4 {
                let outcome = try? await deduplication.submit(attempt)
                if let outcome, outcome != .conflict {
                    return simulation.noteAnswered(envelope.id, by: process)
                }
            }
        }
    }
}

/// An entity in which a message's effect shows, and shows once, however often it is applied.
struct HandledMessages: Entity {
    var messages = GrowOnlySet<MessageID>()
}

extension AlgorithmUnderCheck {
    /// The least that a handler can do: it changes the entity and sends messages. What the attempt
    /// and the entity's version have to do with that, the marks say; where there are none, the
    /// entity and the messages have to say what comes of what.
    fileprivate func work(
        _ key: DocumentKey, outputs: Int, on message: Envelope, rejects: Bool = false
    ) -> Work {
        let isIdempotent = demand == .idempotence
        return Work(partition: PartitionKey(key.id), keys: [key]) { bodies, context in
            if rejects { context.reject() }
            for _ in 0..<outputs {
                context.add(
                    type: "Output", body: isIdempotent ? try JSON.encode(message.id) : [],
                    to: .queue(AlgorithmScope.outbound))
            }
            guard isIdempotent else { return [[UInt8(ascii: "{"), UInt8(ascii: "}")]] }
            let before = try bodies[0].map { try HandledMessages(storedAs: $0, at: key) }
            var handled = before ?? HandledMessages()
            handled.messages.insert(message.id)
            return [try JSON.encode(handled)]
        }
    }
}

extension Simulation {
    /// The message of a delivery, without decoding it.
    func envelope(of receipt: Receipt) -> Envelope? {
        guard executor.isOnOwnThread else { return nil }
        return interner.content(of: receipt)?.envelope
    }

    /// Whether a process may still do anything.
    fileprivate func isAlive(_ process: SimulatedProcess) -> Bool {
        executor.isOnOwnThread && isLive(process.identity)
    }

    /// A process lets go of a message at once, as if its connection had been closed.
    func giveBack(_ receipt: Receipt, by process: SimulatedProcess) {
        guard isAlive(process) else { return }
        act(.giveBack(receipt), by: process.identity)
    }

    /// A session was told that its submission is saved.
    func noteAnswered(_ id: MessageID, by process: SimulatedProcess) {
        guard isAlive(process) else { return }
        act(.answered(id), by: process.identity)
    }
}
