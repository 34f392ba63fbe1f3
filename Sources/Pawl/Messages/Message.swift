/// Something that is sent from one part of a system to another.
///
/// A message is an ordinary `Codable` value. It is one of three: a ``Command``, an ``Event`` or a
/// ``Reply``.
///
/// Types evolve. Fields that a receiver does not know are ignored. A field that an older sender
/// did not write is read as `nil` if it is optional; for another one, say its value in
/// ``defaults``:
///
/// ```swift
/// struct ChargeAccount: Command {
///     let order: String
///     let amount: Int
///     var currency: String                    // since March
///     static let defaults = Defaults(["currency": "EUR"])
/// }
/// ```
public protocol Message: Codable, Sendable {
    /// The name of the type on the wire. It must never change, so state it before you rename the
    /// type. By default the type's name without its module.
    static var typeName: String { get }

    /// Values for fields that older senders did not write. None by default.
    static var defaults: Defaults { get }
}

extension Message {
    /// The type's name without its module.
    public static var typeName: String { TypeNames.name(of: Self.self) }

    /// No values.
    public static var defaults: Defaults { Defaults([:]) }
}

/// A message that asks for something to be done; exactly one endpoint handles it.
public protocol Command: Message {}

/// A message that says that something has happened; any number of endpoints handle it.
public protocol Event: Message {}

/// A message that answers the sender of another one.
public protocol Reply: Message {}

/// Values for fields that an older sender did not write, by the name of the field.
public struct Defaults: Sendable {
    let values: [String: any Encodable & Sendable]

    /// Creates defaults.
    ///
    /// - Parameter values: The value of each field, by the field's name on the wire.
    public init(_ values: [String: any Encodable & Sendable]) {
        self.values = values
    }
}
