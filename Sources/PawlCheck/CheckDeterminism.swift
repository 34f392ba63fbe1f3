public import Pawl

/// Checks that a handler makes the same of the same state and the same message, as
/// `HandlerDemand.determinism` demands it, and says where it does not.
///
/// ```swift
/// @Test("charging is deterministic")
/// func deterministic() async throws {
///     try await checkDeterminism(
///         of: billing, ChargeAccount(order: "42", customer: "anna", amount: 10),
///         on: .entity("anna", Account(balance: 100)))
/// }
/// ```
///
/// It finds what differs from one run to the next: the system's clock, random numbers and fresh
/// ids, counters outside of the state, and the order of dictionaries and sets, if it shows with the
/// state that is given. It does not find what is the same for as long as a process lives, such as
/// its configuration, or for a while, such as the day. With `SWIFT_DETERMINISTIC_HASHING` set,
/// dictionaries and sets are always in the same order. ``check(_:_:)`` checks the same of every
/// handler that it runs under an algorithm that demands it.
///
/// - Parameters:
///   - handlers: The handlers, one of which handles the message.
///   - message: The message.
///   - entities: The states that it meets; entities that are not given are absent.
///   - runs: How often it is handled, at least twice.
/// - Throws: A ``NotDeterministic`` with the first difference; a ``CheckError`` with the code
///   ``CheckError/Code/notApplicable`` if there is nothing to be checked; what the handler throws.
public func checkDeterminism(
    of handlers: Handlers, _ message: some Message, on entities: GivenEntity..., runs: Int = 10
) async throws {
    precondition(runs >= 2, "a single run can't differ from itself")
    let type = Swift.type(of: message).typeName
    let envelope = Envelope(
        id: MessageID("delivered 1"), type: type, body: try JSON.encode(message),
        sender: handlers.name, sentAt: Plan.beginning)
    guard let handler = handlers.byType[type] else {
        throw CheckError(notApplicable: "\(handlers.name) has no handler for \(type).")
    }
    let work = try handler.prepare(envelope, handlers.name)
    guard !work.isMemo else {
        throw CheckError(
            notApplicable: """
                The handler of \(type) changes no entity. What may do I/O is not run twice, and \
                nothing demands that it is deterministic.
                """)
    }
    let keys = entities.map(\.key)
    if let stray = keys.first(where: { !work.keys.contains($0) }) {
        throw CheckError(
            notApplicable: """
                \(stray) is not what the handler of \(type) changes with this message; that is \
                \(work.keys.map(\.description).joined(separator: " and ")).
                """)
    }
    let bodies = try work.keys.map { key in
        try entities.last { $0.key == key }?.encoded()
    }
    var surroundings = Surroundings()
    defer { surroundings.restore() }
    func run() async throws -> Run {
        // With the message decoded anew: it may hold a set itself.
        await Run(
            try handler.prepare(envelope, handlers.name), bodies,
            Context(message: envelope, now: Plan.beginning))
    }
    let first = try await run()
    for _ in 1..<runs {
        surroundings.change()
        let other = try await run()
        if let difference = first.difference(from: other, of: work.keys) {
            throw NotDeterministic(
                message: type, place: difference.place, path: difference.path,
                first: difference.first, second: difference.second)
        }
    }
    // What fails in every run has made nothing that could be compared.
    _ = try first.after.get()
}

/// An entity that a handler is to meet.
public struct GivenEntity: Sendable {
    let key: DocumentKey
    let encoded: @Sendable () throws -> [UInt8]

    /// An entity in a state.
    ///
    /// - Parameters:
    ///   - id: The entity's id.
    ///   - state: Its state.
    /// - Returns: The entity.
    public static func entity<E: Entity>(_ id: some EntityID, _ state: E) -> GivenEntity {
        GivenEntity(key: DocumentKey(kind: E.kind, id: id.entityID)) { try JSON.encode(state) }
    }
}

/// A handler that has made something else of the same.
public struct NotDeterministic: Error, CustomStringConvertible {
    /// The type of the message that it handles.
    public let message: String
    /// What differs, for example `the state of Account/anna` or `output 2 (AccountCharged)`.
    public let place: String
    /// Where in it, as a JSON path such as `$.charges[2].amount`; `nil` if it is not about the
    /// inside of it.
    public let path: String?
    /// What one run has made.
    public let first: String
    /// What another run has made.
    public let second: String

    /// Which handler it is, where its runs differ, and what to do about it.
    public var description: String {
        """
        The handler of \(message) is not deterministic: run on the same state with the same message, \
        \(place)\(path.map { " differs at \($0)" } ?? " differs"): \(first), then \(second). Take \
        the time, ids and random numbers from the context, and go through dictionaries and sets \
        in an order of your own.
        """
    }
}
