import Pawl
import PawlCheck
import Testing

@testable import Webshop

/// The handlers of the natural shop. In these worlds the checker compares what copies lead to with
/// what there is without them; see ``Deduplication/natural``.
@Suite("The natural shop's handlers, whatever happens", .timeLimit(.minutes(5)))
struct NaturalShopTests {
    @Test("charge an account once for an order that comes twice")
    func charging() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(NaturalShop.billing, instances: 2, deduplication: .natural)
            world.outside("orders", handles: AccountCharged.self)
            world.deliver(ChargeAccount(order: "1", customer: "anna", amount: 30), copies: 2)
            world.always("never charged twice") {
                try $0.state(NaturalShop.Account.self, "anna").charges.count <= 1
            }
            world.finally("charged once, and orders is told once") {
                let account = try $0.state(NaturalShop.Account.self, "anna")
                let told = try $0.sent(AccountCharged.self)
                return account.charges.count == 1 && account.balance.total == -30
                    && told.map(\.charge) == account.charges.ids
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("keep two orders of one customer apart, and lose neither")
    func twoOrders() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 1)) { world in
            world.run(NaturalShop.billing, deduplication: .natural)
            world.outside("orders", handles: AccountCharged.self)
            world.deliver(ChargeAccount(order: "1", customer: "anna", amount: 30), copies: 2)
            world.deliver(ChargeAccount(order: "2", customer: "anna", amount: 12))
            world.finally("both are charged") {
                try $0.state(NaturalShop.Account.self, "anna").balance.total == -42
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("send one parcel for an order that comes twice")
    func shipping() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(NaturalShop.shipping, instances: 2, deduplication: .natural)
            world.outside("orders", handles: OrderShipped.self)
            world.deliver(ShipOrder(order: "1", customer: "anna"), copies: 2)
            world.finally("one parcel, and orders is told of it") {
                let parcels = try $0.state(NaturalShop.Shipment.self, "1").parcels.ids
                return try parcels.count == 1 && $0.sent(OrderShipped.self).map(\.parcel) == parcels
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("do not set an order back where a copy comes late")
    func lateCopy() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(NaturalShop.orders, deduplication: .natural)
            world.outside("others", handles: ChargeAccount.self, ShipOrder.self)
            world.deliver(PlaceOrder(order: "1", customer: "anna", amount: 30), copies: 2)
            world.deliver(AccountCharged(order: "1", customer: "anna", charge: "c"))
            world.finally("paid for") {
                let order = try $0.state(NaturalShop.Order.self, "1")
                return order.status.value == .charged && order.charges.elements == ["c"]
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("take a cart that is submitted twice for one order")
    func submittedTwice() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            let carts = carts(post: Nowhere())
            world.run(carts, deduplication: .natural)
            world.outside("orders", handles: PlaceOrder.self)
            world.session(carts, deduplication: .natural, instances: 2) { session in
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
            for handlers in [
                carts(post: Nowhere()), NaturalShop.orders, NaturalShop.billing,
                NaturalShop.shipping,
            ] {
                world.run(handlers, deduplication: .natural)
            }
            world.deliver(PlaceOrder(order: "1", customer: "anna", amount: 30), copies: 2)
            world.finally("charged, shipped and told once") {
                try $0.state(NaturalShop.Account.self, "anna").charges.count == 1
                    && $0.state(NaturalShop.Shipment.self, "1").parcels.count == 1
                    && $0.state(NaturalShop.Order.self, "1").status.value == .shipped
                    && $0.state(Cart.self, "1").isTold
            }
        }
    }

    @Test(
        "are needed: those of the other shop count copies",
        arguments: [
            (billing, ChargeAccount(order: "1", customer: "anna", amount: 30) as any Pawl.Command),
            (Webshop.shipping, ShipOrder(order: "1", customer: "anna")),
        ])
    func otherShop(handlers: Handlers, message: any Pawl.Command) throws {
        let failure = #expect(throws: CheckFailure.self) {
            try check(.exhaustive(crashes: 0, failures: 0)) { world in
                world.run(handlers, deduplication: .natural)
                world.outside("orders", handles: AccountCharged.self, OrderShipped.self)
                world.deliver(message, copies: 2)
            }
        }
        let found = try #require(failure?.violations.first)
        #expect(found.property == "idempotence: the same end, whatever the copies")
    }
}
