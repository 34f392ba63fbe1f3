public import Pawl

/// An order: what was submitted, and what the other services said about it.
public struct Order: Entity, Hashable {
    /// How far an order has come.
    public enum Status: String, Codable, Sendable {
        /// Nothing is known about it.
        case new
        /// It is waiting to be paid for.
        case placed
        /// It is paid for.
        case charged
        /// It is on its way.
        case shipped
    }

    /// Who ordered.
    public internal(set) var customer = ""
    /// What it costs.
    public internal(set) var amount = 0
    /// How far it has come.
    public internal(set) var status = Status.new
    /// The charges that billing spoke of.
    public internal(set) var charges: [String] = []
    /// The parcels that shipping spoke of.
    public internal(set) var parcels: [String] = []

    /// An order about which nothing is known.
    public init() {}
}

/// The orders service: has each order paid for, then shipped, then confirmed.
public let orders = Handlers("orders") {
    Handle(PlaceOrder.self, by: \.order) { (message, order: inout Order, context) in
        order.customer = message.customer
        order.amount = message.amount
        order.status = .placed
        context.send(
            ChargeAccount(
                order: message.order, customer: message.customer, amount: message.amount))
    }
    Handle(AccountCharged.self, by: \.order) { (message, order: inout Order, context) in
        order.charges.append(message.charge)
        order.status = .charged
        context.send(ShipOrder(order: message.order, customer: message.customer))
    }
    Handle(OrderShipped.self, by: \.order) { (message, order: inout Order, context) in
        order.parcels.append(message.parcel)
        order.status = .shipped
        context.publish(OrderConfirmed(order: message.order, customer: message.customer))
    }
}
