package import Pawl

/// A deduplication algorithm as the checker runs it: over a simulated database that is both store
/// and transport, or over two of which each sees only its half.
package struct AlgorithmUnderCheck: Sendable {
    /// Its name in reports, for example `outbox` or `1 publish-first`.
    package let name: String
    /// How an endpoint is told to use it; `nil` where store and queue have to be one database, or
    /// where it is no algorithm that ships.
    package let deduplication: Deduplication?
    /// Whether it needs store and queue in one database. Otherwise it uses only what a ``Store``
    /// and a ``Transport`` offer.
    package let needsDatabase: Bool
    /// The largest document that the store can hold, in bytes; `nil` where size plays no part.
    package var largestDocument: Int?
    /// Whether messages are sent with tokens.
    package var hasTokens = false
    /// What it asks of handlers.
    package let demand: HandlerDemand
    /// Makes the algorithm for one process. The database is store and transport at once.
    package let make: @Sendable (any Database, Environment) -> any DeduplicationAlgorithm

    package init(
        name: String, needsDatabase: Bool, largestDocument: Int? = nil, hasTokens: Bool = false,
        demand: HandlerDemand = .nothing,
        make: @escaping @Sendable (any Database, Environment) -> any DeduplicationAlgorithm
    ) {
        self.name = name
        deduplication = nil
        self.needsDatabase = needsDatabase
        self.largestDocument = largestDocument
        self.hasTokens = hasTokens
        self.demand = demand
        self.make = make
    }

    /// An algorithm that ships, as an endpoint gets it.
    package init(
        _ deduplication: Deduplication, name: String? = nil, largestDocument: Int? = nil,
        hasTokens: Bool = false
    ) {
        self.name = name ?? deduplication.name
        self.hasTokens = hasTokens
        self.deduplication = deduplication
        needsDatabase = false
        self.largestDocument = largestDocument
        demand = deduplication.demand
        make = { deduplication.make($0, $0, $1) }
    }

    var watching: Watching { Watching(isTransactional: needsDatabase, demand: demand) }

    /// The outbox as it ships.
    package static let outbox = AlgorithmUnderCheck(.outbox)

    /// The outbox where two messages don't fit into the entity, so that they lie beside it.
    package static let outboxStaged = AlgorithmUnderCheck(
        .outbox, name: "outbox-staged", largestDocument: 260)

    /// The inbox as it ships.
    package static let inbox = AlgorithmUnderCheck(.inbox)

    /// The inbox for records whose reads may be out of date.
    package static let inboxEventual = AlgorithmUnderCheck(
        .inbox(retention: .days(7), reads: .eventual), name: "inbox-eventual")

    /// Replay as it ships.
    package static let replay = AlgorithmUnderCheck(.replay)

    /// Tokens as they ship.
    package static let tokens = AlgorithmUnderCheck(.tokens(), hasTokens: true)

    /// The one that remembers nothing, for idempotent handlers, as it ships.
    package static let natural = AlgorithmUnderCheck(.natural)

    /// The transactional algorithm as it ships.
    package static let transactional = AlgorithmUnderCheck(
        name: "transactional", needsDatabase: true
    ) { database, _ in Transactional(database: database) }

    /// All that ship.
    package static let shipped: [AlgorithmUnderCheck] = [
        .outbox, .outboxStaged, .inbox, .inboxEventual, .replay, .tokens, .natural, .transactional,
    ]
}
