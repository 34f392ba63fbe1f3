import Pawl
import Testing

@Suite("An endpoint", .timeLimit(.minutes(1)))
struct EndpointTests {
    @Test("handles a command, publishes its event, and another endpoint handles that")
    func commandToEvent() async throws {
        let queues = MemoryTransport()
        let billingStore = MemoryStore()
        let ordersStore = MemoryStore()
        let session = Session(
            billing, store: billingStore, transport: queues, deduplication: .outbox)
        try await running([
            Endpoint(billing, store: billingStore, transport: queues, deduplication: .outbox),
            Endpoint(orders, store: ordersStore, transport: queues, deduplication: .outbox),
        ]) {
            try await until { try await queues.directory(fresh: true).endpoints.count == 2 }
            for _ in 0..<2 {
                try await session.send(id: "once") {
                    $0.send(ChargeAccount(order: "42", customer: "alice", amount: 10))
                }
            }
            try await until { try await ordersStore.read(Orders.self, "alice") != nil }
        }
        let account = try await billingStore.read(Account.self, "alice")
        #expect(account == Account(balance: -10, charges: [Charge(order: "42", amount: 10)]))
        #expect(try await ordersStore.read(Orders.self, "alice")?.charged == ["42"])
    }

    @Test("on one database needs no outbox")
    func transactional() async throws {
        let database = MemoryDatabase()
        try await running([
            Endpoint(billing, database: database), Endpoint(orders, database: database),
        ]) {
            try await until { try await database.directory(fresh: true).endpoints.count == 2 }
            let session = Session(billing, database: database)
            let results = [
                try await session.send(id: "once") {
                    $0.send(ChargeAccount(order: "42", customer: "alice", amount: 10))
                },
                try await session.send(id: "once") {
                    $0.send(ChargeAccount(order: "42", customer: "alice", amount: 10))
                },
            ]
            #expect(results == [.committed, .alreadyCommitted])
            try await until { try await database.read(Orders.self, "alice") != nil }
        }
        #expect(try await database.read(Account.self, "alice")?.balance == -10)
        #expect(try await database.read(Orders.self, "alice")?.charged == ["42"])
    }
}
