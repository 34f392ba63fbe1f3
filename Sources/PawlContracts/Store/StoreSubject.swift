public import Pawl

/// A store to be checked, and how to look at it from outside.
public struct StoreSubject: ContractSubject {
    /// The store.
    public let store: any Store
    /// Opens a second handle on the same data, as another process would; `nil` if that can't be.
    public let openSecond: (@Sendable () async throws -> any Store)?
    /// Where the store's time comes from.
    public let environment: Environment
    /// Moves the store's time forward; `nil` if that can't be.
    public let advance: (@Sendable (Duration) async -> Void)?

    /// Creates a subject.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - openSecond: Opens a second handle on the same data, as another process would.
    ///   - environment: Where the store's time comes from.
    ///   - advance: Moves the store's time forward; for a store on a clock of its own, waits.
    public init(
        _ store: any Store, openSecond: (@Sendable () async throws -> any Store)? = nil,
        environment: Environment, advance: (@Sendable (Duration) async -> Void)? = nil
    ) {
        self.store = store
        self.openSecond = openSecond
        self.environment = environment
        self.advance = advance
    }

    /// Creates a subject whose time a manual clock moves.
    ///
    /// - Parameters:
    ///   - store: The store, created with the clock's environment.
    ///   - openSecond: Opens a second handle on the same data, as another process would.
    ///   - clock: The clock.
    public init(
        _ store: any Store, openSecond: (@Sendable () async throws -> any Store)? = nil,
        clock: ManualClock
    ) {
        self.init(store, openSecond: openSecond, environment: clock.environment) {
            await clock.advance(by: $0)
        }
    }

    /// What this store, run in this way, offers.
    public var capabilities: Set<Capability> {
        var capabilities: Set<Capability> = []
        if openSecond != nil { capabilities.insert(.secondHandle) }
        if advance != nil { capabilities.insert(.clock) }
        if store.limits.largestDocument <= 64 << 20, store.limits.largestBatch <= 10_000 {
            capabilities.insert(.reachableLimits)
        }
        return capabilities
    }
}

/// What a store must do.
public enum StoreContract {
    /// Every check, each independent of the others; they may share one store.
    public static let checks: [Check<StoreSubject>] =
        contents + conditions + versions + batches + limits + ranges + expiry + lists
        + concurrency + secondHandles
}

/// A store with a partition and a kind that no other check uses, and shorthand to write there.
struct StoreScene: Sendable {
    let subject: StoreSubject
    let store: any Store
    let partition: PartitionKey
    let kind: String

    init(_ subject: StoreSubject) {
        self.subject = subject
        store = subject.store
        partition = PartitionKey(subject.environment.fresh("partition"))
        kind = subject.environment.fresh("kind")
    }

    var now: Timestamp { subject.environment.now() }

    func advance(by duration: Duration) async throws {
        let advance = try subject.advance.required("a clock")
        await advance(duration)
    }

    func openSecond() async throws -> any Store {
        let open = try subject.openSecond.required("a second handle")
        return try await open()
    }

    func key(_ id: String) -> DocumentKey { DocumentKey(kind: kind, id: id) }

    /// Writes a number, expects that to succeed, and returns the version.
    @discardableResult
    func put(
        _ id: String, _ number: Int = 1, expires: Timestamp? = nil,
        if condition: Write.Condition = .any, in partition: PartitionKey? = nil
    ) async throws -> Version {
        let write = Write.put(key(id), .number(number, expires: expires), if: condition)
        return try await committed([write], in: partition)[0].required("the version of a put")
    }

    /// Writes, expects that to succeed, and returns the versions.
    @discardableResult
    func committed(
        _ writes: [Write], in partition: PartitionKey? = nil
    ) async throws -> [Version?] {
        let result = try await store.write(writes, in: partition ?? self.partition)
        guard case .committed(let versions) = result else {
            throw ContractViolation("a write whose conditions hold: expected commit, saw conflict")
        }
        try expect("the number of versions", versions.count, is: writes.count)
        return versions
    }

    func expectConflict(_ writes: [Write], _ what: String) async throws {
        let result = try await store.write(writes, in: partition)
        try expect(what, result, is: .conflict)
    }

    func read(_ id: String) async throws -> Document? {
        try await store.read(key(id), in: partition)
    }

    /// The number that a document holds; `nil` if it is absent.
    func number(_ id: String) async throws -> Int? {
        try await read(id)?.content.number
    }

    func page(after: String? = nil, limit: Int = 100) async throws -> [LocatedDocument] {
        try Task.checkCancellation()
        return try await store.read(kind: kind, in: partition, after: after, limit: limit)
    }
}

extension Content {
    /// A number as JSON.
    static func number(_ number: Int, expires: Timestamp? = nil) -> Content {
        Content(body: Array(String(number).utf8), expires: expires)
    }

    /// The number that this content is.
    var number: Int? {
        body.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }
}

/// A check of a store, given a scene of its own.
func storeCheck(
    _ name: String, requires: Set<Capability> = [],
    body: @escaping @Sendable (StoreScene) async throws -> Void
) -> Check<StoreSubject> {
    Check(name, requires: requires) { try await body(StoreScene($0)) }
}
