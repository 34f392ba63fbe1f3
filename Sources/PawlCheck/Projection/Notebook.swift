internal import Pawl
internal import Synchronization

/// What the processes under check were answered, so far as their pending calls do not say it.
///
/// A process that waits to send does not say which document it has read or saved before, though it
/// will write that document next. So the algorithm is run over a database that notes down what is
/// answered. It changes nothing. What is noted is of the execution that is being made as long as
/// every execution makes all its calls again, so simulations that are projected remember no strides.
final class Notebook: Sendable {
    /// What an algorithm was called for.
    enum Operation {
        case process(Receipt)
        case submit
        case complete
    }

    /// What one process was answered since its algorithm was called last.
    struct Page {
        var operation: Operation
        /// How often it has read the entity, and sent anything.
        var reads = 0
        var sends = 0
        /// Whether it knows that the message has a record beside the entity.
        var isRecorded = false
        /// The document that it has read or saved last; `nil` if there was none.
        var document: Document?
    }

    private let pages = Mutex<[Int: Page]>([:])

    /// What a process was answered.
    func page(of process: Int) -> Page? {
        pages.withLock { $0[process] }
    }

    fileprivate func begin(_ operation: Operation, by process: Int) {
        pages.withLock { $0[process] = Page(operation: operation) }
    }

    fileprivate func note(by process: Int, _ change: (inout Page) -> Void) {
        pages.withLock { pages in
            guard var page = pages[process] else { return }
            change(&page)
            pages[process] = page
        }
    }
}

extension AlgorithmUnderCheck {
    /// The same algorithm; what its processes are answered is noted down.
    func noted(in notebook: Notebook) -> AlgorithmUnderCheck {
        AlgorithmUnderCheck(name: name, needsDatabase: needsDatabase) { database, environment in
            guard let simulated = database as? SimulatedDatabase else {
                preconditionFailure("only what runs in a simulation is noted down")
            }
            let process = simulated.process.index
            return NotedAlgorithm(
                base: make(
                    NotedDatabase(base: simulated, process: process, notebook: notebook),
                    environment), process: process, notebook: notebook)
        }
    }
}

/// An algorithm that says when it is called.
private struct NotedAlgorithm: DeduplicationAlgorithm {
    let base: any DeduplicationAlgorithm
    let process: Int
    let notebook: Notebook

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        notebook.begin(.process(receipt), by: process)
        return try await base.process(attempt, receipt)
    }

    func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        notebook.begin(.submit, by: process)
        return try await base.submit(attempt)
    }

    func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        notebook.begin(.complete, by: process)
        return try await base.complete(submission, isLastTry: isLastTry)
    }
}

/// A database whose answers are noted down.
private struct NotedDatabase: Database {
    let base: SimulatedDatabase
    let process: Int
    let notebook: Notebook

    var limits: StoreLimits { base.limits }
    var transportLimits: TransportLimits { base.transportLimits }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        let document = try await base.read(key, in: partition)
        guard Naming.isEntity(key) else {
            if document != nil, key.kind == InboxRecords.kind {
                notebook.note(by: process) { $0.isRecorded = true }
            }
            return document
        }
        notebook.note(by: process) { page in
            page.reads += 1
            page.document = document
        }
        return document
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        let result = try await base.write(writes, in: partition)
        if result != .conflict, writes.first?.key.kind == InboxRecords.kind {
            notebook.note(by: process) { $0.isRecorded = true }
        }
        if case .committed(let versions) = result, let key = writes.first?.key,
            Naming.isEntity(key), let version = versions.first ?? nil,
            let content = writes.first?.content
        {
            notebook.note(by: process) {
                $0.document = Document(version: version, content: content)
            }
        }
        return result
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await base.send(messages)
        notebook.note(by: process) { $0.sends += 1 }
    }

    func commit(_ transaction: Transaction) async throws(BackendError) -> TransactionResult {
        try await base.commit(transaction)
    }

    func isProcessed(_ id: MessageID, by endpoint: String) async throws(BackendError) -> Bool {
        try await base.isProcessed(id, by: endpoint)
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.read(kind: kind, in: partition, after: after, limit: limit)
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await base.list(kind: kind, after: after, limit: limit)
    }

    func register(_ registration: Registration) async throws(BackendError) -> RegistrationResult {
        try await base.register(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await base.directory(fresh: fresh)
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease)
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await base.acknowledge(receipt)
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        try await base.release(receipt, after: delay)
    }

    func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try await base.extend(receipts, by: lease)
    }
}
