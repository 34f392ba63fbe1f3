import Logging
import Pawl
import ServiceLifecycle

// A small shop, which most tests run.

struct ChargeAccount: Command, Equatable {
    let order: String
    let customer: String
    let amount: Int
}

struct AccountCharged: Event, Equatable {
    let order: String
    let customer: String
    let amount: Int
}

struct Charge: Codable, Equatable {
    let order: String
    let amount: Int
}

struct Account: Entity, Equatable {
    var balance = 0
    var charges: [Charge] = []
}

struct Orders: Entity, Equatable {
    var charged: [String] = []
}

let billing = Handlers("billing") {
    Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
        account.balance -= message.amount
        account.charges.append(Charge(order: message.order, amount: message.amount))
        context.publish(
            AccountCharged(
                order: message.order, customer: message.customer, amount: message.amount))
    }
}

let orders = Handlers("orders") {
    Handle(AccountCharged.self, by: \.customer) { (message, orders: inout Orders, _) in
        orders.charged.append(message.order)
    }
}

/// Runs services while the body does, then shuts them down gracefully and waits for their end.
func running<Result: Sendable>(
    _ services: [any Service], _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let group = ServiceGroup(services: services, logger: .init(label: "test"))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            let result = try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
    }
}

/// Waits until a condition holds; the test's time limit ends a wait in vain.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try await Task.sleep(for: .milliseconds(1))
    }
}
