/// The handlers of one endpoint: what it does, apart from where and how it runs.
///
/// ```swift
/// let billing = Handlers("billing") {
///     Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
///         account.balance -= message.amount
///         context.publish(AccountCharged(order: message.order))
///     }
///     Perform(SendReceipt.self) { message, context in
///         try await mail.send(message, key: context.idempotencyKey)
///     }
/// }
/// ```
public struct Handlers: Sendable {
    /// The endpoint's name, which is also its queue's.
    public let name: String
    package private(set) var byType: [String: Handler]

    /// Defines an endpoint's handlers.
    ///
    /// - Parameters:
    ///   - name: The endpoint's name, not empty. It is part of the identity of everything that the
    ///     endpoint sends, so it must never change.
    ///   - handlers: ``Handle`` and ``Perform``, each for another type of message.
    public init(_ name: String, @HandlersBuilder _ handlers: () -> [any MessageHandler]) {
        precondition(!name.isEmpty, "an endpoint needs a name")
        self.name = name
        var byType: [String: Handler] = [:]
        for handler in handlers().map(\.erased.handler) {
            precondition(
                byType.updateValue(handler, forKey: handler.typeName) == nil,
                "endpoint \(name) has two handlers for \(handler.typeName)")
        }
        self.byType = byType
    }

    /// The same handlers, each with something done around its work.
    package func wrapping(
        _ wrap: (Handler) -> @Sendable (Envelope, String) throws -> Work
    ) -> Handlers {
        var wrapped = self
        for (type, handler) in byType { wrapped.byType[type]?.prepare = wrap(handler) }
        return wrapped
    }

    /// The wire names of the types of messages that are handled.
    public var types: Set<String> { Set(byType.keys) }
}

/// What can stand in a list of ``Handlers``: ``Handle`` and ``Perform``.
public protocol MessageHandler: Sendable {
    /// The handler with its types erased.
    var erased: ErasedHandler { get }
}

/// A handler with its types erased.
public struct ErasedHandler: Sendable {
    let handler: Handler
}

/// Builds a list of handlers from a block.
@resultBuilder
public enum HandlersBuilder {
    /// One handler.
    public static func buildExpression(_ handler: any MessageHandler) -> [any MessageHandler] {
        [handler]
    }

    /// All handlers of a block.
    public static func buildBlock(_ parts: [any MessageHandler]...) -> [any MessageHandler] {
        parts.flatMap { $0 }
    }

    /// The handlers of an `if` without `else`.
    public static func buildOptional(_ part: [any MessageHandler]?) -> [any MessageHandler] {
        part ?? []
    }

    /// The handlers of an `if`.
    public static func buildEither(first part: [any MessageHandler]) -> [any MessageHandler] {
        part
    }

    /// The handlers of an `else`.
    public static func buildEither(second part: [any MessageHandler]) -> [any MessageHandler] {
        part
    }

    /// The handlers of a `for`.
    public static func buildArray(_ parts: [[any MessageHandler]]) -> [any MessageHandler] {
        parts.flatMap { $0 }
    }
}
