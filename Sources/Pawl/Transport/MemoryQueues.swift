internal import HeapModule

/// The queues of a transport that lives in memory: plain values, no clock and no lock of its own.
struct MemoryQueues: Sendable {
    private struct Message {
        let bytes: [UInt8]
        let isLocal: Bool
        /// How many leases ended by themselves.
        var endedLeases = 0
        /// Names the lease, from the moment it begins until the next one begins: the fence.
        var lease: UInt64?
        var visibleFrom: Timestamp
        /// The one place in line that counts; the message's earlier ones are void.
        var place: UInt64
    }

    /// A message's place in the line of those that are, or will be, visible.
    private struct Place: Comparable {
        let visibleFrom: Timestamp
        let message: UInt64
        let place: UInt64

        static func < (left: Place, right: Place) -> Bool {
            (left.visibleFrom, left.message, left.place)
                < (right.visibleFrom, right.message, right.place)
        }
    }

    private struct Queue {
        var registered: [String: Timestamp] = [:]
        var messages: [UInt64: Message] = [:]
        var line = Heap<Place>()

        /// Drops void places from the front of the line, and all of them once they outnumber the
        /// others.
        mutating func tidy() {
            if line.count > 2 * messages.count + 64 {
                let valid = messages.map { number, message in
                    Place(
                        visibleFrom: message.visibleFrom, message: number, place: message.place)
                }
                line = Heap(valid)
            }
            while let first = line.min, messages[first.message]?.place != first.place {
                line.removeMin()
            }
        }
    }

    private var queues: [ExactText: Queue] = [:]
    /// Numbers messages, leases and places, each number once.
    private var lastNumber: UInt64 = 0

    // MARK: Queues

    mutating func register(
        _ registration: Registration, at now: Timestamp
    ) -> RegistrationResult {
        let name = ExactText(registration.endpoint)
        var queue = queues[name] ?? Queue()
        let (result, forget) = registration.decide(known: queue.registered, now: now)
        guard result == .registered else { return result }
        for type in forget { queue.registered[type] = nil }
        for type in registration.types { queue.registered[type] = now }
        queues[name] = queue
        return result
    }

    var directory: Directory {
        var endpoints: [String: Set<String>] = [:]
        for (name, queue) in queues { endpoints[name.text] = Set(queue.registered.keys) }
        return Directory(endpoints: endpoints)
    }

    // MARK: Messages

    /// Adds a message; `isLocal` says whether a commit of the same database sends it.
    mutating func add(_ message: MemoryOutgoing, isLocal: Bool, at now: Timestamp) {
        let number = nextNumber()
        let visibleFrom = message.notBefore.map { max($0, now) } ?? now
        let place = nextNumber()
        queues[message.queue]?.messages[number] = Message(
            bytes: message.bytes, isLocal: isLocal, visibleFrom: visibleFrom, place: place)
        queues[message.queue]?.line.insert(
            Place(visibleFrom: visibleFrom, message: number, place: place))
    }

    /// Leases at most `max` visible messages, those first that have been visible for longest.
    mutating func take(
        from queue: String, max: Int, until leaseEnd: Timestamp, at now: Timestamp
    ) -> [Delivery] {
        let name = ExactText(queue)
        var deliveries: [Delivery] = []
        while deliveries.count < max, let number = firstVisible(in: name, at: now),
            var message = queues[name]?.messages[number]
        {
            if message.lease != nil { message.endedLeases += 1 }
            let lease = nextNumber()
            message.lease = lease
            queues[name]?.messages[number] = message
            move(number, in: name, to: leaseEnd)
            deliveries.append(
                Delivery(
                    receipt: Receipt(queue: queue, handle: "\(number).\(lease)"),
                    attempt: message.endedLeases + 1, message: message.bytes))
        }
        return deliveries
    }

    /// When the next message becomes visible, if there is one that will.
    mutating func nextVisible(in queue: String) -> Timestamp? {
        let name = ExactText(queue)
        queues[name]?.tidy()
        return queues[name]?.line.min?.visibleFrom
    }

    /// Whether the delivery's message was sent by a commit of the same database; `nil` if the
    /// lease has passed on.
    func isLocal(_ receipt: Receipt) -> Bool? {
        leased(by: receipt).flatMap { queues[$0.queue]?.messages[$0.number]?.isLocal }
    }

    mutating func acknowledge(_ receipt: Receipt) -> Bool {
        guard let (name, number) = leased(by: receipt) else { return false }
        queues[name]?.messages[number] = nil
        queues[name]?.tidy()
        return true
    }

    mutating func release(_ receipt: Receipt, until visibleFrom: Timestamp) -> Bool {
        guard let (name, number) = leased(by: receipt) else { return false }
        queues[name]?.messages[number]?.lease = nil
        move(number, in: name, to: visibleFrom)
        return true
    }

    /// Moves the end of a lease.
    ///
    /// - Returns: When it would have ended; `nil` if the lease has passed on.
    mutating func extend(_ receipt: Receipt, until leaseEnd: Timestamp) -> Timestamp? {
        guard let (name, number) = leased(by: receipt) else { return nil }
        defer { move(number, in: name, to: leaseEnd) }
        return queues[name]?.messages[number]?.visibleFrom
    }

    /// The message that a receipt still gives a right to: until somebody else takes it.
    private func leased(by receipt: Receipt) -> (queue: ExactText, number: UInt64)? {
        let name = ExactText(receipt.queue)
        let parts = receipt.handle.split(separator: ".").map { UInt64($0) }
        guard parts.count == 2, let number = parts[0], let lease = parts[1],
            queues[name]?.messages[number]?.lease == lease
        else { return nil }
        return (name, number)
    }

    private mutating func firstVisible(in queue: ExactText, at now: Timestamp) -> UInt64? {
        queues[queue]?.tidy()
        guard let first = queues[queue]?.line.min, first.visibleFrom <= now else { return nil }
        return first.message
    }

    private mutating func move(
        _ message: UInt64, in queue: ExactText, to visibleFrom: Timestamp
    ) {
        let place = nextNumber()
        queues[queue]?.messages[message]?.visibleFrom = visibleFrom
        queues[queue]?.messages[message]?.place = place
        queues[queue]?.line.insert(
            Place(visibleFrom: visibleFrom, message: message, place: place))
        queues[queue]?.tidy()
    }

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }
}
