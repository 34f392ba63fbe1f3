/// Facts that never change, each under an id: recording one twice is recording it once, in any
/// order.
///
/// ```swift
/// try account.charges.record(Charge(amount: message.amount), as: message.order)
/// ```
///
/// That there are two different facts under one id can't be: it is an error, whichever comes
/// second. So a fact must follow from the message alone; what differs from attempt to attempt, such
/// as ``Context/now``, has no place in it.
///
/// It is written as an array of ids and facts, in the order of the ids.
///
/// Source: append-only facts in place of updates; P. Helland, "Immutability Changes Everything",
/// CIDR 2015. As a data type it is the G-Set of M. Shapiro et al., "A comprehensive study of
/// Convergent and Commutative Replicated Data Types", INRIA 7506, 2011, section 3.3.1, with a key.
public struct Facts<
    ID: Hashable & Comparable & Codable & Sendable, Fact: Hashable & Codable & Sendable
>: Hashable, Sendable {
    private var facts: [ID: Fact] = [:]

    /// Creates an empty collection.
    public init() {}

    /// Records a fact, unless it is recorded.
    ///
    /// - Parameters:
    ///   - fact: The fact.
    ///   - id: What it is known by.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/contradiction`` if there is another
    ///   fact under this id.
    public mutating func record(_ fact: Fact, as id: ID) throws {
        if let known = facts[id], known != fact {
            throw PawlError(
                .contradiction,
                """
                \(fact) can't be recorded as \(id): under that id there is \(known), and a fact \
                never changes. Give what is another fact another id; and let a fact follow from \
                its message alone, so that every copy of the message tells the same.
                """)
        }
        facts[id] = fact
    }

    /// The fact under an id; `nil` if there is none.
    public subscript(id: ID) -> Fact? { facts[id] }

    /// All ids, in their order.
    public var ids: [ID] { facts.keys.sorted() }
    /// All facts, in the order of their ids.
    public var all: [Fact] { facts.sorted { $0.key < $1.key }.map(\.value) }
    /// The number of facts.
    public var count: Int { facts.count }
    /// Whether there are none.
    public var isEmpty: Bool { facts.isEmpty }
}

extension Facts: Codable {
    private struct Entry: Codable {
        let id: ID
        let fact: Fact
    }

    /// Reads the facts from an array of ids and facts.
    public init(from decoder: any Decoder) throws {
        for entry in try decoder.singleValueContainer().decode([Entry].self) {
            facts[entry.id] = entry.fact
        }
    }

    /// Writes the facts as an array of ids and facts, in the order of the ids.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(
            facts.sorted { $0.key < $1.key }.map { Entry(id: $0.key, fact: $0.value) })
    }
}
