import Pawl
import PawlContracts
import Synchronization
import Testing

private struct Kill: Command { var name = "kill" }
private struct Live: Command { let number: Int }
private struct Lived: Event, Hashable { let number: Int }

/// One incarnation of a process that runs the endpoint.
private final class Incarnation: Sendable {
    let boundary = Boundary()
    let begun = Mutex(0)
    let innocents: Int

    /// - Parameter innocents: How many innocent messages are in flight when the process dies; the
    ///   others are handled.
    init(innocents: Int) {
        self.innocents = innocents
    }

    func handlers(_ environment: Environment) -> Handlers {
        Handlers("mortal") {
            Perform(Kill.self) { _, _ in
                try await until { self.begun.withLock { $0 } >= self.innocents }
                self.boundary.die()
                try await environment.sleep(.days(1))
            }
            Perform(Live.self) { message, _ in
                self.begun.withLock { $0 += 1 }
                if self.innocents > 0 { try await environment.sleep(.days(1)) }
                return Lived(number: message.number)
            }
        }
    }
}

@Suite("A process that dies", .timeLimit(.minutes(1)))
struct DeathTests {
    private let clock = ManualClock()
    private let database: MemoryDatabase

    init() {
        database = MemoryDatabase(environment: clock.environment)
    }

    /// Runs a process until a condition holds; then its leases end.
    private func live(
        _ incarnation: Incarnation, until isOver: @escaping @Sendable () async throws -> Bool
    ) async throws {
        let bounded = BoundedDatabase(base: database, boundary: incarnation.boundary)
        let endpoint = Endpoint(
            incarnation.handlers(clock.environment), store: bounded, transport: bounded,
            deduplication: .outbox, environment: clock.environment)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await endpoint.run() }
            try await until { try await isOver() }
            group.cancelAll()
        }
        await clock.advance(by: .seconds(31))
    }

    private func letters() async throws -> [DeadLetter] {
        try await DeadLetters(in: database, environment: clock.environment).list()
    }

    @Test("of one message three times gives that one up, and none of those beside it")
    func poison() async throws {
        _ = try await database.register(Registration(endpoint: "mortal", types: ["Kill", "Live"]))
        _ = try await database.register(Registration(endpoint: "lived", types: ["Lived"]))
        let messages =
            try (0..<4).map { try Envelope.outside(Live(number: $0), id: "\($0)") }
            + [Envelope.outside(Kill(), id: "kill")]
            + (4..<9).map { try Envelope.outside(Live(number: $0), id: "\($0)") }
        try await database.send(messages.map { Outgoing($0, to: "mortal") })
        let first = Incarnation(innocents: 9)
        try await live(first) { first.boundary.isDead }
        // Three deaths with nothing else in flight.
        for _ in 0..<3 {
            let next = Incarnation(innocents: 0)
            try await live(next) { next.boundary.isDead }
            #expect(try await letters().isEmpty)
        }
        var lived: [Delivery] = []
        let last = Incarnation(innocents: 0)
        try await live(last) {
            if try await letters().isEmpty { return false }
            let documents = try await database.list(kind: "pawl.done", after: nil, limit: 100)
            return documents.count == 9
        }
        #expect(!last.boundary.isDead)
        let letter = try #require(try await letters().first)
        #expect(try await letters().count == 1)
        #expect(letter.type == "Kill")
        #expect(letter.error.contains("died 3 times"))
        #expect(letter.attempts == 3)
        lived += try await database.takeNow(from: "lived")
        let events = try Set(
            lived.map { try value(Lived.self, from: Envelope(decoding: $0.message).body) })
        #expect(events == Set((0..<9).map { Lived(number: $0) }))
        #expect(try await database.takeNow(from: "mortal").isEmpty)
    }

    @Test("of something else blames none of the messages that it was handling")
    func innocent() async throws {
        _ = try await database.register(Registration(endpoint: "mortal", types: ["Kill", "Live"]))
        _ = try await database.register(Registration(endpoint: "lived", types: ["Lived"]))
        for number in 0..<5 {
            let message = try Envelope.outside(Live(number: number), id: "\(number)")
            try await database.send([Outgoing(message, to: "mortal")])
        }
        for _ in 0..<3 {
            let next = Incarnation(innocents: 5)
            try await live(next) { next.begun.withLock { $0 } >= 1 }
        }
        let last = Incarnation(innocents: 0)
        try await live(last) {
            try await database.list(kind: "pawl.done", after: nil, limit: 100).count == 5
        }
        #expect(try await letters().isEmpty)
    }
}
