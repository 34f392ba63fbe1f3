public import Pawl

extension NaturalShop {
    /// What was sent for an order, under the order's id.
    public struct Shipment: Entity, Hashable {
        /// One parcel.
        public struct Parcel: Codable, Hashable, Sendable {
            /// Who gets it.
            public let customer: String
        }

        /// All parcels that were sent, under the ids by which events call them. One is right.
        public internal(set) var parcels = Facts<String, Parcel>()

        /// A shipment of nothing.
        public init() {}
    }

    /// The shipping service: sends the parcels.
    public static let shipping = Handlers("shipping") {
        Handle(ShipOrder.self, by: \.order) { (message, shipment: inout Shipment, context) in
            // The same id in every copy of the message.
            let parcel = context.uuid().entityID
            try shipment.parcels.record(
                Shipment.Parcel(customer: message.customer), as: parcel)
            context.publish(
                OrderShipped(order: message.order, customer: message.customer, parcel: parcel))
        }
    }
}
