/// The name of a partition: the unit within which a store writes atomically.
public struct PartitionKey: Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    /// The partition's name.
    public let name: String

    /// Creates a partition key from its name.
    public init(_ name: String) {
        self.name = name
    }

    /// Creates a partition key from a literal name.
    public init(stringLiteral value: String) {
        name = value
    }

    /// The partition's name.
    public var description: String { name }

    /// Whether two names have the same bytes; Unicode's equivalences don't count.
    public static func == (left: PartitionKey, right: PartitionKey) -> Bool {
        left.name.hasSameBytes(as: right.name)
    }

    /// Orders partitions by the bytes of their names.
    public static func < (left: PartitionKey, right: PartitionKey) -> Bool {
        left.name.precedesInBytes(right.name)
    }
}

/// The address of a document within its partition: first its kind, then its id.
public struct DocumentKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// What sort of document it is, for example `Account`. Kinds that start with `pawl.` are
    /// Pawl's own.
    public let kind: String
    /// Which one of its kind it is.
    public let id: String

    /// Creates a key from a kind and an id.
    public init(kind: String, id: String) {
        self.kind = kind
        self.id = id
    }

    /// The key as `kind/id`.
    public var description: String { "\(kind)/\(id)" }

    /// Whether kind and id have the same bytes; Unicode's equivalences don't count.
    public static func == (left: DocumentKey, right: DocumentKey) -> Bool {
        left.kind.hasSameBytes(as: right.kind) && left.id.hasSameBytes(as: right.id)
    }

    /// Orders keys by the bytes of their kind, then by the bytes of their id.
    public static func < (left: DocumentKey, right: DocumentKey) -> Bool {
        left.kind.hasSameBytes(as: right.kind)
            ? left.id.precedesInBytes(right.id) : left.kind.precedesInBytes(right.kind)
    }
}

extension String {
    /// Databases compare bytes, Swift compares characters: "é" can be written in two ways.
    package func hasSameBytes(as other: String) -> Bool {
        // The first comparison is fast, and most often settles it.
        self == other && utf8.elementsEqual(other.utf8)
    }

    package func precedesInBytes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}

/// The version of a stored document. Opaque: only equality means anything, and a version never
/// comes back, not even after the document was deleted and written anew.
public struct Version: Hashable, Sendable {
    /// The backend's own form of the version.
    public let rawValue: String

    /// Creates a version from a backend's own form.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// What a document holds.
public struct Content: Hashable, Sendable {
    /// The state, as JSON text in UTF-8; `nil` for a document that has a ledger but no state yet.
    public var body: [UInt8]?
    /// What the deduplication algorithm remembers beside the state; opaque to the store.
    public var ledger: [UInt8]
    /// The moment from which on the document counts as absent; `nil` for never.
    public var expires: Timestamp?

    /// Creates the content of a document.
    ///
    /// - Parameters:
    ///   - body: The state, as JSON text in UTF-8.
    ///   - ledger: What the deduplication algorithm remembers; empty if nothing.
    ///   - expires: The moment from which on the document counts as absent.
    public init(body: [UInt8]?, ledger: [UInt8] = [], expires: Timestamp? = nil) {
        self.body = body
        self.ledger = ledger
        self.expires = expires
    }

    /// The number of bytes that count against ``StoreLimits/largestDocument``.
    public var size: Int { (body?.count ?? 0) + ledger.count }
}

/// A document as it was read: its content at a version.
public struct Document: Hashable, Sendable {
    /// The version that this content has.
    public let version: Version
    /// What the document holds.
    public let content: Content

    /// Creates a document as a store returns it.
    public init(version: Version, content: Content) {
        self.version = version
        self.content = content
    }
}

/// A document together with where it is.
public struct LocatedDocument: Hashable, Sendable {
    /// The partition that the document is in.
    public let partition: PartitionKey
    /// The key within the partition.
    public let key: DocumentKey
    /// The document itself.
    public let document: Document

    /// Creates a located document.
    public init(partition: PartitionKey, key: DocumentKey, document: Document) {
        self.partition = partition
        self.key = key
        self.document = document
    }
}
