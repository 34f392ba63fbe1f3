import Testing

@testable import Webshop

@Suite("The audit")
struct AuditTests {
    /// A shop with two orders, in which all is well.
    struct Books {
        var carts = ["1": told(), "2": told()]
        var orders = ["1": heard(["c1"], ["p1"]), "2": heard(["c2"], ["p2"])]
        var accounts = ["anna": account([("c1", "1"), ("c2", "2")])]
        var shipments = ["1": shipment(["p1"]), "2": shipment(["p2"])]

        var audit: Audit {
            Audit(carts: carts, orders: orders, accounts: accounts, shipments: shipments)
        }

        static func told() -> Cart {
            var cart = Cart()
            cart.isSubmitted = true
            cart.isTold = true
            return cart
        }

        static func heard(_ charges: [String], _ parcels: [String]) -> Order {
            var order = Order()
            order.charges = charges
            order.parcels = parcels
            return order
        }

        static func account(_ charges: [(id: String, order: String)]) -> Account {
            var account = Account()
            account.charges = charges.map { .init(id: $0.id, order: $0.order, amount: 1) }
            return account
        }

        static func shipment(_ parcels: [String]) -> Shipment {
            var shipment = Shipment()
            shipment.parcels = parcels.map { .init(id: $0) }
            return shipment
        }
    }

    private func expect(
        _ audit: Audit, lost: Int = 0, duplicated: Int = 0, ghosts: Int = 0,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(audit.lost == lost, sourceLocation: location)
        #expect(audit.duplicated == duplicated, sourceLocation: location)
        #expect(audit.ghosts == ghosts, sourceLocation: location)
    }

    @Test("finds nothing where all is well")
    func clean() {
        let audit = Books().audit
        expect(audit)
        #expect(audit.submitted == 2)
        #expect(audit.chargedOnce == 2)
        #expect(audit.shippedOnce == 2)
    }

    @Test("finds an order without a charge, and the ghost that it leaves")
    func lostCharge() {
        var books = Books()
        books.accounts["anna"] = Books.account([("c1", "1")])
        expect(books.audit, lost: 1, ghosts: 1)
        #expect(books.audit.chargedOnce == 1)
    }

    @Test("finds an order without a parcel")
    func lostParcel() {
        var books = Books()
        books.shipments["2"] = nil
        books.orders["2"]?.parcels = []
        expect(books.audit, lost: 1)
        #expect(books.audit.shippedOnce == 1)
    }

    @Test("finds a customer who was never told")
    func untold() {
        var books = Books()
        books.carts["1"]?.isTold = false
        expect(books.audit, lost: 1)
    }

    @Test("asks for nothing for a cart that was not submitted")
    func unsubmitted() {
        var books = Books()
        books.carts["3"] = Cart()
        expect(books.audit)
        #expect(books.audit.submitted == 2)
    }

    @Test("finds an order that was charged twice, though the events agree")
    func chargedTwice() {
        var books = Books()
        books.accounts["anna"]?.charges.append(.init(id: "c3", order: "1", amount: 1))
        books.orders["1"]?.charges.append("c3")
        expect(books.audit, duplicated: 1)
        #expect(books.audit.chargedOnce == 1)
    }

    @Test("finds an order that was charged to two accounts")
    func chargedToTwo() {
        var books = Books()
        books.accounts["bert"] = Books.account([("c3", "1")])
        expect(books.audit, duplicated: 1)
    }

    @Test("finds a second parcel")
    func shippedTwice() {
        var books = Books()
        books.shipments["2"] = Books.shipment(["p2", "p3"])
        expect(books.audit, duplicated: 1)
    }

    @Test("finds an event about a charge and one about a parcel that were never saved")
    func ghosts() {
        var books = Books()
        books.orders["1"]?.charges.append("c9")
        books.orders["2"]?.parcels.append("p9")
        expect(books.audit, ghosts: 2)
    }
}
