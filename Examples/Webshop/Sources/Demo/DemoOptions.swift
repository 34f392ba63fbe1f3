import Foundation

/// What `pawl demo` is asked to do.
public struct DemoOptions: Sendable {
    /// How the shop is deployed when Pawl runs it.
    public enum Algorithm: String, Sendable, CaseIterable {
        /// Each service has a store file of its own, and all share a queue file.
        case outbox
        /// The same files; processed ids are in records of their own.
        case inbox
        /// The same files, and one with the tokens, which all services share.
        case tokens
        /// The same files; of a message nothing is kept but what its handler was given.
        case replay
        /// The same files; nothing is kept of a message. The handlers are those of ``NaturalShop``.
        case natural
        /// All stores and queues are in one file.
        case transactional

        /// Whether each service has a store file of its own.
        var isApart: Bool { self != .transactional }
        /// Whether the handlers are those of ``NaturalShop``.
        var isNatural: Bool { self == .natural }
    }

    /// How many carts are submitted.
    public var orders: Int
    /// How many service processes are killed in each run.
    public var kills: Int
    /// What chaos draws its numbers from.
    public var seed: UInt64
    /// Where the stores are kept; `nil` for a folder that is removed in the end.
    public var data: String?
    /// How the shop is deployed.
    public var algorithm: Algorithm
    /// Whether standard output gets one JSON object and nothing else.
    public var isJSON: Bool

    /// Creates options.
    ///
    /// - Parameters:
    ///   - orders: How many carts are submitted, at least 1.
    ///   - kills: How many service processes are killed in each run.
    ///   - seed: What chaos draws its numbers from.
    ///   - data: Where the stores are kept; `nil` for a folder that is removed in the end.
    ///   - algorithm: How the shop is deployed.
    ///   - isJSON: Whether standard output gets one JSON object and nothing else.
    public init(
        orders: Int = 300, kills: Int = 20, seed: UInt64 = 1, data: String? = nil,
        algorithm: Algorithm = .outbox, isJSON: Bool = false
    ) {
        self.orders = orders
        self.kills = kills
        self.seed = seed
        self.data = data
        self.algorithm = algorithm
        self.isJSON = isJSON
    }

    /// Checks the numbers.
    ///
    /// - Throws: A ``DemoError`` that says which one is out of range.
    public func validate() throws {
        guard (1...100_000).contains(orders) else {
            throw DemoError("--orders is \(orders); it must be from 1 to 100000.")
        }
        guard (0...10_000).contains(kills) else {
            throw DemoError("--kills is \(kills); it must be from 0 to 10000.")
        }
    }
}
