import Logging
import PawlContracts

@testable import Pawl

/// An endpoint that is driven by hand: one delivery after the other, in virtual time.
///
/// Whoever waits in it moves the clock, so nothing in a test waits for anything.
struct Hand: Sendable {
    let clock: ManualClock
    let database: MemoryDatabase
    let log = CapturedLog()
    let handlers: Handlers
    var options = EndpointOptions()
    var retention: Duration? = .days(7)
    var deduplication: Deduplication = .outbox

    init(
        _ handlers: Handlers, clock: ManualClock = ManualClock(), database: MemoryDatabase? = nil,
        options: EndpointOptions = EndpointOptions()
    ) {
        self.handlers = handlers
        self.clock = clock
        self.database = database ?? MemoryDatabase(environment: clock.environment)
        self.options = options
    }

    func register(_ others: [String: Set<String>] = [:]) async throws {
        let own = Registration(endpoint: handlers.name, types: handlers.types)
        _ = try await database.register(own)
        for (endpoint, types) in others {
            _ = try await database.register(Registration(endpoint: endpoint, types: types))
        }
    }

    func send<M: Message>(_ message: M, id: String) async throws {
        let envelope = try Envelope.outside(message, id: id, sentAt: clock.now)
        try await database.send([Outgoing(envelope, to: handlers.name)])
    }

    /// A process of the endpoint, as it sees its backends.
    func process(_ boundary: Boundary = Boundary()) -> Processor {
        let bounded = BoundedDatabase(base: database, boundary: boundary)
        return Processor(
            handlers: handlers,
            algorithm: deduplication.make(bounded, bounded, clock.impatient),
            transport: bounded,
            book: TroubleBook(
                store: bounded, endpoint: handlers.name, retention: retention,
                environment: clock.impatient),
            options: options, environment: clock.impatient, logger: log.logger,
            metrics: EndpointMetrics(endpoint: handlers.name))
    }

    /// Handles what is visible now; returns how many deliveries that were.
    @discardableResult
    func drain(_ boundary: Boundary = Boundary()) async throws -> Int {
        let processor = process(boundary)
        var count = 0
        while let delivery = try await database.takeNow(
            from: handlers.name, max: 1, lease: options.lease
        ).first {
            if delivery.attempt > 1 {
                await processor.processAlone(delivery)
            } else {
                await processor.process(delivery)
            }
            count += 1
        }
        return count
    }

    /// Handles everything that becomes visible while some time goes by.
    func drain(for duration: Duration, step: Duration = .seconds(5)) async throws {
        let end = clock.now + duration
        while clock.now < end {
            try await drain()
            await clock.advance(by: step)
        }
    }

    func letters() async throws -> [DeadLetter] {
        try await DeadLetters(in: database, environment: clock.environment).list()
    }
}
