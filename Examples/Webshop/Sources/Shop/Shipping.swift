public import Pawl

/// What was sent for an order, under the order's id.
public struct Shipment: Entity, Hashable {
    /// One parcel.
    public struct Parcel: Codable, Hashable, Sendable {
        /// What events call it.
        public let id: String
    }

    /// Who gets it.
    public internal(set) var customer = ""
    /// All parcels that were sent. One is right.
    public internal(set) var parcels: [Parcel] = []

    /// A shipment of nothing.
    public init() {}
}

/// The shipping service: sends the parcels.
public let shipping = Handlers("shipping") {
    Handle(ShipOrder.self, by: \.order) { (message, shipment: inout Shipment, context) in
        let parcel = Shipment.Parcel(id: context.uuid().entityID)
        shipment.customer = message.customer
        shipment.parcels.append(parcel)
        context.publish(
            OrderShipped(order: message.order, customer: message.customer, parcel: parcel.id))
    }
}
