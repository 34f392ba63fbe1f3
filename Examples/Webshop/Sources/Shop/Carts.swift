public import Pawl

/// What a customer wants to buy, under the id that the order will have.
public struct Cart: Entity, Hashable {
    /// Who it belongs to.
    public internal(set) var customer = ""
    /// What everything in it costs together.
    public internal(set) var amount = 0
    /// Whether the customer has submitted it.
    public internal(set) var isSubmitted = false
    /// Whether orders has confirmed it.
    public internal(set) var isConfirmed = false
    /// Whether the customer has been told that it is on its way.
    public internal(set) var isTold = false

    /// An empty cart.
    public init() {}
}

/// The carts service: takes carts from customers and tells them when their order is on its way.
///
/// It serves both shops, this one and the ``NaturalShop``: what it notes is only ever set to true,
/// and what it sends follows from the message alone.
///
/// - Parameter post: What letters to customers go through.
/// - Returns: The handlers of the endpoint `carts`.
public func carts(post: some Post) -> Handlers {
    Handlers("carts") {
        Handle(OrderConfirmed.self, by: \.order) { (message, cart: inout Cart, context) in
            cart.isConfirmed = true
            context.send(TellCustomer(order: message.order, customer: message.customer))
        }
        Perform(TellCustomer.self) { message, context in
            try await post.tell(
                message.customer, about: message.order, key: context.idempotencyKey)
            return CustomerTold(order: message.order)
        }
        Handle(CustomerTold.self, by: \.order) { (message, cart: inout Cart, _) in
            cart.isTold = true
        }
    }
}

/// What a customer does: puts things into a cart and submits it.
public struct Purchase: Sendable, Hashable {
    /// The cart's id, which is also the order's.
    public let cart: String
    /// Who buys.
    public let customer: String
    /// What it costs.
    public let amount: Int

    /// Creates a purchase.
    public init(cart: String, customer: String, amount: Int) {
        self.cart = cart
        self.customer = customer
        self.amount = amount
    }

    /// Submits the cart: it is saved and the order is placed, or neither. However often one cart
    /// is submitted, because the customer clicks twice or gets no answer, there is one order.
    ///
    /// - Parameter session: A session of the carts service.
    /// - Returns: Whether this submission counts, or an earlier one does.
    /// - Throws: As the session does.
    @discardableResult
    public func submit(through session: Session) async throws -> Session.Result {
        try await session.change(Cart.self, cart, id: "submit-\(cart)") { saved, context in
            saved.customer = customer
            saved.amount = amount
            saved.isSubmitted = true
            context.send(PlaceOrder(order: cart, customer: customer, amount: amount))
        }
    }
}

/// What letters to customers go through: outside of Pawl's reach, so a letter may be handed over
/// more than once, each time with the same key.
public protocol Post: Sendable {
    /// Writes to a customer that an order is on its way.
    ///
    /// - Parameters:
    ///   - customer: Who to write to.
    ///   - order: What about.
    ///   - key: The same each time the same letter is handed over.
    /// - Throws: When the letter could not be handed over.
    func tell(_ customer: String, about order: String, key: String) async throws
}
