/// A value that the latest message to write it decides, in whatever order they come: writing twice
/// is writing once, and a late copy of an older message changes nothing.
///
/// ```swift
/// customer.address.assign(message.address, by: context.message)
/// ```
///
/// Which message is the latest, ``Envelope/sentAt`` says, which is the same in every copy, and of
/// messages with the same time their ids. Clocks of different senders may disagree; where the time
/// of the business matters, hand it over. Never hand over ``Context/now``: it differs from attempt
/// to attempt, so that a copy would be the latest.
///
/// Source: the LWW-Register of P. Johnson, R. Thomas, RFC 677, 1975, and of M. Shapiro et al., "A
/// comprehensive study of Convergent and Commutative Replicated Data Types", INRIA 7506, 2011,
/// section 3.2.1.
public struct LastWriterRegister<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable
{
    /// The value as it stands.
    public private(set) var value: Value
    /// The time of the message that has written it; `nil` if none has.
    public private(set) var time: Timestamp?
    /// The message that has written it; `nil` if none has.
    public private(set) var writer: MessageID?

    /// Creates a register that no message has written.
    ///
    /// - Parameter value: Its value until one does.
    public init(_ value: Value) {
        self.value = value
    }

    /// Writes a value, unless a later message has written one.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - message: The message that is being handled. If it writes several times, the last time
    ///     counts.
    public mutating func assign(_ value: Value, by message: Envelope) {
        assign(value, at: message.sentAt, by: message.id)
    }

    /// Writes a value, unless one was written at a later time.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - time: The time that counts; it has to follow from the message.
    ///   - message: The message's id, which decides between equal times.
    public mutating func assign(_ value: Value, at time: Timestamp, by message: MessageID) {
        if let last = self.time, let writer, (time, message) < (last, writer) { return }
        self.value = value
        self.time = time
        writer = message
    }
}
