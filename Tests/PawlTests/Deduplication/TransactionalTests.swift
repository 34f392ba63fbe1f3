import PawlContracts
import Synchronization
import Testing

@testable import Pawl

@Suite("On one database", .timeLimit(.minutes(1)))
struct TransactionalTests {
    @Test("a message that was given up, and handled after all, is not handled again by a retry")
    func deadLetterOfSomethingHandled() async throws {
        var call = 0
        while try await giveUp(dyingAt: call) { call += 1 }
        #expect(call >= 3)
    }

    /// Lets a process die at a call while it gives a message up; then another one handles it, and
    /// somebody retries whatever dead letter there is. Returns whether the call was reached.
    private func giveUp(dyingAt call: Int) async throws -> Bool {
        let clock = ManualClock()
        let database = MemoryDatabase(environment: clock.environment)
        let failing = Failing(times: 1, Hopeless())
        _ = try await database.register(Registration(endpoint: "failing", types: ["Try"]))
        // Sent by a commit of the same database: its row is all that tells copies apart.
        let message = try Envelope.outside(Try(), id: "m")
        _ = try await database.commit(
            Transaction(
                receipt: nil, id: MessageID("sender"), endpoint: "sender", partition: "sender",
                writes: [], messages: [Outgoing(message, to: "failing")]))
        let boundary = Boundary(.crashBefore, at: call)
        try await deliver(failing, database, clock, boundary)
        await clock.advance(by: .seconds(31))
        try await deliver(failing, database, clock, Boundary())
        let letters = DeadLetters(in: database, environment: clock.environment)
        for letter in try await letters.list() {
            try await letters.retry(letter, over: database)
        }
        try await deliver(failing, database, clock, Boundary())
        #expect(try await database.read(Purse.self, "n")?.payments == [1], "call \(call)")
        return boundary.wasDisturbed
    }

    private func deliver(
        _ failing: Failing, _ database: MemoryDatabase, _ clock: ManualClock, _ boundary: Boundary
    ) async throws {
        let bounded = BoundedDatabase(base: database, boundary: boundary)
        let processor = Processor(
            handlers: failing.handlers, algorithm: Transactional(database: bounded),
            transport: bounded,
            book: TroubleBook(
                store: bounded, endpoint: "failing", retention: nil, environment: clock.impatient),
            options: EndpointOptions(), environment: clock.impatient, logger: CapturedLog().logger,
            metrics: EndpointMetrics(endpoint: "failing"))
        for delivery in try await database.takeNow(from: "failing") {
            await processor.process(delivery)
        }
    }

    private struct Hopeless: PermanentError {}
}
