import Logging
import Pawl
import PawlContracts
import ServiceLifecycle
import Synchronization
import Testing

private struct Step: Command { var number = 0 }

/// A door at which handlers wait until it is opened, or their endpoint is told to stop.
private final class Door: Sendable {
    private struct State {
        var isOpen = false
        var inside = 0
        var most = 0
        var all = 0
    }
    private let state = Mutex(State())

    var inside: Int { state.withLock { $0.inside } }
    /// The most that ever waited at once.
    var most: Int { state.withLock { $0.most } }
    /// All that ever came.
    var all: Int { state.withLock { $0.all } }

    func open() { state.withLock { $0.isOpen = true } }

    func pass() async throws {
        state.withLock {
            $0.inside += 1
            $0.all += 1
            $0.most = max($0.most, $0.inside)
        }
        try await until { state.withLock { $0.isOpen } || Task.isShuttingDownGracefully }
        state.withLock { $0.inside -= 1 }
    }

    var handlers: Handlers {
        Handlers("steps") { Perform(Step.self) { _, _ in try await self.pass() } }
    }
}

extension MemoryDatabase {
    /// Whether so many messages without an entity have been handled to their end.
    fileprivate func hasDone(_ count: Int) async throws -> Bool {
        let done = try await list(kind: "pawl.done", after: nil, limit: 1000)
        return done.count == count
    }

    fileprivate func send(steps: Int) async throws {
        _ = try await register(Registration(endpoint: "steps", types: ["Step"]))
        let messages = try (0..<steps).map {
            Outgoing(try Envelope.outside(Step(number: $0), id: "\($0)"), to: "steps")
        }
        try await send(messages)
    }
}

@Suite("A running endpoint", .timeLimit(.minutes(1)))
struct RunningTests {
    @Test("handles as many messages at once as it may, and no more", arguments: [1, 2, 7])
    func concurrency(limit: Int) async throws {
        let door = Door()
        let database = MemoryDatabase()
        try await database.send(steps: 20)
        let endpoint = Endpoint(
            door.handlers, store: database, transport: database, deduplication: .outbox,
            options: EndpointOptions(concurrency: limit))
        try await running([endpoint]) {
            try await until { door.inside == limit }
            door.open()
            try await until { try await database.hasDone(20) }
        }
        #expect(door.most == limit)
        #expect(door.all == 20)
    }

    @Test("that is told to stop finishes what it has begun, and begins nothing more")
    func shutdown() async throws {
        let door = Door()
        let database = MemoryDatabase()
        try await database.send(steps: 10)
        let endpoint = Endpoint(
            door.handlers, store: database, transport: database, deduplication: .outbox,
            options: EndpointOptions(concurrency: 3))
        let group = ServiceGroup(services: [endpoint], logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await until { door.inside == 3 }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(door.all == 3)
        #expect(try await database.hasDone(3))
        // The others are there at once for whoever comes next.
        #expect(
            try await database.takeNow(from: "steps").map(\.attempt)
                == Array(repeating: 1, count: 7))
    }

    @Test("that has nothing to do stops at once when it is told to")
    func idleShutdown() async throws {
        let database = MemoryDatabase()
        let endpoint = Endpoint(till, database: database)
        try await running([endpoint]) {
            try await until { try await database.directory(fresh: true).endpoints.count == 1 }
        }
    }

    @Test("keeps the leases of what it handles, however long that takes")
    func leases() async throws {
        let clock = ManualClock()
        let door = Door()
        let database = MemoryDatabase(environment: clock.environment)
        try await database.send(steps: 3)
        let endpoint = Endpoint(
            door.handlers, store: database, transport: database, deduplication: .outbox,
            environment: clock.environment)
        try await running([endpoint]) {
            try await until { door.inside == 3 }
            for _ in 0..<60 {
                // The keeper of the leases sleeps, and the one of the registration.
                await clock.waitForSleepers(2)
                await clock.advance(by: .seconds(5))
                #expect(try await database.takeNow(from: "steps").isEmpty)
            }
            door.open()
            try await until { try await database.hasDone(3) }
        }
        #expect(door.all == 3)
    }

    @Test("shares its queue with others of its name; conflicts are no errors", arguments: [1, 2])
    func instances(seed: Int) async throws {
        let log = CapturedLog()
        let database = MemoryDatabase()
        _ = try await database.register(Registration(endpoint: "till", types: ["Pay"]))
        _ = try await database.register(Registration(endpoint: "orders", types: ["Paid"]))
        // All about one account, each twice.
        let messages = try (0..<100).map {
            Outgoing(
                try Envelope.outside(Pay(account: "a", amount: 1), id: "\($0 / 2)"), to: "till")
        }
        var generator = SeededGenerator(seed: UInt64(seed))
        try await database.send(messages.shuffled(using: &generator))
        let instances = (0..<4).map { _ in
            Endpoint(
                till, store: database, transport: database, deduplication: .outbox,
                logger: log.logger)
        }
        try await running(instances) {
            try await until {
                try await database.read(Purse.self, "a")?.payments.count == 50
            }
        }
        #expect(try await database.read(Purse.self, "a")?.balance == 50)
        #expect(log.entries(from: .warning).isEmpty)
        let events = try await Set(database.takeNow(from: "orders").map(\.message))
        #expect(events.count == 50)
    }

    @Test("is refused the name of another one, and told what both handle")
    func nameTaken() async throws {
        let database = MemoryDatabase()
        let other = Handlers("till") { Handle(Step.self) { _, _ in } }
        try await Endpoint(till, database: database).register()
        let error = await #expect(throws: PawlError.self) {
            try await Endpoint(other, database: database).run()
        }
        #expect(error?.code == .nameTaken)
        #expect(error?.message.contains("Pay") == true)
        #expect(error?.message.contains("Step") == true)
        #expect(error?.message.contains("till") == true)
    }

    @Test("makes itself known again and again, so that its name stays its own")
    func staysRegistered() async throws {
        let clock = ManualClock()
        let database = MemoryDatabase(environment: clock.environment)
        let other = Endpoint(
            Handlers("till") { Handle(Step.self) { _, _ in } }, database: database,
            environment: clock.environment)
        let endpoint = Endpoint(till, database: database, environment: clock.environment)
        try await running([endpoint]) {
            for _ in 0..<20 {
                await clock.waitForSleepers(2)
                await clock.advance(by: .seconds(10))
            }
            await #expect(throws: PawlError.self) { try await other.register() }
        }
        await clock.advance(by: Registration.liveFor)
        try await other.register()
    }

    @Test("whose queue is out of reach says so once, and goes on when it is back")
    func outage() async throws {
        let clock = ManualClock()
        let log = CapturedLog()
        let base = MemoryDatabase(environment: clock.environment)
        try await base.send(steps: 1)
        let boundary = Boundary(.failBefore(.didNotHappen), at: 0, count: 8)
        let bounded = BoundedDatabase(base: base, boundary: boundary)
        let door = Door()
        door.open()
        let endpoint = Endpoint(
            door.handlers, store: bounded, transport: bounded, deduplication: .outbox,
            environment: clock.environment, logger: log.logger)
        try await running([endpoint]) {
            try await until {
                await clock.advance(by: .seconds(1))
                return try await base.hasDone(1)
            }
        }
        #expect(log.entries(from: .warning).count == 1)
        #expect(door.all == 1)
    }
}
