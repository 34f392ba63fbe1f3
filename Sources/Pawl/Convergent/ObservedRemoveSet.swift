/// A set from which elements can be removed, and in which a late copy of a message changes nothing.
///
/// Adding to a plain set is idempotent, and so is removing from it, but the two together are not:
/// after add and remove, a late second copy of the add brings the element back. Here an element is
/// added with the id of the message that adds it, and a removal takes away what it finds: those ids.
/// They are remembered, so that their copies add nothing, while another message may well add the
/// element again. A removal, too, does what it does once: a copy of it does not take away what was
/// added later.
///
/// ```swift
/// Handle(AddItem.self, by: \.cart) { (message, cart: inout Cart, context) in
///     cart.items.add(message.item, by: context.message)
/// }
/// Handle(RemoveItem.self, by: \.cart) { (message, cart: inout Cart, context) in
///     cart.items.remove(message.item, by: context.message)
/// }
/// ```
///
/// Adds commute with each other. A removal by a message takes away what was added before it came;
/// whoever knows what it is to take away, because he was told the ``tags(of:)``, says so with
/// ``remove(_:tags:)``, and that commutes with everything, even where it comes before the add.
///
/// What grows: an id for each add and each removal, also of elements that are gone. Nobody here can
/// know when the last copy of a message has come; whoever does calls ``forget(_:)``.
///
/// Source: the OR-Set of M. Shapiro, N. Preguiça, C. Baquero, M. Zawirski, "A comprehensive study of
/// Convergent and Commutative Replicated Data Types", INRIA 7506, 2011, section 3.3.5, with its
/// tombstones, since there a message is delivered once and here more often; its tags are the ids of
/// messages.
public struct ObservedRemoveSet<Element: Hashable & Comparable & Codable & Sendable>: Hashable,
    Sendable
{
    /// What is known of one element. Sets of ids, none of which is empty in all three.
    private struct Tags: Hashable {
        /// The messages that have added it and were not removed again.
        var added: Set<MessageID> = []
        /// The messages whose adding was removed, whether they have come or not.
        var removed: Set<MessageID> = []
        /// The messages that have removed it.
        var removals: Set<MessageID> = []

        var isEmpty: Bool { added.isEmpty && removed.isEmpty && removals.isEmpty }
    }

    private var tags: [Element: Tags] = [:]

    /// Creates an empty set.
    public init() {}

    /// Adds an element, unless this message has done so before.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - message: The message that is being handled.
    public mutating func add(_ element: Element, by message: Envelope) {
        add(element, by: message.id)
    }

    /// Adds an element, unless the message with this id has done so before.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - message: The message's id.
    public mutating func add(_ element: Element, by message: MessageID) {
        guard tags[element]?.removed.contains(message) != true else { return }
        tags[element, default: Tags()].added.insert(message)
    }

    /// Removes an element as it is found, unless this message has done so before.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - message: The message that is being handled.
    public mutating func remove(_ element: Element, by message: Envelope) {
        remove(element, by: message.id)
    }

    /// Removes an element as it is found, unless the message with this id has done so before.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - message: The message's id.
    public mutating func remove(_ element: Element, by message: MessageID) {
        guard tags[element, default: Tags()].removals.insert(message).inserted else { return }
        remove(element, tags: self.tags(of: element))
    }

    /// Takes back what these messages have added, or will have added when they come.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - messages: Ids of messages that add it; see ``tags(of:)``.
    public mutating func remove(_ element: Element, tags messages: some Sequence<MessageID>) {
        var known = tags[element] ?? Tags()
        for message in messages {
            known.added.remove(message)
            known.removed.insert(message)
        }
        tags[element] = known.isEmpty ? nil : known
    }

    /// The messages by which an element is there, in the order of their ids: what a removal that is
    /// decided upon now is to take away, whatever comes between.
    ///
    /// - Parameter element: The element.
    /// - Returns: Their ids; none if the element is not there.
    public func tags(of element: Element) -> [MessageID] {
        (tags[element]?.added ?? []).sorted()
    }

    /// Whether an element is there.
    ///
    /// - Parameter element: The element.
    /// - Returns: Whether it is.
    public func contains(_ element: Element) -> Bool { tags[element]?.added.isEmpty == false }

    /// All elements that are there, in their order.
    public var elements: [Element] { tags.filter { !$0.value.added.isEmpty }.keys.sorted() }
    /// The number of elements that are there.
    public var count: Int { tags.values.count { !$0.added.isEmpty } }
    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    // MARK: What grows

    /// The messages that are only remembered so that copies of them change nothing, in the order of
    /// their ids.
    public var remembered: [MessageID] {
        tags.values.reduce(into: Set()) { $0.formUnion($1.removed.union($1.removals)) }.sorted()
    }

    /// Forgets messages of which no copy can come any more. A copy that comes all the same does again
    /// what it has done: so forget only what is surely gone from all queues and dead letters.
    ///
    /// - Parameter messages: Their ids. What is there by them stays there.
    public mutating func forget(_ messages: some Sequence<MessageID>) {
        let gone = Set(messages)
        for (element, known) in tags {
            var kept = known
            kept.removed.subtract(gone)
            kept.removals.subtract(gone)
            tags[element] = kept.isEmpty ? nil : kept
        }
    }
}

extension ObservedRemoveSet: Codable {
    private struct Entry: Codable {
        let element: Element
        let added: [MessageID]?
        let removed: [MessageID]?
        let removals: [MessageID]?

        init(_ element: Element, _ tags: Tags) {
            func list(_ ids: Set<MessageID>) -> [MessageID]? { ids.isEmpty ? nil : ids.sorted() }
            self.element = element
            added = list(tags.added)
            removed = list(tags.removed)
            removals = list(tags.removals)
        }

        var tags: Tags {
            Tags(
                added: Set(added ?? []), removed: Set(removed ?? []),
                removals: Set(removals ?? []))
        }
    }

    /// Reads a set from an array with an object for each element.
    public init(from decoder: any Decoder) throws {
        for entry in try decoder.singleValueContainer().decode([Entry].self) {
            tags[entry.element] = entry.tags
        }
    }

    /// Writes the set as an array with an object for each element that is there or was.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(
            tags.sorted { $0.key < $1.key }.map { Entry($0.key, $0.value) })
    }
}
