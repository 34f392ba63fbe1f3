import Pawl
import PawlCheck

/// The same work for every algorithm, and what it took.
///
/// Ten walks go on at a time, each of 100 messages, each of which causes the next. The first one comes
/// from outside, and comes twice: 1 % duplicates. What a copy has sent once more is thrown away, since
/// how far copies spread depends on how long the walks are.
struct Measurement {
    /// How many messages a walk has.
    static let walk = 100
    /// How many messages are handled until new walks begin.
    static let round = walk * Workplace.walks

    /// The algorithm.
    let subject: AlgorithmUnderCheck
    /// How many messages were handled, without copies.
    let messages: Int
    /// How many of them were about the same entity.
    let messagesPerEntity: Int
    /// How many copies came.
    private(set) var copies = 0
    /// What a message took that causes another one: the same for each, but for the bytes.
    private(set) var message = CallCounts()
    private var causing = 0
    /// What all copies took together.
    private(set) var ofCopies = CallCounts()
    /// What all messages and copies took together.
    private(set) var all = CallCounts()
    /// What is remembered when all were handled.
    private(set) var remembered = 0
    /// What is remembered long after.
    private(set) var rememberedAtRest = 0
    /// For how long a copy is known, at most, as far as that was tried; `nil` if none was too old.
    private(set) var window: Duration?
    /// What the store had to offer.
    private(set) var demands = Demands()

    init(
        of subject: AlgorithmUnderCheck, messages: Int, entities: Int,
        progress: (Int) -> Void = { _ in }
    ) async throws {
        self.subject = subject
        self.messages = messages
        messagesPerEntity = messages / entities
        let place = try await Workplace(subject, entities: entities)
        var ids: Set<MessageID> = []
        for round in 0..<(messages / Self.round) {
            try await work(in: place, from: round * Self.round, &ids)
            progress((round + 1) * Self.round)
        }
        guard ids.count == messages else {
            throw WorkError(
                """
                \(subject.name) was to handle \(messages) messages, but \(ids.count) came: one was \
                lost, or one was sent that nobody wanted.
                """)
        }
        remembered = try await place.remembered(of: ids)
        rememberedAtRest = try await rest(in: place, entities: entities, &ids)
        demands = place.metered.demands
        window = try await Self.window(of: subject)
    }

    /// The calls for a message that causes another one.
    var roundTrips: Double { Double(message.roundTrips) / Double(max(1, causing)) }
    /// The calls for a copy.
    var roundTripsOfCopy: Double { Double(ofCopies.roundTrips) / Double(max(1, copies)) }
    /// The messages that a copy sends once more.
    var sentByCopy: Double { Double(ofCopies.sentMessages) / Double(max(1, copies)) }

    // MARK: The work

    private mutating func work(
        in place: Workplace, from number: Int, _ ids: inout Set<MessageID>
    ) async throws {
        var fromOutside: Set<MessageID> = []
        for walk in 0..<Workplace.walks {
            let message = try await place.sendFromOutside(
                Workplace.Step(number: number + walk, left: Self.walk - 1))
            try await place.send(message)
            fromOutside.insert(message.envelope.id)
        }
        while place.waiting > 0 {
            for (envelope, receipt) in try await place.receive() {
                let isNew = ids.insert(envelope.id).inserted
                guard isNew || fromOutside.contains(envelope.id) else {
                    // A copy has sent it once more.
                    try await place.base.acknowledge(receipt)
                    continue
                }
                let counts = try await place.handle(envelope, receipt)
                all += counts
                if !isNew {
                    copies += 1
                    ofCopies += counts
                } else if counts.sentMessages > 0 {
                    causing += 1
                    message += counts
                }
            }
        }
    }

    // MARK: What remains

    /// Lets the time pass for which anything is remembered, has each entity handle one more message,
    /// for what is only removed then, and lets that time pass again.
    private func rest(
        in place: Workplace, entities: Int, _ ids: inout Set<MessageID>
    ) async throws -> Int {
        place.clock.advance(by: Self.longAfter(subject))
        for entity in 0..<entities {
            // Any number that leaves nothing but the entity.
            let number = (messages + entities) * entities + entity
            let message = try await place.sendFromOutside(
                Workplace.Step(number: number, left: 0))
            ids.insert(message.envelope.id)
            try await place.handleAll()
        }
        place.clock.advance(by: Self.longAfter(subject))
        return try await place.remembered(of: ids)
    }

    /// Much longer than anything is remembered that is forgotten at all.
    private static func longAfter(_ subject: AlgorithmUnderCheck) -> Duration {
        (subject.deduplication?.retention ?? .days(7)) * 10
    }

    // MARK: How late a copy may be

    /// The ages at which copies are tried; between two of them, all that it takes.
    static let ages: [Duration] = [
        .seconds(60), .seconds(3_600), .days(1), .days(6), .days(8), .days(365), .days(36_500),
    ]

    /// The largest age, to the second, at which a copy changes nothing; `nil` if it does not matter.
    private static func window(of subject: AlgorithmUnderCheck) async throws -> Duration? {
        var caught = Duration.zero
        for age in ages {
            if try await isCaught(after: age, by: subject) {
                caught = age
                continue
            }
            var missed = age
            while missed - caught > .seconds(1) {
                let seconds = (missed + caught).components.seconds / 2
                let middle = Duration.seconds(seconds)
                if try await isCaught(after: middle, by: subject) {
                    caught = middle
                } else {
                    missed = middle
                }
            }
            return caught
        }
        return nil
    }

    /// Whether a copy changes nothing that is so much younger than the message. Before it, another
    /// message comes: what is too old is often removed only then.
    private static func isCaught(
        after age: Duration, by subject: AlgorithmUnderCheck
    ) async throws -> Bool {
        let place = try await Workplace(subject, entities: 1)
        let step = Workplace.Step(number: 1, left: 0)
        let message = try await place.sendFromOutside(step)
        try await place.handleAll()
        // Both messages take their time, too.
        place.clock.advance(by: age - Workplace.pace * 2)
        _ = try await place.sendFromOutside(Workplace.Step(number: 2, left: 0))
        try await place.handleAll()
        let before = try await place.state(of: step)
        try await place.send(message)
        try await place.handleAll()
        return try await place.state(of: step) == before
    }
}
