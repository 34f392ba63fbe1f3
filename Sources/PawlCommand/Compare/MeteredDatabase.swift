import Pawl
import PawlMutants
import Synchronization

/// A database that counts what is asked of it.
final class MeteredDatabase: DatabaseWrapper {
    private struct State {
        var counts = CallCounts()
        var demands = Demands()
        var kinds: Set<String> = []
    }

    let base: any Database
    /// The kind of the documents that handlers change. All others are somebody's bookkeeping.
    private let entities: String
    private let state = Mutex(State())

    init(base: any Database, entities: String) {
        self.base = base
        self.entities = entities
    }

    /// What was counted since this was last asked.
    func take() -> CallCounts {
        state.withLock { state in
            defer { state.counts = CallCounts() }
            return state.counts
        }
    }

    /// What was needed of the store so far.
    var demands: Demands { state.withLock { $0.demands } }
    /// The kinds of all documents that were asked for so far.
    var kinds: Set<String> { state.withLock { $0.kinds } }

    // MARK: Store

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        let document = try await base.read(key, in: partition)
        let size = Prices.size(key, partition, document)
        state.withLock { state in
            state.counts.reads += 1
            noteRead(&state, key.kind, documents: 1, size)
        }
        return document
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let found = try await base.read(kind: kind, in: partition, after: after, limit: limit)
        noteScan(kind, found)
        return found
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        let found = try await base.list(kind: kind, after: after, limit: limit)
        noteScan(kind, found)
        return found
    }

    private func noteScan(_ kind: String, _ found: [LocatedDocument]) {
        let size = found.reduce(0) { $0 + Prices.size($1.key, $1.partition, $1.document) }
        state.withLock { state in
            state.counts.scans += 1
            noteRead(&state, kind, documents: found.count, size)
        }
    }

    private func noteRead(_ state: inout State, _ kind: String, documents: Int, _ size: Int) {
        state.counts.documents += documents
        state.counts.bytesRead += size
        state.counts.readUnits += Prices.readUnits(size)
        state.kinds.insert(kind)
        if kind != entities { state.demands.readsBeside = true }
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        var sizes: [Int] = []
        for write in writes {
            let before = try await base.read(write.key, in: partition)
            let after = write.content.map { Prices.size(write.key, partition, $0) } ?? 0
            sizes.append(max(Prices.size(write.key, partition, before), after))
        }
        let result = try await base.write(writes, in: partition)
        state.withLock { state in
            state.counts.writes += 1
            for size in sizes {
                state.counts.writeUnits += Prices.writeUnits(
                    size, isTransaction: writes.count > 1)
            }
            state.demands.largestBatch = max(state.demands.largestBatch, writes.count)
            noteWrites(&state, writes, in: partition)
        }
        return result
    }

    private func noteWrites(_ state: inout State, _ writes: [Write], in partition: PartitionKey) {
        for write in writes {
            state.counts.documents += 1
            state.counts.bytesWritten +=
                write.content.map { Prices.size(write.key, partition, $0) } ?? 0
            state.kinds.insert(write.key.kind)
            if write.condition != .any { state.demands.comparesAndSets = true }
            if write.content?.expires != nil { state.demands.expires = true }
        }
    }

    // MARK: Transport

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await base.send(messages)
        state.withLock { state in
            state.counts.sends += 1
            state.counts.sentMessages += messages.count
        }
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        state.withLock { $0.counts.acknowledgements += 1 }
        return try await base.acknowledge(receipt)
    }

    func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        try await base.release(receipt, after: delay)
    }

    // MARK: Both at once

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        let result = try await base.commit(transaction)
        state.withLock { state in
            state.counts.commits += 1
            if result == .committed { state.counts.sentMessages += transaction.messages.count }
            state.demands.commitsWithQueues = true
            noteWrites(&state, transaction.writes, in: transaction.partition)
        }
        return result
    }

    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        state.withLock { $0.counts.lookups += 1 }
        return try await base.isProcessed(id, by: endpoint)
    }
}
