package import Pawl
package import PawlCheck
internal import Synchronization

/// Learns which calls an algorithm makes, by running it on every simple path.
package enum CallRecorder {
    /// The calls that an algorithm makes in each phase, on each path, in the order of the paths.
    package static func calls(
        of algorithm: AlgorithmUnderCheck
    ) async throws -> [Mutation.Phase: [[Mutation.CallKind]]] {
        var calls: [Mutation.Phase: [[Mutation.CallKind]]] = [:]
        for path in Path.allCases {
            calls[path.phase, default: []].append(try await run(algorithm, on: path).calls)
        }
        return calls
    }

    /// What can have been before, and what is done then.
    package enum Path: String, CaseIterable, Sendable {
        case newMessage = "a new message"
        case duplicate = "a message that was processed before"
        case duplicateOfHalf = "a message whose first attempt died after it was saved"
        case newSubmission = "a submission"
        case resubmission = "a submission that was saved before"
        case completingHalf = "completing a submission that died after it was saved"
        case completingAll = "completing a submission that is finished"
        case completingNothing = "completing a submission that was not saved"
        case givingUp = "completing a submission that was not saved, for the last time"

        package var phase: Mutation.Phase {
            switch self {
            case .newMessage, .duplicate, .duplicateOfHalf: .process
            case .newSubmission, .resubmission: .submit
            case .completingHalf, .completingAll, .completingNothing, .givingUp: .complete
            }
        }
    }

    /// What an algorithm did on a path.
    package struct Run: Equatable, Sendable {
        /// The calls that it made, without those that came before.
        package var calls: [Mutation.CallKind]
        /// What it answered.
        package var answer: String
        /// The entity afterwards.
        package var entity: Content?
        /// The messages that are in the queue of a subscriber.
        package var sent: [[UInt8]]
        /// The number of messages that are left in its own queue.
        package var left: Int
    }

    /// Runs an algorithm on a path.
    package static func run(
        _ algorithm: AlgorithmUnderCheck, on path: Path
    ) async throws -> Run {
        let rehearsal = try await Rehearsal(algorithm)
        let recording = RecordingDatabase(base: rehearsal.database)
        let dying = RecordingDatabase(base: rehearsal.database, diesAfterWrite: true)
        let healthy = RecordingDatabase(base: rehearsal.database)
        let answer: any Sendable
        switch path {
        case .newMessage:
            try await rehearsal.send(copies: 1)
            answer = try await rehearsal.process(over: recording)
        case .duplicate:
            try await rehearsal.send(copies: 2)
            _ = try await rehearsal.process(over: healthy)
            answer = try await rehearsal.process(over: recording)
        case .duplicateOfHalf:
            try await rehearsal.send(copies: 2)
            // What dies, throws.
            _ = try? await rehearsal.process(over: dying)
            answer = try await rehearsal.process(over: recording)
        case .newSubmission:
            answer = try await rehearsal.submit(over: recording)
        case .resubmission:
            _ = try await rehearsal.submit(over: healthy)
            answer = try await rehearsal.submit(over: recording)
        case .completingHalf:
            _ = try? await rehearsal.submit(over: dying)
            answer = try await rehearsal.complete(over: recording)
        case .completingAll:
            _ = try await rehearsal.submit(over: healthy)
            answer = try await rehearsal.complete(over: recording)
        case .completingNothing:
            answer = try await rehearsal.complete(over: recording)
        case .givingUp:
            answer = try await rehearsal.complete(over: recording, isLastTry: true)
        }
        return try await rehearsal.outcome(recording.calls, "\(answer)")
    }
}

/// A database that writes down what is called. If that is wanted, it fails from the first write on
/// that has taken effect: to its caller as good as a crash.
package final class RecordingDatabase: DatabaseWrapper {
    private struct State {
        var calls: [Mutation.CallKind] = []
        var isDead = false
    }

    package let base: any Database
    private let diesAfterWrite: Bool
    private let state = Mutex(State())

    package init(base: any Database, diesAfterWrite: Bool = false) {
        self.base = base
        self.diesAfterWrite = diesAfterWrite
    }

    /// The calls that an algorithm has made.
    package var calls: [Mutation.CallKind] { state.withLock { $0.calls } }

    private func note(_ kind: Mutation.CallKind) throws(BackendError) {
        let isDead = state.withLock { state in
            state.calls.append(kind)
            return state.isDead
        }
        if isDead { throw BackendError(.didNotHappen, "the process is dead") }
    }

    package func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try note(.read)
        return try await base.read(key, in: partition)
    }

    package func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try note(.write)
        let result = try await base.write(writes, in: partition)
        if diesAfterWrite { state.withLock { $0.isDead = true } }
        return result
    }

    package func send(_ messages: [Outgoing]) async throws(BackendError) {
        try note(.send)
        try await base.send(messages)
    }

    package func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try note(.acknowledge)
        return try await base.acknowledge(receipt)
    }

    package func release(
        _ receipt: Receipt, after delay: Duration
    ) async throws(BackendError) -> Bool {
        try note(.release)
        return try await base.release(receipt, after: delay)
    }

    package func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult
    {
        try note(.commit)
        return try await base.commit(transaction)
    }

    package func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try note(.isProcessed)
        return try await base.isProcessed(id, by: endpoint)
    }
}
