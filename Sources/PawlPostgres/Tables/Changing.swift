internal import Pawl

/// Everything that is written durably goes through here: documents, messages, and step 3 of
/// algorithm 0, one message's whole effect. What waits at the same time shares a transaction.
///
/// At first it is assumed that all conditions hold: the statements go out in one round trip and
/// check them by themselves. Where one does not hold, nothing has happened; then what the
/// conditions are about is locked and looked at, and the rest is carried out. For some time after
/// that it is looked at first.
final class Changing: Sendable {
    /// How many bytes share a transaction at most, unless a single call has more.
    static let largestBatch = 8 << 20
    /// What the server takes in one message is 1 GB, with everything that is around it.
    private static let largestWrite = 512 << 20

    let pool: Pool
    private let gathering: Gathering<Change, Change.Key, Verdict>

    init(_ pool: Pool, committed: @escaping @Sendable ([EncodedMessage]) -> Void) {
        self.pool = pool
        let batches = ChangeBatches(pool: pool, committed: committed)
        gathering = Gathering(
            pool, limits: BatchLimits(calls: 100, bytes: Self.largestBatch),
            atOnce: max(1, min(2, pool.options.connections)), size: { $0.size }, keys: { $0.keys }
        ) { changes, wire in await batches.carryOut(changes, on: wire) }
    }

    func callAsFunction(_ change: Change) async throws(BackendError) -> Verdict {
        try await gathering(change)
    }

    /// Refuses what could never be written.
    func check(_ writes: [Write], in partition: PartitionKey) throws(BackendError) {
        let limits = pool.options.storeLimits
        guard writes.count <= limits.largestBatch else {
            throw refusal(
                "\(writes.count) writes in one batch are more than "
                    + "\(limits.largestBatch).")
        }
        for write in writes {
            let size = write.content?.size ?? 0
            if size > limits.largestDocument {
                throw refusal(
                    "document \(partition)/\(write.key) has \(size) bytes, more than "
                        + "the option `largestDocument`, \(limits.largestDocument).")
            }
            if partition.name.hasNull || write.key.hasNull
                || write.content?.body?.contains(0) == true
            {
                throw refusal(
                    "document \(partition)/\(write.key) has a NUL character in its key "
                        + "or its state, which PostgreSQL can't store.")
            }
        }
        let total = writes.reduce(0) { $0 + ($1.content?.size ?? 0) }
        if total > Self.largestWrite {
            throw refusal("a batch of \(total) bytes is more than \(Self.largestWrite).")
        }
        if writes.count > 1, Set(writes.map(\.key)).count < writes.count {
            throw refusal("a batch writes the same document twice.")
        }
    }

    private func refusal(_ what: String) -> BackendError {
        BackendError(.canNeverHappen, "\(pool.place): \(what)")
    }
}
