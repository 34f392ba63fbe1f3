internal import Pawl
internal import Synchronization

/// Which queues there are and what their endpoints handle.
final class QueueNames: Sendable {
    private struct State {
        var ids: [ExactText: Int32] = [:]
        var directory: (Directory, read: Timestamp)?
    }

    private let pool: Pool
    private let state = Mutex(State())

    /// For how long a directory may be answered from memory.
    private static let directoryLife: Duration = .seconds(1)

    init(_ pool: Pool) {
        self.pool = pool
    }

    func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        let endpoint = registration.endpoint
        if endpoint.hasNull || registration.types.contains(where: \.hasNull) {
            throw BackendError(
                .canNeverHappen,
                "\(pool.place): the endpoint `\(endpoint)` or one of its types has a NUL character "
                    + "in its name, which PostgreSQL can't store.")
        }
        let pool = pool
        let result = try await pool.use { (wire) throws(PostgresFailure) in
            do throws(PostgresFailure) {
                return try await Self.register(registration, on: wire, of: pool)
            } catch {
                // What failed is what counts; a connection that can't even roll back is broken.
                _ = try? await wire.run([Bound(.rollback)])
                throw error
            }
        }
        state.withLock { $0.directory = nil }
        return result
    }

    /// One registration after the other, so that what is decided on still holds when it is written.
    private static func register(
        _ registration: Registration, on wire: Wire, of pool: Pool
    ) async throws(PostgresFailure) -> RegistrationResult {
        let endpoint = registration.endpoint
        let answers = try await wire.run([
            Bound(.begin), Bound(.waitForLocks), Bound(.lockRegistrations),
            Bound(.subscriptions) { parameters in
                parameters.add(pool.now)
                parameters.add(endpoint)
            },
        ])
        var known: [String: Timestamp] = [:]
        var now = pool.environment.now()
        for row in answers[3].rows {
            known[row.text(0)] = Timestamp(microseconds: row.integer(1))
            now = Timestamp(microseconds: row.integer(2))
        }
        let (result, forget) = registration.decide(known: known, now: now)
        guard case .registered = result else {
            _ = try await wire.run([Bound(.rollback)])
            return result
        }
        var steps = [Bound(.insertQueue) { $0.add(endpoint) }]
        steps += forget.sorted().map { type in
            Bound(.forgetSubscription) { parameters in
                parameters.add(endpoint)
                parameters.add(type)
            }
        }
        steps += registration.types.sorted().map { type in
            Bound(.subscribe) { parameters in
                parameters.add(pool.now)
                parameters.add(endpoint)
                parameters.add(type)
            }
        }
        _ = try await wire.run(steps + [Bound(.commit)])
        return result
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        let now = pool.environment.now()
        if !fresh, let (directory, read) = state.withLock({ $0.directory }), read <= now,
            now < read + Self.directoryLife
        {
            return directory
        }
        var endpoints: [String: Set<String>] = [:]
        var ids: [ExactText: Int32] = [:]
        for row in try await pool.run(Bound(.directory)).rows {
            let name = row.text(1)
            ids[ExactText(name)] = row.small(0)
            var types = endpoints[name] ?? []
            if !row.isNull(2) { types.insert(row.text(2)) }
            endpoints[name] = types
        }
        let directory = Directory(endpoints: endpoints)
        state.withLock { state in
            state.directory = (directory, now)
            // All anew: a server that was restored may number them in another way.
            state.ids = ids
        }
        return directory
    }

    /// The id of a queue that exists.
    func id(of name: String) async throws(BackendError) -> Int32 {
        if let id = state.withLock({ $0.ids[ExactText(name)] }) { return id }
        _ = try await directory(fresh: true)
        if let id = state.withLock({ $0.ids[ExactText(name)] }) { return id }
        throw BackendError(
            .canNeverHappen,
            "\(pool.place): there is no queue `\(name)`. Register the endpoint first.")
    }
}
