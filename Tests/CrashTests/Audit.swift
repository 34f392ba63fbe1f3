import Foundation
import Pawl

@testable import CrashWorker

/// Reads from the stores what has become of the orders.
struct Audit {
    let shop: Shop
    let acknowledged: Set<Int>

    /// Waits until every submitted order has got to its end; the test's time limit ends a wait in
    /// vain.
    func waitUntilAtRest() async throws {
        for order in try await submitted() {
            while try await shop.orders.read(Order.self, order)?.notifications.isEmpty ?? true {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// What is wrong, in words; nothing if all is well.
    func findings() async throws -> [String] {
        var findings: [String] = []
        let submitted = try await submitted()
        for order in acknowledged.subtracting(submitted).sorted() {
            findings.append("order \(order) was acknowledged, but its basket is not saved")
        }
        var charges: [Int: [UUID]] = [:]
        for customer in 0..<Handlers.customers {
            let account = try await shop.billing.read(Account.self, customer) ?? Account()
            for charge in account.charges { charges[charge.order, default: []].append(charge.id) }
        }
        for number in submitted.sorted() {
            let basket = try await shop.billing.read(Basket.self, number) ?? Basket()
            let order = try await shop.orders.read(Order.self, number) ?? Order()
            let charged = charges[number] ?? []
            if basket.submissions != 1 {
                findings.append("basket \(number) was submitted \(basket.submissions) times")
            }
            if charged.count != 1 { findings.append("order \(number) was charged \(charged)") }
            if order.charges != charged {
                findings.append("order \(number) heard of \(order.charges), saved are \(charged)")
            }
            if order.notifications.count != 1 {
                findings.append("order \(number) was notified \(order.notifications)")
            }
        }
        for order in charges.keys where !submitted.contains(order) {
            findings.append("order \(order) was charged, but never submitted")
        }
        // Once all is processed, no token has anything to stand for.
        if let tokens = shop.tokens, try await tokens.countTokens() > 0 {
            findings.append("\(try await tokens.countTokens()) tokens are left")
        }
        for store in [shop.billing, shop.orders] {
            for letter in try await DeadLetters(in: store).list() {
                findings.append("dead letter: \(letter.type ?? "?") \(letter.error)")
            }
        }
        return findings
    }

    private func submitted() async throws -> Set<Int> {
        var numbers: Set<Int> = []
        var last: LocatedDocument?
        while true {
            let page = try await shop.billing.list(kind: Basket.kind, after: last, limit: 1000)
            guard let end = page.last else { return numbers }
            numbers.formUnion(page.compactMap { Int($0.key.id) })
            last = end
        }
    }
}
