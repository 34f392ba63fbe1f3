package import Pawl

/// A deduplication algorithm as the checker runs it: over a simulated database that is both store
/// and transport, or over two of which each sees only its half.
package struct AlgorithmUnderCheck: Sendable {
    /// Its name in reports, for example `outbox` or `1 publish-first`.
    package let name: String
    /// Whether it needs store and queue in one database. Otherwise it uses only what a ``Store``
    /// and a ``Transport`` offer.
    package let needsDatabase: Bool
    /// Makes the algorithm for one process. The database is store and transport at once.
    package let make: @Sendable (any Database, Environment) -> any DeduplicationAlgorithm

    package init(
        name: String, needsDatabase: Bool,
        make: @escaping @Sendable (any Database, Environment) -> any DeduplicationAlgorithm
    ) {
        self.name = name
        self.needsDatabase = needsDatabase
        self.make = make
    }

    /// The outbox as it ships.
    package static let outbox = AlgorithmUnderCheck(name: "outbox", needsDatabase: false) {
        Deduplication.outbox.make($0, $0, $1)
    }

    /// The transactional algorithm as it ships.
    package static let transactional = AlgorithmUnderCheck(
        name: "transactional", needsDatabase: true
    ) { database, _ in Transactional(database: database) }
}
