public import FoundationEssentials

/// What a handler can do besides changing its entities: send messages and draw values that are the
/// same in every attempt.
///
/// Nothing that a handler does here takes place before its state is saved. If the attempt is thrown
/// away, so is all of it.
public final class Context {
    /// A message that was sent but not yet addressed.
    package struct Sent: Equatable, Sendable {
        package enum Target: Equatable, Sendable {
            /// The one endpoint that handles the command.
            case handler
            /// Every endpoint that handles the event.
            case subscribers
            /// The named queue.
            case queue(String)
        }
        package let type: String
        package internal(set) var body: [UInt8]
        package let target: Target
        package let notBefore: Timestamp?
    }

    /// The message that is being handled, or the submission from outside.
    public let message: Envelope
    /// When this attempt began. It differs from attempt to attempt; the message's own time is
    /// ``Envelope/sentAt``.
    public let now: Timestamp
    /// A generator seeded by the message: every attempt at it draws the same numbers.
    ///
    /// For example: `Int.random(in: 1...6, using: &context.random)`.
    public var random: SeededGenerator

    private var uuids: UInt64 = 0
    package private(set) var sent: [Sent] = []
    package private(set) var isRejected = false
    private(set) var failure: (any Error)?

    package init(message: Envelope, now: Timestamp) {
        self.message = message
        self.now = now
        random = SeededGenerator(seed: message.id.high)
    }

    /// An identity that follows from the message: the nth call gives the same one in every attempt.
    public func uuid() -> UUID {
        // From all 128 bits of the message's id: half of them would let two of some billions of
        // messages draw the same.
        var seed = ByteWriter()
        seed.write("uuid")
        seed.write(message.id)
        seed.write(uuids)
        uuids += 1
        var bytes = MessageID(hashing: seed.bytes).bytes
        bytes[6] = bytes[6] & 0x0F | 0x80  // version 8, custom: RFC 9562, section 5.8
        bytes[8] = bytes[8] & 0x3F | 0x80
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    /// Sends a command to the one endpoint that handles its type, or to the named one.
    ///
    /// - Parameters:
    ///   - command: What is to be done.
    ///   - endpoint: The name of the endpoint, needed only if several handle the type.
    ///   - delay: For how long, from now, it must not be delivered.
    public func send(
        _ command: some Command, to endpoint: String? = nil, after delay: Duration? = nil
    ) {
        add(command, to: endpoint.map { .queue($0) } ?? .handler, notBefore: delay.map { now + $0 })
    }

    /// Sends a command that must not be delivered before a time.
    ///
    /// - Parameters:
    ///   - command: What is to be done.
    ///   - endpoint: The name of the endpoint, needed only if several handle the type.
    ///   - time: The earliest time of its delivery.
    public func send(_ command: some Command, to endpoint: String? = nil, notBefore time: Timestamp)
    {
        add(command, to: endpoint.map { .queue($0) } ?? .handler, notBefore: time)
    }

    /// Publishes an event to every endpoint that handles its type.
    ///
    /// - Parameters:
    ///   - event: What has happened.
    ///   - delay: For how long, from now, it must not be delivered.
    public func publish(_ event: some Event, after delay: Duration? = nil) {
        add(event, to: .subscribers, notBefore: delay.map { now + $0 })
    }

    /// Publishes an event that must not be delivered before a time.
    ///
    /// - Parameters:
    ///   - event: What has happened.
    ///   - time: The earliest time of its delivery.
    public func publish(_ event: some Event, notBefore time: Timestamp) {
        add(event, to: .subscribers, notBefore: time)
    }

    /// Answers the endpoint that sent the message that is being handled.
    ///
    /// A message that came from the outer edge has no sender; answering it is an error, which
    /// fails the attempt.
    ///
    /// - Parameter reply: The answer.
    public func reply(_ reply: some Message) {
        guard let sender = message.sender else {
            failure =
                failure
                ?? PawlError(
                    .noDestination,
                    """
                    \(type(of: reply).typeName) can't be sent as a reply: message \(message.id) \
                    (\(message.type)) came from outside of any endpoint. Publish an event instead.
                    """)
            return
        }
        add(reply, to: .queue(sender), notBefore: nil)
    }

    /// Turns the message down for a reason of business: what the handler has changed and sent so
    /// far is thrown away, the message counts as processed. Messages sent afterwards are sent.
    ///
    /// ```swift
    /// guard account.balance >= message.amount else {
    ///     context.reject()
    ///     context.publish(ChargeRejected(order: message.order))
    ///     return
    /// }
    /// ```
    public func reject() {
        isRejected = true
        sent = []
    }

    /// Sends a message that is encoded already.
    package func add(type: String, body: [UInt8], to target: Sent.Target) {
        sent.append(Sent(type: type, body: body, target: target, notBefore: nil))
    }

    /// Changes the bodies of all messages that were sent so far.
    package func changeBodies(_ change: (inout [UInt8]) -> Void) {
        for index in sent.indices { change(&sent[index].body) }
    }

    func add(_ message: some Message, to target: Sent.Target, notBefore: Timestamp?) {
        do {
            sent.append(
                Sent(
                    type: type(of: message).typeName, body: try JSON.encode(message),
                    target: target, notBefore: notBefore))
        } catch {
            failure = failure ?? error
        }
    }
}

/// What a ``Perform`` handler is told about the message beside the message itself.
public struct PerformContext: Sendable {
    /// A key that is the same in every attempt at this message, by this endpoint. Hand it to
    /// whatever is called, so that it can tell a repeated call from a new one.
    public let idempotencyKey: String
    /// The message that is being handled.
    public let message: Envelope
}
