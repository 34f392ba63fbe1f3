package import Pawl
internal import Synchronization

/// A database as one run of an algorithm sees it: one of its calls is mutated.
///
/// Calls are counted from 1. Whatever no algorithm calls is passed on, and not counted.
package final class MutatedDatabase: DatabaseWrapper {
    private struct State {
        var calls = 0
        /// A call that has been answered and is still to be made.
        var due: (@Sendable () async -> Void)?
    }

    package let base: any Database
    private let mutation: Mutation?
    private let memory: ReadMemory
    private let state = Mutex(State())

    package init(base: any Database, mutation: Mutation?, memory: ReadMemory) {
        self.base = base
        self.mutation = mutation
        self.memory = memory
    }

    /// Makes the call that is still to be made: the run is over.
    package func finish() async {
        let due = state.withLock { $0.due.take() }
        await due?()
    }

    /// Makes the next call, or does with it what the mutation says. `success` is the answer where
    /// the call is not made, or not yet; `call` makes it, mutated if that is given.
    private func next<Answer: Sendable>(
        _ kind: Mutation.CallKind, success: Answer,
        _ call: @escaping @Sendable (Mutation?) async throws(BackendError) -> Answer
    ) async throws(BackendError) -> Answer {
        let (number, due) = state.withLock { state in
            state.calls += 1
            return (state.calls, state.due.take())
        }
        let isMutated = mutation?.call.number == number && mutation?.call.kind == kind
        switch isMutated ? mutation : nil {
        case .skip: return success
        case .swap:
            // Its answer was given, so nobody hears if it fails.
            state.withLock { $0.due = { _ = try? await call(nil) } }
            return success
        case let mutation:
            let result: Result<Answer, BackendError>
            do throws(BackendError) {
                result = .success(try await call(mutation))
            } catch {
                result = .failure(error)
            }
            await due?()
            return try result.get()
        }
    }
}

extension MutatedDatabase {
    package func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await next(.read, success: nil) { [base, memory] mutation throws(BackendError) in
            let current = try await base.read(key, in: partition)
            let older = memory.note(current, at: key, in: partition)
            if case .staleRead = mutation { return older }
            return current
        }
    }

    package func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        // A write that changes nothing: the version is the old one, where there is one.
        let versions = writes.map { write in
            write.content.map { _ in
                if case .version(let old) = write.condition { return old }
                return Version(rawValue: "never written")
            }
        }
        return try await next(.write, success: .committed(versions)) {
            [base] mutation throws(BackendError) in
            if case .unconditional = mutation {
                return try await base.write(writes.map(\.unconditional), in: partition)
            }
            return try await base.write(writes, in: partition)
        }
    }

    package func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await next(.send, success: ()) { [base] _ throws(BackendError) in
            try await base.send(messages)
        }
    }

    package func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await next(.acknowledge, success: true) { [base] _ throws(BackendError) in
            try await base.acknowledge(receipt)
        }
    }

    package func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        try await next(.release, success: true) { [base] _ throws(BackendError) in
            try await base.release(receipt, after: delay)
        }
    }

    package func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult
    {
        try await next(.commit, success: .committed) { [base] mutation throws(BackendError) in
            var transaction = transaction
            switch mutation {
            case .unconditional: transaction.writes = transaction.writes.map(\.unconditional)
            case .withoutReceipt: transaction.receipt = nil
            default: break
            }
            return try await base.commit(transaction)
        }
    }

    package func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await next(.isProcessed, success: false) { [base] _ throws(BackendError) in
            try await base.isProcessed(id, by: endpoint)
        }
    }
}

/// What a process has read, for as long as it lives: what a replica that lags behind would still
/// answer.
package final class ReadMemory: Sendable {
    private struct Place: Hashable {
        let partition: PartitionKey
        let key: DocumentKey
    }

    private let newest = Mutex<[Place: Document?]>([:])

    package init() {}

    /// Notes what is there.
    ///
    /// - Returns: What was read here before, or nothing, if this is new to the process; what is
    ///   there, if it is not. So nobody is told for ever what is long past: whoever tries again
    ///   after a conflict gets on, as with any replica.
    func note(
        _ current: Document?, at key: DocumentKey, in partition: PartitionKey
    ) -> Document? {
        newest.withLock { newest in
            let before = newest.updateValue(current, forKey: Place(partition: partition, key: key))
            return before ?? nil
        }
    }
}
