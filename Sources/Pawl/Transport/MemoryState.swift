/// Everything that a database in memory holds, behind its one lock.
struct MemoryState: Sendable {
    private struct ProcessedID: Hashable {
        let endpoint: ExactText
        let id: MessageID
    }

    var documents = MemoryDocuments()
    var queues = MemoryQueues()
    private var processed: Set<ProcessedID> = []
    private var bells: [ExactText: Doorbell] = [:]

    mutating func register(
        _ registration: Registration, at now: Timestamp
    ) -> RegistrationResult {
        let name = ExactText(registration.endpoint)
        if bells[name] == nil { bells[name] = Doorbell() }
        return queues.register(registration, at: now)
    }

    /// The bell that rings when a message of the queue is visible, or will be sooner than it was.
    func bell(of queue: String) throws(BackendError) -> Doorbell {
        guard let bell = bells[ExactText(queue)] else {
            throw BackendError(
                .canNeverHappen,
                "There is no queue \(queue). An endpoint creates its queue when it registers.")
        }
        return bell
    }

    /// Sends all messages, or none if a queue does not exist.
    ///
    /// - Returns: The bells to ring, each once.
    mutating func send(
        _ messages: [MemoryOutgoing], isLocal: Bool, at now: Timestamp
    ) throws(BackendError) -> [Doorbell] {
        let bells = try bells(for: messages)
        for message in messages { queues.add(message, isLocal: isLocal, at: now) }
        return bells
    }

    /// The algorithm `transactional`, step 3: the commit is also the acknowledgement.
    ///
    /// - Returns: What became of it, and the bells to ring.
    mutating func commit(
        _ transaction: Transaction, sending messages: [MemoryOutgoing], at now: Timestamp
    ) throws(BackendError) -> (TransactionResult, [Doorbell]) {
        var isLocal = false
        if let receipt = transaction.receipt {
            guard let isMessageLocal = queues.isLocal(receipt) else { return (.leaseLost, []) }
            isLocal = isMessageLocal
        }
        // A message that a commit of this database sent can't come twice: its row is the token.
        let id = ProcessedID(endpoint: ExactText(transaction.endpoint), id: transaction.id)
        if !isLocal, processed.contains(id) {
            consume(transaction.receipt)
            return (.duplicate, [])
        }
        let bells = try bells(for: messages)
        let result = documents.write(transaction.writes, in: transaction.partition, at: now)
        guard result != .conflict else { return (.conflict, []) }
        consume(transaction.receipt)
        if !isLocal { processed.insert(id) }
        for message in messages { queues.add(message, isLocal: true, at: now) }
        return (.committed, bells)
    }

    /// Whether an id is remembered as processed.
    func isProcessed(_ id: MessageID, by endpoint: String) -> Bool {
        processed.contains(ProcessedID(endpoint: ExactText(endpoint), id: id))
    }

    private mutating func consume(_ receipt: Receipt?) {
        guard let receipt else { return }
        let isConsumed = queues.acknowledge(receipt)
        precondition(isConsumed, "the lease was checked under the same lock")
    }

    private func bells(for messages: [MemoryOutgoing]) throws(BackendError) -> [Doorbell] {
        var found: [(queue: ExactText, bell: Doorbell)] = []
        for message in messages where !found.contains(where: { $0.queue == message.queue }) {
            found.append((message.queue, try bell(of: message.queue.text)))
        }
        return found.map(\.bell)
    }
}

/// A message on its way into ``MemoryQueues``, encoded before any lock is taken.
struct MemoryOutgoing: Sendable {
    let queue: ExactText
    let notBefore: Timestamp?
    let bytes: [UInt8]

    init(_ outgoing: Outgoing) {
        queue = ExactText(outgoing.queue)
        notBefore = outgoing.notBefore
        bytes = outgoing.envelope.encoded()
    }
}

extension TransportLimits {
    /// Encodes messages and checks their sizes.
    func encoded(_ messages: [Outgoing]) throws(BackendError) -> [MemoryOutgoing] {
        let encoded = messages.map { MemoryOutgoing($0) }
        for (message, outgoing) in zip(messages, encoded)
        where outgoing.bytes.count > largestMessage {
            throw BackendError(
                .canNeverHappen,
                "The message \(message.envelope.id) (\(message.envelope.type)) is too large: it"
                    + " has \(outgoing.bytes.count) bytes, and at most \(largestMessage) are"
                    + " possible.")
        }
        return encoded
    }
}

extension StoreLimits {
    /// Checks that writes are not too many and not too large.
    package func check(_ writes: [Write]) throws(BackendError) {
        guard writes.count <= largestBatch else {
            throw BackendError(
                .canNeverHappen,
                "A batch of \(writes.count) writes is too large; at most \(largestBatch) are"
                    + " possible.")
        }
        for write in writes {
            let size = write.content?.size ?? 0
            guard size > largestDocument else { continue }
            throw BackendError(
                .canNeverHappen,
                "The document \(write.key) is too large: it has \(size) bytes, and at most"
                    + " \(largestDocument) are possible.")
        }
    }
}
