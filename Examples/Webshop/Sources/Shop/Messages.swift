public import Pawl

// What the four services say to one another, in the order in which it is said. Each message says all
// that whoever gets it needs to know, the customer too, so that nobody has to look it up.

/// To orders: a customer has submitted a cart. The order has the cart's id.
public struct PlaceOrder: Command, Hashable {
    let order: String
    let customer: String
    let amount: Int
}

/// To billing: charge the customer's account for an order.
public struct ChargeAccount: Command, Hashable {
    let order: String
    let customer: String
    let amount: Int
}

/// From billing: an account was charged. It speaks of one charge in the account, by its id.
public struct AccountCharged: Event, Hashable {
    let order: String
    let customer: String
    let charge: String
}

/// To shipping: send the order's parcel.
public struct ShipOrder: Command, Hashable {
    let order: String
    let customer: String
}

/// From shipping: a parcel was sent. It speaks of one parcel in the shipment, by its id.
public struct OrderShipped: Event, Hashable {
    let order: String
    let customer: String
    let parcel: String
}

/// From orders: the order is paid for and on its way.
public struct OrderConfirmed: Event, Hashable {
    let order: String
    let customer: String
}

/// To carts: write to the customer that the order is on its way.
public struct TellCustomer: Command, Hashable {
    let order: String
    let customer: String
}

/// From carts: the customer knows.
public struct CustomerTold: Event, Hashable {
    let order: String
}
