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
        entries = Self.entries(options, over: seconds)
        var monkey = SeededGenerator(seed: options.seed, purpose: "monkey")
        kills = (0..<options.kills).map { _ in
            .seconds(seconds * Double(Int.random(in: 50...950, using: &monkey)) / 1000)
        }.sorted()
    }

    /// Customers come one after another, but each one submits a few carts at once, so that several
    /// messages are about one account at the same time.
    private static func entries(_ options: DemoOptions, over seconds: Double) -> [Entry] {
        var generator = SeededGenerator(seed: options.seed, purpose: "customers")
        let crowd = min(20, max(1, options.orders / 5))
        // Fewer at once where kills are many, so that there is work under way between them.
        let mostCarts = min(8, max(1, options.orders / max(1, options.kills)))
        var entries: [Entry] = []
        while entries.count < options.orders {
            let customer = "customer-\(Int.random(in: 1...crowd, using: &generator))"
            let due = seconds * Double(entries.count) / Double(options.orders)
            let carts = Int.random(in: 1...mostCarts, using: &generator)
            for _ in 0..<min(carts, options.orders - entries.count) {
                let purchase = Purchase(
                    cart: "\(entries.count + 1)", customer: customer,
                    amount: Int.random(in: 1...100, using: &generator))
                entries.append(
                    Entry(
                        purchase: purchase, due: .seconds(due),
                        isImpatient: generator.happens(20)))
            }
        }
        return entries
    }
}
