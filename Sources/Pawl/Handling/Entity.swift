public import FoundationEssentials

/// What messages change: one document, addressed by its kind and an id.
///
/// An entity is an ordinary `Codable` value whose stored properties all have defaults. A document
/// that was written before a property existed is laid over the defaults, so adding a property with
/// a default needs no migration:
///
/// ```swift
/// struct Account: Entity {
///     var balance = 0
///     var charges: [Charge] = []
///     var currency = "EUR"        // added later: old documents read as "EUR"
/// }
/// ```
public protocol Entity: Codable, Sendable {
    /// The name of the kind in the store. It must never change, so state it before you rename the
    /// type. By default the type's name without its module.
    static var kind: String { get }

    /// The state of an entity that has not been stored yet.
    init()
}

extension Entity {
    /// The type's name without its module.
    public static var kind: String { TypeNames.name(of: Self.self) }
}

/// A value that can identify an entity: `String`, `UUID`, `Int`, or a type of your own.
public protocol EntityID: Sendable {
    /// The id as text, the same for equal ids, never empty.
    var entityID: String { get }
}

extension String: EntityID {
    /// The text itself.
    public var entityID: String { self }
}

extension Int: EntityID {
    /// The number in decimal digits.
    public var entityID: String { String(self) }
}

extension UUID: EntityID {
    /// The id in lower case.
    public var entityID: String { uuidString.lowercased() }
}

/// How an entity is to be there before a handler runs.
public enum Existence: Sendable {
    /// It starts with its defaults unless it was stored before.
    case any
    /// It must have been stored before; otherwise the handler fails with
    /// ``PawlError/Code/missingEntity``.
    case mustExist
    /// It must not have been stored before; otherwise the handler fails with
    /// ``PawlError/Code/entityExists``.
    case create
}

/// Says which entity of a type a message is about; see ``Entity/by(_:_:)``.
public struct EntityReference<M: Message, E: Entity>: Sendable {
    let id: @Sendable (M) -> any EntityID
    let existence: Existence
}

extension Entity {
    /// The entity of this type whose id the message carries, for handlers that change several.
    ///
    /// - Parameters:
    ///   - id: Reads the id from the message; a key path will do.
    ///   - existence: How the entity is to be there before the handler runs.
    /// - Returns: The reference.
    public static func by<M: Message>(
        _ id: @escaping @Sendable (M) -> some EntityID, _ existence: Existence = .any
    ) -> EntityReference<M, Self> {
        EntityReference(id: { id($0) }, existence: existence)
    }
}
