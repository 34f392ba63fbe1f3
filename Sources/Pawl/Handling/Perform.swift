/// Handles a message by doing something outside of Pawl's reach, such as calling a payment
/// provider or sending mail.
///
/// It is done at least once: after a crash, it may be done again, with the same
/// ``PerformContext/idempotencyKey``. Its result comes back as a message, exactly once: the first
/// result that is saved stands.
///
/// ```swift
/// Perform(SendReceipt.self) { message, context in
///     try await mail.send(message, key: context.idempotencyKey)
///     return ReceiptSent(order: message.order)
/// }
/// ```
public struct Perform: MessageHandler {
    /// The handler with its types erased.
    public let erased: ErasedHandler

    /// Performs something whose result is published as an event.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - body: Does it and returns the result.
    public init<M: Message>(
        _ type: M.Type,
        _ body: @escaping @Sendable (M, PerformContext) async throws -> some Event
    ) {
        self.init(
            type,
            performing: { message, context, sender in
                sender.publish(try await body(message, context))
            })
    }

    /// Performs something whose result is sent as a command.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - body: Does it and returns the result.
    public init<M: Message>(
        _ type: M.Type,
        _ body: @escaping @Sendable (M, PerformContext) async throws -> some Command
    ) {
        self.init(
            type,
            performing: { message, context, sender in sender.send(try await body(message, context))
            })
    }

    /// Performs something whose result goes back to the sender of the message.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - body: Does it and returns the result.
    public init<M: Message>(
        _ type: M.Type,
        _ body: @escaping @Sendable (M, PerformContext) async throws -> some Reply
    ) {
        self.init(
            type,
            performing: { message, context, sender in sender.reply(try await body(message, context))
            })
    }

    /// Performs something that has no result.
    ///
    /// - Parameters:
    ///   - type: The type of message.
    ///   - body: Does it.
    public init<M: Message>(
        _ type: M.Type, _ body: @escaping @Sendable (M, PerformContext) async throws -> Void
    ) {
        self.init(type, performing: { message, context, _ in try await body(message, context) })
    }

    private init<M: Message>(
        _ type: M.Type,
        performing body: @escaping @Sendable (M, PerformContext, Context) async throws -> Void
    ) {
        erased = ErasedHandler(
            handler: Handler(type) { message, envelope, endpoint in
                Work(on: envelope, at: endpoint) { sender in
                    let context = PerformContext(
                        idempotencyKey: "\(endpoint)/\(envelope.id)", message: envelope)
                    try await body(message, context, sender)
                }
            })
    }
}
