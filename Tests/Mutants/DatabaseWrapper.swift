package import Pawl

/// A database that passes on what it does not do otherwise.
package protocol DatabaseWrapper: Database {
    /// The database behind it.
    var base: any Database { get }
}

extension DatabaseWrapper {
    package var limits: StoreLimits { base.limits }
    package var transportLimits: TransportLimits { base.transportLimits }
    package var processedRetention: Duration? { base.processedRetention }

    package func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.read(kind: kind, in: partition, after: after, limit: limit)
    }

    package func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.list(kind: kind, after: after, limit: limit)
    }

    package func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        try await base.register(registration)
    }

    package func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await base.directory(fresh: fresh)
    }

    package func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease)
    }

    package func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try await base.extend(receipts, by: lease)
    }
}
