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
    package struct Path: Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// What is done.
        package enum Kind: String, CaseIterable, Sendable {
            case newMessage = "a new message"
            case duplicate = "a message that was there before"
            case newSubmission = "a submission"
            case resubmission = "a submission that was there before"
            case completing = "completing a submission"
            case completingNothing = "completing a submission that was not saved"
            case givingUp = "giving up a submission"
        }

        let kind: Kind
        /// After how many writes whoever came before died; `nil` where nobody died.
        let writes: Int?

        init(_ kind: Kind, writes: Int? = nil) {
            self.kind = kind
            self.writes = writes
        }

        package static let newMessage = Path(.newMessage)

        /// As many writes as an algorithm makes for a message; if it makes fewer, nobody dies.
        private static let deaths = [nil] + (1...7).map { $0 }

        package static let allCases = Kind.allCases.flatMap { kind in
            switch kind {
            case .newMessage, .newSubmission, .completingNothing: [Path(kind)]
            case .duplicate, .resubmission, .completing: deaths.map { Path(kind, writes: $0) }
            // Nothing of it was saved, or not all that it takes.
            case .givingUp: deaths.prefix(3).map { Path(kind, writes: $0) }
            }
        }

        package var phase: Mutation.Phase {
            switch kind {
            case .newMessage, .duplicate: .process
            case .newSubmission, .resubmission: .submit
            case .completing, .completingNothing, .givingUp: .complete
            }
        }

        package var description: String {
            kind.rawValue + (writes.map { ", and died after \($0) writes" } ?? "")
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
        /// What it keeps beside the entity.
        package var beside: [DocumentKey: Content]
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
        let before = RecordingDatabase(base: rehearsal.database, diesAfterWrites: path.writes)
        let answer: any Sendable
        // What dies, throws.
        switch path.kind {
        case .newMessage:
            try await rehearsal.send(copies: 1)
            answer = try await rehearsal.process(over: recording)
        case .duplicate:
            try await rehearsal.send(copies: 2)
            _ = try? await rehearsal.process(over: before)
            answer = try await rehearsal.process(over: recording)
        case .newSubmission:
            answer = try await rehearsal.submit(over: recording)
        case .resubmission:
            _ = try? await rehearsal.submit(over: before)
            answer = try await rehearsal.submit(over: recording)
        case .completing:
            _ = try? await rehearsal.submit(over: before)
            answer = try await rehearsal.complete(over: recording)
        case .completingNothing:
            answer = try await rehearsal.complete(over: recording)
        case .givingUp:
            if path.writes != nil { _ = try? await rehearsal.submit(over: before) }
            answer = try await rehearsal.complete(over: recording, isLastTry: true)
        }
        return try await rehearsal.outcome(recording.calls, "\(answer)")
    }
}

/// A database that writes down what is called. If that is wanted, it fails once so many writes have
/// taken effect: to its caller as good as a crash.
package final class RecordingDatabase: DatabaseWrapper {
    private struct State {
        var calls: [Mutation.CallKind] = []
        var writes = 0
    }

    package let base: any Database
    private let diesAfterWrites: Int?
    private let state = Mutex(State())

    package init(base: any Database, diesAfterWrites: Int? = nil) {
        self.base = base
        self.diesAfterWrites = diesAfterWrites
    }

    /// The calls that an algorithm has made.
    package var calls: [Mutation.CallKind] { state.withLock { $0.calls } }

    private func note(_ kind: Mutation.CallKind) throws(BackendError) {
        let isDead = state.withLock { state in
            state.calls.append(kind)
            return diesAfterWrites.map { state.writes >= $0 } ?? false
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
        state.withLock { $0.writes += 1 }
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
