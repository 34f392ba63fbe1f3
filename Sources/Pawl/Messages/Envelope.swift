/// A message as it travels: its identity, its type's name, where it came from, and its body.
public struct Envelope: Hashable, Sendable {
    /// The message's identity, the same in every copy.
    public var id: MessageID
    /// The wire name of its type; see ``Message/typeName``.
    public var type: String
    /// The message itself, as JSON text in UTF-8. It stays opaque until a handler asks for it.
    public var body: [UInt8]
    /// Further values by name, for example the W3C trace context.
    public var headers: [String: String]
    /// The message that was being handled when this one was sent; `nil` at the outer edge.
    public var cause: MessageID?
    /// The first message of the chain that led to this one.
    public var conversation: MessageID
    /// The endpoint that sent it, which is where a reply goes; `nil` at the outer edge.
    public var sender: String?
    /// When it was sent.
    public var sentAt: Timestamp

    /// Creates an envelope.
    ///
    /// - Parameters:
    ///   - id: The message's identity.
    ///   - type: The wire name of its type.
    ///   - body: The message, as JSON text in UTF-8.
    ///   - headers: Further values by name.
    ///   - cause: The message that was being handled when this one was sent.
    ///   - conversation: The first message of the chain; this one if `nil`.
    ///   - sender: The endpoint that sent it.
    ///   - sentAt: When it was sent.
    public init(
        id: MessageID, type: String, body: [UInt8], headers: [String: String] = [:],
        cause: MessageID? = nil, conversation: MessageID? = nil, sender: String? = nil,
        sentAt: Timestamp
    ) {
        self.id = id
        self.type = type
        self.body = body
        self.headers = headers
        self.cause = cause
        self.conversation = conversation ?? id
        self.sender = sender
        self.sentAt = sentAt
    }
}
