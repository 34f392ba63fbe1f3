import Pawl
import PawlContracts

// The smallest system in which everything that can go wrong shows: an account whose event depends
// on its state, and two endpoints that are told of it.

struct Pay: Command, Equatable {
    let account: String
    let amount: Int
}

struct Paid: Event, Equatable {
    let account: String
    let amount: Int
    let balance: Int
}

struct Purse: Entity, Equatable {
    var balance = 100
    var payments: [Int] = []

    /// The events that the payments must have caused.
    func events(of account: String) -> [Paid] {
        var balance = Purse().balance
        return payments.map { amount in
            balance -= amount
            return Paid(account: account, amount: amount, balance: balance)
        }
    }
}

let till = Handlers("till") {
    Handle(Pay.self, by: \.account) { (message, purse: inout Purse, context) in
        purse.balance -= message.amount
        purse.payments.append(message.amount)
        context.publish(
            Paid(account: message.account, amount: message.amount, balance: purse.balance))
    }
}

/// An account in which a payment shows once, however often it is applied.
struct Slips: Entity {
    var paid = MessageCounter()
}

/// The till as it has to be where nothing is remembered of a message.
let idempotentTill = Handlers("till") {
    Handle(Pay.self, by: \.account) { (message, slips: inout Slips, context) in
        try slips.paid.add(message.amount, by: context.message)
        // No balance: that is not the message's alone to tell.
        context.publish(Paid(account: message.account, amount: message.amount, balance: 0))
    }
}

extension Envelope {
    /// A message from outside, whose id follows from a name.
    static func outside<M: Message>(
        _ message: M, id: String, headers: [String: String] = [:],
        sentAt: Timestamp = Timestamp(microseconds: 0)
    ) throws -> Envelope {
        Envelope(
            id: MessageID(id), type: M.typeName, body: try json(message), headers: headers,
            sentAt: sentAt)
    }
}

extension Transport {
    /// Takes what is visible now, without waiting for more.
    func takeNow(
        from queue: String, max: Int = 100, lease: Duration = .seconds(30)
    ) async throws -> [Delivery] {
        let taking = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await receive(from: queue, max: max, lease: lease)
        }
        return try await taking.value
    }
}

extension ManualClock {
    /// An environment in which whoever sleeps moves the time, for code that is driven by hand.
    var impatient: Environment {
        let environment = self.environment
        return Environment(
            now: environment.now,
            sleep: { duration in
                try Task.checkCancellation()
                await self.advance(by: duration)
            }, random: environment.random)
    }
}
