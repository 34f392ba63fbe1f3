import Pawl
import Testing

@testable import Webshop

@Suite("The audit")
struct AuditTests {
    /// A shop with two orders, in which all is well; either of the two shops.
    struct Books {
        var carts = ["1": told(), "2": told()]
        /// The charges and parcels that orders has heard of, by order.
        var heard = [
            "1": (charges: ["c1"], parcels: ["p1"]), "2": (charges: ["c2"], parcels: ["p2"]),
        ]
        /// The charges and their orders, by account.
        var charges = ["anna": [(id: "c1", order: "1"), (id: "c2", order: "2")]]
        /// The parcels, by order.
        var parcels = ["1": ["p1"], "2": ["p2"]]

        static func told() -> Cart {
            var cart = Cart()
            cart.isSubmitted = true
            cart.isTold = true
            return cart
        }

        var audit: Audit {
            Audit(
                carts: carts,
                orders: heard.mapValues { heard in
                    var order = Order()
                    order.charges = heard.charges
                    order.parcels = heard.parcels
                    return order
                },
                accounts: charges.mapValues { charges in
                    var account = Account()
                    account.charges = charges.map { .init(id: $0.id, order: $0.order, amount: 1) }
                    return account
                },
                shipments: parcels.mapValues { parcels in
                    var shipment = Shipment()
                    shipment.parcels = parcels.map { .init(id: $0) }
                    return shipment
                })
        }

        /// The same of the natural shop.
        func naturalAudit() throws -> Audit {
            Audit(
                carts: carts,
                orders: heard.mapValues { heard in
                    var order = NaturalShop.Order()
                    order.charges = GrowOnlySet(heard.charges)
                    order.parcels = GrowOnlySet(heard.parcels)
                    return order
                },
                accounts: try charges.mapValues { charges in
                    var account = NaturalShop.Account()
                    for (id, order) in charges {
                        try account.charges.record(.init(order: order, amount: 1), as: id)
                    }
                    return account
                },
                shipments: try parcels.mapValues { parcels in
                    var shipment = NaturalShop.Shipment()
                    for id in parcels {
                        try shipment.parcels.record(.init(customer: "anna"), as: id)
                    }
                    return shipment
                })
        }
    }

    private func expect(
        _ books: Books, lost: Int = 0, duplicated: Int = 0, ghosts: Int = 0,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let audit = books.audit
        #expect(try books.naturalAudit() == audit, sourceLocation: location)
        #expect(audit.lost == lost, sourceLocation: location)
        #expect(audit.duplicated == duplicated, sourceLocation: location)
        #expect(audit.ghosts == ghosts, sourceLocation: location)
    }

    @Test("finds nothing where all is well")
    func clean() throws {
        try expect(Books())
        let audit = Books().audit
        #expect(audit.submitted == 2)
        #expect(audit.chargedOnce == 2)
        #expect(audit.shippedOnce == 2)
    }

    @Test("finds an order without a charge, and the ghost that it leaves")
    func lostCharge() throws {
        var books = Books()
        books.charges["anna"] = [("c1", "1")]
        try expect(books, lost: 1, ghosts: 1)
        #expect(books.audit.chargedOnce == 1)
    }

    @Test("finds an order without a parcel")
    func lostParcel() throws {
        var books = Books()
        books.parcels["2"] = nil
        books.heard["2"]?.parcels = []
        try expect(books, lost: 1)
        #expect(books.audit.shippedOnce == 1)
    }

    @Test("finds a customer who was never told")
    func untold() throws {
        var books = Books()
        books.carts["1"]?.isTold = false
        try expect(books, lost: 1)
    }

    @Test("asks for nothing for a cart that was not submitted")
    func unsubmitted() throws {
        var books = Books()
        books.carts["3"] = Cart()
        try expect(books)
        #expect(books.audit.submitted == 2)
    }

    @Test("finds an order that was charged twice, though the events agree")
    func chargedTwice() throws {
        var books = Books()
        books.charges["anna"]?.append(("c3", "1"))
        books.heard["1"]?.charges.append("c3")
        try expect(books, duplicated: 1)
        #expect(books.audit.chargedOnce == 1)
    }

    @Test("finds an order that was charged to two accounts")
    func chargedToTwo() throws {
        var books = Books()
        books.charges["bert"] = [("c3", "1")]
        try expect(books, duplicated: 1)
    }

    @Test("finds a second parcel")
    func shippedTwice() throws {
        var books = Books()
        books.parcels["2"] = ["p2", "p3"]
        try expect(books, duplicated: 1)
    }

    @Test("finds an event about a charge and one about a parcel that were never saved")
    func ghosts() throws {
        var books = Books()
        books.heard["1"]?.charges.append("c9")
        books.heard["2"]?.parcels.append("p9")
        try expect(books, ghosts: 2)
    }
}
