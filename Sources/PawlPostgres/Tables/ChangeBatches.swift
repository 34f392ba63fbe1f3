internal import CoreMetrics
internal import Pawl
internal import Synchronization

/// Carries out changes that share a transaction.
final class ChangeBatches: Sendable {
    typealias Outcome = Result<Verdict, BackendError>

    private let pool: Pool
    private let committed: @Sendable ([EncodedMessage]) -> Void
    /// For how many batches more it is looked first whether conditions hold.
    private let caution = Atomic<Int>(0)
    private let commits: Counter
    private let operations: Counter

    private static let cautionAfterConflict = 20
    /// How often a batch is tried whose conditions hold when it is looked and not when it is done.
    private static let attempts = 5

    init(pool: Pool, committed: @escaping @Sendable ([EncodedMessage]) -> Void) {
        self.pool = pool
        self.committed = committed
        let dimensions = [("db.system.name", "postgresql"), ("db.namespace", pool.options.schema)]
        commits = Counter(label: "pawl.postgres.commits", dimensions: dimensions)
        operations = Counter(label: "pawl.postgres.operations", dimensions: dimensions)
    }

    /// Carries out changes that have no key in common.
    ///
    /// - Returns: What became of each.
    func carryOut(_ changes: [Change], on wire: Wire) async -> [Outcome] {
        let outcomes = await tryAll(changes, on: wire)
        commits.increment()
        operations.increment(by: changes.count)
        for (change, outcome) in zip(changes, outcomes) where !change.messages.isEmpty {
            if case .success(.committed) = outcome { committed(change.messages) }
        }
        return outcomes
    }

    private func tryAll(_ changes: [Change], on wire: Wire) async -> [Outcome] {
        do throws(PostgresFailure) {
            if caution.load(ordering: .relaxed) <= 0 {
                let statements = statements(for: changes)
                do throws(PostgresFailure) {
                    _ = try await wire.run(statements.bound)
                    return changes.indices.map { .success(.committed(statements.versions[$0])) }
                } catch {
                    guard error.isGuard || error.isCollision else { throw error }
                    caution.store(Self.cautionAfterConflict, ordering: .relaxed)
                }
            }
            caution.subtract(1, ordering: .relaxed)
            return try await lookAndCarryOut(changes, on: wire)
        } catch {
            // One that can't be done must not keep the others from it.
            guard changes.count > 1, error.isAboutOne, !wire.isBroken else {
                let failure = error.backendError(at: pool.place)
                return changes.map { _ in .failure(failure) }
            }
            var outcomes: [Outcome] = []
            for change in changes { outcomes += await tryAll([change], on: wire) }
            return outcomes
        }
    }

    private func lookAndCarryOut(
        _ changes: [Change], on wire: Wire
    ) async throws(PostgresFailure) -> [Outcome] {
        var last: PostgresFailure?
        for _ in 0..<Self.attempts {
            do throws(PostgresFailure) {
                let look = Look(changes, now: pool.now)
                let seen = try await wire.run([Bound(.begin)] + look.bound)
                let verdicts = look.verdicts(Array(seen.dropFirst()))
                return try await carryOut(changes, as: verdicts, on: wire)
            } catch {
                last = error
                // It fails on a broken connection only, which is given back as such.
                _ = try? await wire.run([Bound(.rollback)])
                // A document that was absent when it was looked was not when it was written.
                guard error.isGuard || error.isCollision else { throw error }
            }
        }
        throw last ?? PostgresFailure(.refused, "no attempt was made.")
    }

    /// Carries out what can be, and commits.
    private func carryOut(
        _ changes: [Change], as refusals: [Verdict?], on wire: Wire
    ) async throws(PostgresFailure) -> [Outcome] {
        // A copy of what was processed before goes from its queue, and that is all.
        let effective = zip(changes, refusals).map { change, refusal -> Change in
            switch refusal {
            case nil: change
            case .duplicate?: Change(hold: change.hold)
            default: Change()
            }
        }
        let statements = statements(for: effective)
        _ = try await wire.run(statements.bound + [Bound(.commit)])
        return changes.indices.map { index in
            .success(refusals[index] ?? .committed(statements.versions[index]))
        }
    }

    private func statements(for changes: [Change]) -> ChangeStatements {
        ChangeStatements(changes, now: pool.now) {
            // Fresh for every attempt, so a version never comes back. Half of the range, so that
            // it is never negative.
            Int64(self.pool.environment.random() >> 1)
        }
    }
}
