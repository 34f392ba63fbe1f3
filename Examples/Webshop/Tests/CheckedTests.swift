import Pawl
import PawlCheck
import Testing

@testable import Webshop

@Suite("The webshop's handlers, whatever happens", .timeLimit(.minutes(5)))
struct CheckedTests {
    @Test(
        "charge an account once for an order that comes twice",
        arguments: [Deduplication.outbox, nil])
    func charging(deduplication: Deduplication?) throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(billing, instances: 2, deduplication: deduplication)
            world.outside("orders", handles: AccountCharged.self)
            world.deliver(ChargeAccount(order: "1", customer: "anna", amount: 30), copies: 2)
            world.always("never charged twice") {
                try $0.state(Account.self, "anna").charges.count <= 1
            }
            world.finally("charged once, and orders is told once") {
                let charges = try $0.state(Account.self, "anna").charges
                let told = try $0.sent(AccountCharged.self)
                return charges.count == 1 && told.map(\.charge) == charges.map(\.id)
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("keep two orders of one customer apart, and lose neither")
    func twoOrders() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 1)) { world in
            world.run(billing, deduplication: .outbox)
            world.outside("orders", handles: AccountCharged.self)
            world.deliver(ChargeAccount(order: "1", customer: "anna", amount: 30))
            world.deliver(ChargeAccount(order: "2", customer: "anna", amount: 12))
            world.finally("both are charged") {
                try $0.state(Account.self, "anna").balance == -42
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("take a cart that is submitted twice for one order")
    func submittedTwice() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            let carts = carts(post: Nowhere())
            world.run(carts, deduplication: .outbox)
            world.outside("orders", handles: PlaceOrder.self)
            world.session(carts, deduplication: .outbox, instances: 2) { session in
                try await Purchase(cart: "1", customer: "anna", amount: 30).submit(through: session)
            }
            world.finally("submitted and ordered, or neither") {
                let isSubmitted = try $0.state(Cart.self, "1").isSubmitted
                return try $0.sent(PlaceOrder.self).count == (isSubmitted ? 1 : 0)
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("carry an order through all four services", arguments: [1, 2, 3])
    func wholeShop(seed: UInt64) throws {
        try check(.sampled(100, seed: seed, crashes: 2, failures: 2, redeliveries: 1)) { world in
            for handlers in [carts(post: Nowhere()), orders, billing, shipping] {
                world.run(handlers, deduplication: .outbox)
            }
            world.deliver(PlaceOrder(order: "1", customer: "anna", amount: 30), copies: 2)
            world.always("nothing twice") {
                try $0.state(Account.self, "anna").charges.count <= 1
                    && $0.state(Shipment.self, "1").parcels.count <= 1
            }
            world.finally("charged, shipped and told once") {
                try $0.state(Account.self, "anna").charges.count == 1
                    && $0.state(Shipment.self, "1").parcels.count == 1
                    && $0.state(Cart.self, "1").isTold
            }
        }
    }
}

/// A post that writes to nobody.
struct Nowhere: Post {
    func tell(_ customer: String, about order: String, key: String) async throws {}
}
