import Pawl
import PawlCheck

/// The service that `pawl check --level endpoint` runs: it charges accounts.
enum CheckedBilling {
    private struct ChargeAccount: Command {
        let order: Int
        let customer: String
    }

    private struct AccountCharged: Event {
        let order: Int
    }

    private struct ReceiptPrinted: Event {
        let order: Int
        let page: Int
    }

    private struct Account: Entity {
        var orders: [Int] = []
    }

    private static let customer = "anna"

    /// The same where nothing is remembered of a message: an order is charged once, however often
    /// that is asked for.
    private static func idempotentHandlers(outputs: Int) -> Handlers {
        Handlers("billing") {
            Handle(ChargeAccount.self, by: \.customer) {
                (message, account: inout Account, context) in
                var orders = GrowOnlySet(account.orders)
                orders.insert(message.order)
                account.orders = orders.elements
                charged(message.order, outputs, context)
            }
        }
    }

    private static func handlers(outputs: Int) -> Handlers {
        Handlers("billing") {
            Handle(ChargeAccount.self, by: \.customer) {
                (message, account: inout Account, context) in
                // No guard against doing it twice: that is what is checked.
                account.orders.append(message.order)
                charged(message.order, outputs, context)
            }
        }
    }

    private static func charged(_ order: Int, _ outputs: Int, _ context: Context) {
        if outputs > 0 { context.publish(AccountCharged(order: order)) }
        for page in 1..<max(outputs, 1) {
            context.publish(ReceiptPrinted(order: order, page: page))
        }
    }

    /// Describes the world: the service's processes and its messages, and a shop's sessions that
    /// charge, too.
    static func describe(_ scope: AlgorithmScope, in world: World) {
        let deduplication: Deduplication? = scope.algorithm.deduplication
        let outputs = scope.outputs
        let isIdempotent = scope.algorithm.demand == .idempotence
        let billing =
            isIdempotent ? idempotentHandlers(outputs: outputs) : handlers(outputs: outputs)
        world.run(billing, instances: scope.consumers, deduplication: deduplication)
        world.outside("mail", handles: AccountCharged.self, ReceiptPrinted.self)
        for order in 0..<scope.messages {
            world.deliver(
                ChargeAccount(order: order, customer: customer),
                copies: order == 0 ? scope.copies : 1, sentByDatabase: scope.isLocal)
        }
        for session in 0..<scope.sessions {
            let order = scope.messages + session
            world.session(
                billing, deduplication: deduplication, instances: scope.resubmissions
            ) { session in
                try await session.change(Account.self, customer, id: "order \(order)") {
                    $0.orders.append(order)
                    if isIdempotent { $0.orders.sort() }
                    charged(order, outputs, $1)
                }
            }
        }
        let delivered = Set(0..<scope.messages)
        world.always("no order is charged twice") {
            let orders = try $0.state(Account.self, customer).orders
            return Set(orders).count == orders.count
        }
        world.finally("every order is charged") {
            delivered.isSubset(of: try $0.state(Account.self, customer).orders)
        }
        world.finally("mail is told of every charge") {
            let told = try $0.sent(AccountCharged.self).map(\.order)
            return try outputs == 0
                || told.sorted() == $0.state(Account.self, customer).orders.sorted()
        }
    }
}
