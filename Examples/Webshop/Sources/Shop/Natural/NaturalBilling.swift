public import Pawl

extension NaturalShop {
    /// A customer's account. It has a charge for each message that asked for one, however often that
    /// came.
    public struct Account: Entity, Hashable {
        /// Money that was taken from the account for an order.
        public struct Charge: Codable, Hashable, Sendable {
            /// What for.
            public let order: String
            /// How much.
            public let amount: Int
        }

        /// What is on it, counted by message; it may be overdrawn.
        public internal(set) var balance = MessageCounter()
        /// All that was ever taken from it, under the ids by which events call it.
        public internal(set) var charges = Facts<String, Charge>()

        /// A new account with nothing on it.
        public init() {}
    }

    /// The billing service: takes the money.
    public static let billing = Handlers("billing") {
        Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
            // The same id in every copy of the message.
            let charge = context.uuid().entityID
            try account.charges.record(
                Account.Charge(order: message.order, amount: message.amount), as: charge)
            try account.balance.add(-message.amount, by: context.message)
            context.publish(
                AccountCharged(order: message.order, customer: message.customer, charge: charge))
        }
    }
}
