public import Pawl

extension NaturalShop {
    /// An order: what was submitted, and what the other services said about it, in whatever order
    /// and however often they did.
    public struct Order: Entity, Hashable {
        /// How far an order has come: nothing is known about it, it is waiting to be paid for, it is
        /// paid for, it is on its way.
        public enum Status: Int, Codable, Comparable, Sendable {
            case new, placed, charged, shipped

            /// Whether one comes before the other.
            public static func < (left: Status, right: Status) -> Bool {
                left.rawValue < right.rawValue
            }
        }

        /// Who ordered. Only one message ever says so, so setting it again changes nothing.
        public internal(set) var customer = ""
        /// What it costs; the same holds.
        public internal(set) var amount = 0
        /// How far it has come. A late copy of a message does not set it back.
        public internal(set) var status = MaxRegister(Status.new)
        /// The charges that billing spoke of.
        public internal(set) var charges = GrowOnlySet<String>()
        /// The parcels that shipping spoke of.
        public internal(set) var parcels = GrowOnlySet<String>()

        /// An order about which nothing is known.
        public init() {}
    }

    /// The orders service: has each order paid for, then shipped, then confirmed.
    public static let orders = Handlers("orders") {
        Handle(PlaceOrder.self, by: \.order) { (message, order: inout Order, context) in
            order.customer = message.customer
            order.amount = message.amount
            order.status.raise(to: .placed)
            context.send(
                ChargeAccount(
                    order: message.order, customer: message.customer, amount: message.amount))
        }
        Handle(AccountCharged.self, by: \.order) { (message, order: inout Order, context) in
            order.charges.insert(message.charge)
            order.status.raise(to: .charged)
            context.send(ShipOrder(order: message.order, customer: message.customer))
        }
        Handle(OrderShipped.self, by: \.order) { (message, order: inout Order, context) in
            order.parcels.insert(message.parcel)
            order.status.raise(to: .shipped)
            context.publish(OrderConfirmed(order: message.order, customer: message.customer))
        }
    }
}
