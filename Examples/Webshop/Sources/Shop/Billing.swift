public import Pawl

/// A customer's account. One customer has several orders, so several messages are about it at once.
public struct Account: Entity, Hashable {
    /// Money that was taken from the account for an order.
    public struct Charge: Codable, Hashable, Sendable {
        /// What events call it.
        public let id: String
        /// What for.
        public let order: String
        /// How much.
        public let amount: Int
    }

    /// What is on it; it may be overdrawn.
    public internal(set) var balance = 0
    /// All that was ever taken from it.
    public internal(set) var charges: [Charge] = []

    /// A new account with nothing on it.
    public init() {}
}

/// The billing service: takes the money.
public let billing = Handlers("billing") {
    Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
        let charge = Account.Charge(
            id: context.uuid().entityID, order: message.order, amount: message.amount)
        account.balance -= charge.amount
        account.charges.append(charge)
        context.publish(
            AccountCharged(order: message.order, customer: message.customer, charge: charge.id))
    }
}
