import Pawl

/// A transport with a queue that no other check uses, and shorthand to send and receive there.
struct TransportScene: Sendable {
    let subject: TransportSubject
    let transport: any Transport
    let queue: String

    init(_ subject: TransportSubject) async throws {
        self.subject = subject
        transport = subject.transport
        queue = subject.environment.fresh("queue")
        try await register(queue)
    }

    var now: Timestamp { subject.environment.now() }
    var lease: Duration { subject.lease }

    func advance(by duration: Duration) async throws {
        let advance = try subject.advance.required("a clock")
        await advance(duration)
    }

    func openSecond() async throws -> any Transport {
        let open = try subject.openSecond.required("a second handle")
        return try await open()
    }

    func register(_ endpoint: String, _ types: Set<String> = ["Ping"]) async throws {
        let registration = Registration(endpoint: endpoint, types: types)
        let result = try await transport.register(registration)
        try expect("the registration of \(endpoint)", result, is: .registered)
    }

    /// A new message.
    func message(_ text: String = "{}") -> Envelope {
        Envelope(
            id: MessageID(from: subject.environment), type: "Ping", body: text.bytes,
            sentAt: subject.environment.now())
    }

    /// Sends a new message to this scene's queue.
    @discardableResult
    func send(notBefore: Timestamp? = nil) async throws -> Envelope {
        let message = message()
        try await transport.send([Outgoing(message, to: queue, notBefore: notBefore)])
        return message
    }

    /// Receives at least one message.
    func receive(
        max: Int = 10, on other: (any Transport)? = nil
    ) async throws -> [Delivery] {
        let deliveries = try await (other ?? transport)
            .receive(from: queue, max: max, lease: lease)
        try expect(!deliveries.isEmpty, "receive returned nothing, though it was not cancelled")
        try expect(
            deliveries.count <= max, "receive returned \(deliveries.count), more than \(max)")
        return deliveries
    }

    /// Receives one message and expects it to be this one, at this attempt.
    @discardableResult
    func receive(_ message: Envelope, attempt: Int = 1) async throws -> Receipt {
        let delivery = try await receive(max: 1)[0]
        try expect("the message", try delivery.id, is: message.id)
        try expect("the attempt", delivery.attempt, is: attempt)
        return delivery.receipt
    }

    /// Expects that nothing is visible: a message sent now comes, and comes alone.
    func expectNothingVisible(_ when: String) async throws {
        let probe = try await send()
        for delivery in try await receive() {
            try expect(
                try delivery.id == probe.id,
                "\(when): expected nothing, saw a message at attempt \(delivery.attempt)")
            try await acknowledge(delivery.receipt)
        }
    }

    func acknowledge(_ receipt: Receipt) async throws {
        let isAccepted = try await transport.acknowledge(receipt)
        try expect(isAccepted, "an acknowledgement while the lease lasts was refused")
    }

    func release(_ receipt: Receipt, after delay: Duration = .zero) async throws {
        let isAccepted = try await transport.release(receipt, after: delay)
        try expect(isAccepted, "a release while the lease lasts was refused")
    }

    func extend(_ receipts: [Receipt]) async throws {
        let lost = try await transport.extend(receipts, by: lease)
        try expect("what an extension reports as lost", lost, is: [])
    }

    /// Lets the lease of a new message end and others take it.
    ///
    /// - Returns: The message, the past receipt and the valid one.
    func passedOn() async throws -> (message: Envelope, past: Receipt, current: Receipt) {
        let message = try await send()
        let past = try await receive(message)
        try await advance(by: lease + .milliseconds(1))
        let current = try await receive(message, attempt: 2)
        return (message, past, current)
    }

    /// Does something that waits, and moves the time forward until it is done.
    func whileTimePasses<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                while !Task.isCancelled {
                    try await advance(by: lease)
                    await Task.yield()
                }
                return nil
            }
            defer { group.cancelAll() }
            let value = try await group.next() ?? nil
            return try value.required("what was waited for")
        }
    }
}

extension TransportScene {
    /// Sends new messages in one batch.
    ///
    /// - Returns: Their ids, in order.
    @discardableResult
    func send(count: Int) async throws -> [MessageID] {
        let messages = (0..<count).map { _ in message() }
        try await transport.send(messages.map { Outgoing($0, to: queue) })
        return messages.map(\.id)
    }

    /// Receives messages until there were `count`, without acknowledging any.
    func receive(count: Int) async throws -> [Delivery] {
        var deliveries: [Delivery] = []
        while deliveries.count < count {
            deliveries += try await receive(max: count - deliveries.count)
        }
        return deliveries
    }
}

extension Delivery {
    /// The id of the message that was delivered.
    var id: MessageID {
        get throws { try Envelope(decoding: message).id }
    }
}
