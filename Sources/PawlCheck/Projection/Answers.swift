internal import Pawl

/// What a process was answered since its algorithm was called last, so far as its pending call does
/// not say it.
///
/// A process that waits to send does not say which document it has read or saved before, though it
/// will write that document next; and whether a call is of one step or of another depends on what was
/// called before. Both follow from its past, which is a part of every state.
struct Answers {
    /// What an algorithm was called for.
    enum Operation {
        case process(Receipt)
        case submit
        case complete
    }

    /// What the algorithm was called for; `nil` if the process waits for its first message.
    private(set) var operation: Operation?
    /// How often it has read the entity, and sent anything.
    private(set) var reads = 0
    private(set) var sends = 0
    /// Whether it knows that the message has a record beside the entity.
    private(set) var isRecorded = false
    /// The entity as it has read or saved it last; `nil` if there was none.
    private(set) var document: Document?

    init(to index: Int, in simulation: Simulation) {
        let process = simulation.world.processes[index]
        if process.role > 0 { operation = .submit }
        var answers: [(call: Call, reply: CallReply)] = []
        var next = process.past
        while let stride = next {
            if let call = stride.call, let answer = stride.answer {
                answers.append((call, answer.reply))
            }
            next = stride.previous
        }
        for (call, reply) in answers.reversed() { note(call, reply, simulation.interner) }
    }

    private init(for operation: Operation?) {
        self.operation = operation
    }

    private mutating func note(_ call: Call, _ reply: CallReply, _ interner: Interner) {
        switch (call, reply) {
        case (.receive, .answer(.deliveries(let deliveries))):
            guard let receipt = deliveries.first?.receipt else { return }
            let isAnnouncement =
                interner.content(of: receipt)?.envelope.type == Submission.typeName
            self = Answers(for: isAnnouncement ? .complete : .process(receipt))
        case (.read(let address), .answer(.document(let document))):
            note(read: document, interner.addresses[address].key)
        case (.write(let writes, _, _), .answer(.written(let result))):
            guard let write = writes.first else { return }
            note(result, of: write)
        case (.send, .answer): sends += 1
        // A consumer takes another message then, a session calls its algorithm again.
        case (_, .failure): self = Answers(for: operation)
        default: break
        }
    }

    private mutating func note(read document: Document?, _ key: DocumentKey) {
        if Naming.isEntity(key) {
            reads += 1
            self.document = document
        } else if key.kind == InboxRecords.kind, document != nil {
            isRecorded = true
        }
    }

    private mutating func note(_ result: WriteResult, of write: Write) {
        switch result {
        case .committed(let versions):
            if write.key.kind == InboxRecords.kind { isRecorded = true }
            if Naming.isEntity(write.key), let version = versions.first ?? nil,
                let content = write.content
            {
                document = Document(version: version, content: content)
            }
        case .conflict:
            // A session whose state could not be saved begins anew. It sends first what announces
            // it; once it has sent twice, its state is saved.
            if case .submit = operation, sends < 2 { self = Answers(for: operation) }
        }
    }
}
