import Logging
import Pawl
import ServiceLifecycle
import Synchronization
import Testing

@testable import Webshop

@Suite("The webshop's handlers", .timeLimit(.minutes(1)))
struct HandlersTests {
    @Test("deliver what was ordered, with a store for each service")
    func outbox() async throws {
        let queues = MemoryTransport()
        let letters = Letters()
        let stores = (MemoryStore(), MemoryStore(), MemoryStore(), MemoryStore())
        func endpoint(_ handlers: Handlers, _ store: MemoryStore) -> Endpoint {
            Endpoint(handlers, store: store, transport: queues, deduplication: .outbox)
        }
        let endpoints = [
            endpoint(carts(post: letters), stores.0), endpoint(orders, stores.1),
            endpoint(billing, stores.2), endpoint(shipping, stores.3),
        ]
        try await shop(endpoints, letters, stores.0, stores.1, stores.2, stores.3)
    }

    @Test("deliver what was ordered, in one database")
    func transactional() async throws {
        let database = MemoryDatabase()
        let letters = Letters()
        let endpoints = [carts(post: letters), orders, billing, shipping].map {
            Endpoint($0, database: database)
        }
        try await shop(endpoints, letters, database, database, database, database)
    }

    /// Anna submits one of two carts twice; in the end there are two orders.
    private func shop(
        _ endpoints: [Endpoint], _ letters: Letters, _ cartStore: any Store,
        _ orderStore: any Store, _ accountStore: any Store, _ shipmentStore: any Store
    ) async throws {
        for endpoint in endpoints { try await endpoint.register() }
        try await running(endpoints) {
            let session = Session(of: endpoints[0])
            let first = Purchase(cart: "1", customer: "anna", amount: 30)
            #expect(try await first.submit(through: session) == .committed)
            #expect(try await first.submit(through: session) == .alreadyCommitted)
            try await Purchase(cart: "2", customer: "anna", amount: 12).submit(through: session)
            for cart in ["1", "2"] {
                while try await cartStore.read(Cart.self, cart)?.isTold != true {
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
        }
        let account = try #require(try await accountStore.read(Account.self, "anna"))
        #expect(account.balance == -42)
        #expect(account.charges.map(\.order).sorted() == ["1", "2"])
        for id in ["1", "2"] {
            let cart = try #require(try await cartStore.read(Cart.self, id))
            #expect(cart.isSubmitted && cart.isConfirmed && cart.isTold)
            let order = try #require(try await orderStore.read(Order.self, id))
            #expect(order.status == .shipped)
            #expect(order.charges == account.charges.filter { $0.order == id }.map(\.id))
            let shipment = try #require(try await shipmentStore.read(Shipment.self, id))
            #expect(order.parcels == shipment.parcels.map(\.id))
            #expect(shipment.parcels.count == 1)
        }
        #expect(letters.orders.sorted() == ["1", "2"])
    }
}

/// Letters to customers, kept in memory.
private final class Letters: Post {
    private let byKey = Mutex<[String: String]>([:])

    /// The orders that letters were about, each letter once.
    var orders: [String] { byKey.withLock { Array($0.values) } }

    func tell(_ customer: String, about order: String, key: String) async throws {
        byKey.withLock { $0[key] = order }
    }
}

/// Runs services while the body does, then shuts them down gracefully and waits for their end.
private func running(
    _ services: [any Service], _ body: @escaping @Sendable () async throws -> Void
) async throws {
    let group = ServiceGroup(services: services, logger: .init(label: "test"))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
    }
}
