/// A set that only grows: inserting twice is inserting once, in any order.
///
/// For state that ``Deduplication/natural`` keeps, in a handler for example:
///
/// ```swift
/// account.orders.insert(message.order)
/// ```
///
/// Whether an element was new is not answered: what is sent must not depend on it, since the copy of
/// a message finds that nothing is new. Elements that have to go again want an
/// ``ObservedRemoveSet``. It is written as a sorted array.
///
/// Source: the G-Set of M. Shapiro, N. Preguiça, C. Baquero, M. Zawirski, "A comprehensive study of
/// Convergent and Commutative Replicated Data Types", INRIA 7506, 2011, section 3.3.1.
public struct GrowOnlySet<Element: Hashable & Comparable & Codable & Sendable>: Hashable, Sendable {
    private var members: Set<Element> = []

    /// Creates an empty set.
    public init() {}

    /// Creates a set of these elements.
    ///
    /// - Parameter elements: The elements.
    public init(_ elements: some Sequence<Element>) {
        members = Set(elements)
    }

    /// Adds an element, if it is not there.
    ///
    /// - Parameter element: The element.
    public mutating func insert(_ element: Element) {
        members.insert(element)
    }

    /// Whether an element is there.
    ///
    /// - Parameter element: The element.
    /// - Returns: Whether it is.
    public func contains(_ element: Element) -> Bool { members.contains(element) }

    /// All elements, in their order.
    public var elements: [Element] { members.sorted() }
    /// The number of elements.
    public var count: Int { members.count }
    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }
}

extension GrowOnlySet: Codable {
    /// Reads a set from an array.
    public init(from decoder: any Decoder) throws {
        members = Set(try decoder.singleValueContainer().decode([Element].self))
    }

    /// Writes the set as a sorted array.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(elements)
    }
}
