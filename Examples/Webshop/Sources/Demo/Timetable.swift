import Pawl

/// What happens when in a run: drawn from the seed, so that both shops get the same customers and
/// the same monkey.
struct Timetable: Sendable {
    /// One purchase, and how it is made.
    struct Entry: Sendable {
        let purchase: Purchase
        let due: Duration
        /// Whether the customer clicks twice.
        let isImpatient: Bool
    }

    /// So many carts a second are submitted, unless kills take longer.
    private static let cartsPerSecond = 40
    /// So many processes a second are killed: a process should live long enough to work.
    private static let killsPerSecond = 2.5
    private static let shortest = 2.0

    let entries: [Entry]
    /// When to kill a process.
    let kills: [Duration]
    /// When the last cart is due.
    let length: Duration

    init(_ options: DemoOptions) {
        let seconds = max(
            Double(options.orders) / Double(Self.cartsPerSecond),
            Double(options.kills) / Self.killsPerSecond, Self.shortest)
        length = .seconds(seconds)
        var customers = SeededGenerator(seed: options.seed, purpose: "customers")
        // Few customers with several orders each, so that accounts are contended.
        let crowd = min(20, max(1, options.orders / 4))
        entries = (1...options.orders).map { number in
            Entry(
                purchase: Purchase(
                    cart: "\(number)",
                    customer: "customer-\(Int.random(in: 1...crowd, using: &customers))",
                    amount: Int.random(in: 1...100, using: &customers)),
                due: .seconds(seconds * Double(number) / Double(options.orders)),
                isImpatient: customers.happens(25))
        }
        var monkey = SeededGenerator(seed: options.seed, purpose: "monkey")
        kills = (0..<options.kills).map { _ in
            .seconds(seconds * Double(Int.random(in: 50...950, using: &monkey)) / 1000)
        }.sorted()
    }
}
