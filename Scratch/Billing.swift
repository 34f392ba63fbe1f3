import Pawl
import PawlCheck
struct ChargeAccount: Command { let order: String; let customer: String; let amount: Int }
struct AccountCharged: Event { let order: String; let customer: String; let amount: Int }
struct Charge: Codable, Sendable, Equatable { var order: String; var amount: Int }
struct Account: Entity { var balance = 0; var charges: [Charge] = [] }
let billing = Handlers("billing") {
    Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
        account.balance -= message.amount
        account.charges.append(Charge(order: message.order, amount: message.amount))
        context.publish(AccountCharged(order: message.order, customer: message.customer, amount: message.amount))
    }
}
let mail = Handlers("mail") {
    Handle(AccountCharged.self) { (message, context) in }
}
func endpoint(_ n: Int, crashes: Int, failures: Int, copies: Int, transactional: Bool) {
    do {
        let s = try check(.exhaustive(crashes: crashes, failures: failures, executions: 2_000_000)) { world in
            world.run(billing, instances: n, deduplication: transactional ? nil : .outbox)
            world.outside("mail", handles: AccountCharged.self)
            world.deliver(ChargeAccount(order: "42", customer: "alice", amount: 10), copies: copies)
            world.always("at most one charge") { try $0.state(Account.self, "alice").charges.count <= 1 }
            world.finally("one charge, and nothing left behind") { try $0.state(Account.self, "alice").charges.count == 1 }
        }
        print(s, Double(s.executions) / s.seconds, "/s")
    } catch { print(error) }
}
