internal import Pawl
internal import Synchronization

/// What an execution has come to: what is saved and what was sent, by whichever attempts and in
/// whichever order.
struct Ending: Hashable, Sendable {
    /// Where a document is.
    struct Place: Hashable, Sendable, Comparable {
        let partition: PartitionKey
        let key: DocumentKey

        static func < (left: Place, right: Place) -> Bool {
            (left.partition, left.key) < (right.partition, right.key)
        }
    }

    /// A message in a queue, by its identity.
    struct Identity: Hashable, Sendable, Comparable {
        let queue: String
        let id: MessageID

        static func < (left: Identity, right: Identity) -> Bool {
            (left.queue, left.id) < (right.queue, right.id)
        }
    }

    /// What a message says. When it was sent is not part of it: that differs where time goes by.
    struct Content: Hashable, Sendable {
        let type: String
        let body: [UInt8]
    }

    /// The entities, by their places.
    var documents: [Place: [UInt8]] = [:]
    /// Everything that was ever sent, each message once.
    var messages: [Identity: Content] = [:]
    /// The messages that were given up.
    var deadLetters: Set<MessageID> = []
}

/// The ends that a world comes to when each message is delivered exactly once, one after the other,
/// and nothing goes wrong. Where handlers have to be idempotent, every other execution must come to
/// one of them: the copies, deaths and failures in it must not show.
///
/// They are found before anything else is explored, once for a plan and all that are made from it.
/// What is outside of the endpoints, sessions and code of the user's own, is no consumer of messages,
/// so that what goes wrong there may well show: that can go wrong here, too. Until it does, others
/// wait while a submission is under way.
package final class Reference: Sendable {
    private enum Progress: Sendable {
        case unknown
        case known(Set<Ending>)
        case failed(String)
    }

    private let progress = Mutex(Progress.unknown)

    /// The most executions that it may take.
    private let mostExecutions: Int

    init(mostExecutions: Int = 200_000) {
        self.mostExecutions = mostExecutions
    }

    /// Finds out, unless that was done before. Blocks the calling thread meanwhile.
    ///
    /// - Parameter plan: The plan whose executions are to be compared.
    /// - Returns: Why it is not known; `nil` if it is.
    func prepare(for plan: Plan) -> String? {
        progress.withLock { progress in
            if case .unknown = progress { progress = explore(plan.withoutCopies) }
            if case .failed(let reason) = progress { return reason }
            return nil
        }
    }

    private func explore(_ plan: Plan) -> Progress {
        let endings = EndingCollector()
        var plan = plan
        plan.endings = endings
        var limits = ExplorationLimits()
        limits.executions = mostExecutions
        // What is wrong even so is found again, and told, where everything is explored.
        limits.stopsAtViolation = false
        // Who submits keeps others waiting, whether or not what they do depends on it; so of choices
        // that seem independent, one order is not enough.
        let findings = plan.explore(Reductions(sleepSets: false), limits)
        if findings.isExhausted { return .known(endings.all) }
        return .failed(
            """
            What the world comes to without copies and faults, with which all else is to be \
            compared, is not known: \(findings.caveats.joined(separator: "; ")). Take fewer \
            messages or sessions.
            """)
    }

    /// The ends. They have to be found before anything is compared with them.
    var endings: Set<Ending> {
        progress.withLock { progress in
            switch progress {
            case .known(let endings): return endings
            // Nobody explores then.
            case .failed: return []
            case .unknown: preconditionFailure("compared with ends that were not looked for")
            }
        }
    }
}

/// Gathers the ends that executions come to.
final class EndingCollector: Sendable {
    private let found = Mutex<Set<Ending>>([])

    var all: Set<Ending> { found.withLock { $0 } }

    func add(_ ending: Ending) {
        found.withLock { _ = $0.insert(ending) }
    }
}

extension Plan {
    /// The same world in which each message comes once, endpoints handle one after the other, and
    /// nothing goes wrong but outside of them.
    fileprivate var withoutCopies: Plan {
        var plan = self
        plan.reference = nil
        plan.always = []
        plan.finally = []
        for index in plan.messages.indices { plan.messages[index].copies = 1 }
        let hasOutside = plan.roles.contains { $0.alone == nil }
        plan.budgets =
            hasOutside
            ? Budgets(
                crashes: budgets.crashes, failures: budgets.failures, delays: budgets.delays)
            : Budgets()
        plan.sparesEndpoints = true
        for (index, role) in plan.roles.enumerated() {
            guard let alone = role.alone else { continue }
            plan.roles[index].instances = 1
            plan.roles[index].body = alone
        }
        return plan
    }
}

extension Simulation {
    /// What this execution has come to.
    var ending: Ending {
        var ending = Ending()
        for slot in world.documents {
            let address = interner.addresses[slot.address]
            let isPawls = address.key.kind.hasPrefix("pawl.")
            guard !isPawls, let body = read(slot.address)?.content.body else { continue }
            ending.documents[Ending.Place(partition: address.partition, key: address.key)] =
                Marks.text(body)
        }
        for message in world.published {
            let content = interner.contents[message.content]
            guard content.envelope.type != Submission.typeName else { continue }
            ending.messages[Ending.Identity(queue: content.queue, id: content.envelope.id)] =
                Ending.Content(
                    type: content.envelope.type, body: Marks.text(content.envelope.body))
        }
        ending.deadLetters = Set(
            scan("pawl.dead-letter") { _ in true }
                .compactMap { MessageID(hexadecimal: $0.key.id) })
        return ending
    }

    /// Whatever the copies and the faults were, they must not show in the end.
    func checkEnding() {
        guard let reference = plan.reference, world.violation == nil else { return }
        let ending = ending
        let known = reference.endings
        if known.contains(ending) { return }
        // What was given up because calls failed is somebody's to try again, and may be half done.
        let hasFailed =
            world.budgets.failures < plan.budgets.failures
            || world.budgets.crashes < plan.budgets.crashes
        let wereGivenUp = known.map(\.deadLetters)
        if hasFailed, !wereGivenUp.contains(ending.deadLetters) { return }
        let nearest = known.map { difference(of: ending, from: $0) }
            .min { ($0.count, $0.joined()) < ($1.count, $1.joined()) }
        violate(
            "idempotence: the same end, whatever the copies",
            """
            With each message delivered once and nothing going wrong, it never ends like this. \
            \(nearest?.joined(separator: " ") ?? "Without copies and faults nothing comes to an end.")
            """)
    }

    /// What differs, a sentence each.
    private func difference(of ending: Ending, from other: Ending) -> [String] {
        var sentences: [String] = []
        for place in Set(ending.documents.keys).union(other.documents.keys).sorted() {
            let (here, there) = (ending.documents[place], other.documents[place])
            guard here != there else { continue }
            sentences.append(
                "\(place.key) is \(text(here)) in the end, but \(text(there)) without copies.")
        }
        for identity in Set(ending.messages.keys).union(other.messages.keys).sorted() {
            let (here, there) = (ending.messages[identity], other.messages[identity])
            guard here != there, let type = (here ?? there)?.type else { continue }
            let message = "\(type) \(identity.id.description.prefix(6)) to \(identity.queue)"
            switch (here, there) {
            case (nil, _): sentences.append("\(message) was never sent, but is without copies.")
            case (_, nil): sentences.append("\(message) was sent, but never is without copies.")
            case (let here?, let there?):
                sentences.append(
                    "\(message) says \(text(here.body)), but \(text(there.body)) without copies.")
            }
        }
        for id in ending.deadLetters.symmetricDifference(other.deadLetters).sorted() {
            let isHere = ending.deadLetters.contains(id)
            sentences.append(
                "\(name(of: id)) \(isHere ? "was given up, but is not" : "was not given up, but is") without copies."
            )
        }
        return sentences
    }

    private func text(_ body: [UInt8]?) -> String {
        body.map { $0.isEmpty ? "empty" : String(decoding: $0, as: UTF8.self) } ?? "absent"
    }
}
