import Pawl

// What the audit reads off the entities. They are written in two ways, see ``NaturalShop``; it is to
// see everything that is there either way, also what should not be.

/// What the orders service was told, in either shop.
protocol AuditedOrder {
    /// The ids of the charges that billing spoke of.
    var chargesHeardOf: [String] { get }
    /// The ids of the parcels that shipping spoke of.
    var parcelsHeardOf: [String] { get }
}

/// What was taken from an account, in either shop.
protocol AuditedAccount {
    /// Every charge: its id, and the order that it is for.
    var savedCharges: [(id: String, order: String)] { get }
}

/// What was sent for an order, in either shop.
protocol AuditedShipment {
    /// The ids of all its parcels.
    var savedParcels: [String] { get }
}

extension Order: AuditedOrder {
    var chargesHeardOf: [String] { charges }
    var parcelsHeardOf: [String] { parcels }
}

extension Account: AuditedAccount {
    var savedCharges: [(id: String, order: String)] { charges.map { ($0.id, $0.order) } }
}

extension Shipment: AuditedShipment {
    var savedParcels: [String] { parcels.map(\.id) }
}

extension NaturalShop.Order: AuditedOrder {
    var chargesHeardOf: [String] { charges.elements }
    var parcelsHeardOf: [String] { parcels.elements }
}

extension NaturalShop.Account: AuditedAccount {
    var savedCharges: [(id: String, order: String)] {
        zip(charges.ids, charges.all).map { ($0, $1.order) }
    }
}

extension NaturalShop.Shipment: AuditedShipment {
    var savedParcels: [String] { parcels.ids }
}
