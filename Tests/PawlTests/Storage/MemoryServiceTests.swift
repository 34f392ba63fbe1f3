import Logging
import Pawl
import PawlContracts
import ServiceLifecycle
import Testing

@Suite("backends in memory as services", .timeLimit(.minutes(1)))
struct MemoryServiceTests {
    @Test("they run in one group until it shuts down")
    func group() async throws {
        let clock = ManualClock()
        let environment = clock.environment
        let store = MemoryStore(environment: environment)
        let transport = MemoryTransport(environment: environment)
        let database = MemoryDatabase(environment: environment)
        let group = ServiceGroup(
            services: [store, transport, database], logger: .init(label: "test"))
        let key = DocumentKey(kind: "Token", id: "a")
        let content = Content(body: nil, expires: clock.now + .seconds(30))
        _ = try await store.write([.put(key, content, if: .absent)], in: "a")
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            await clock.waitForSleepers(2)
            await clock.advance(by: .seconds(60))
            await clock.waitForSleepers(2)
            #expect(try await store.read(key, in: "a") == nil)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(clock.sleeping == 0)
    }
}
