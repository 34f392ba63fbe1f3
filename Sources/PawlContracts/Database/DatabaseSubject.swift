public import Pawl

/// A database to be checked, and how to look at it from outside.
public struct DatabaseSubject: ContractSubject {
    /// The database.
    public let database: any Database
    /// Opens a second handle on the same data, as another process would; `nil` if that can't be.
    public let openSecond: (@Sendable () async throws -> any Database)?
    /// The database as a store, for ``StoreContract``.
    public let store: StoreSubject
    /// The database as a transport, for ``TransportContract``.
    public let transport: TransportSubject

    /// Creates a subject.
    ///
    /// - Parameters:
    ///   - database: The database.
    ///   - openSecond: Opens a second handle on the same data, as another process would.
    ///   - environment: Where the database's time comes from.
    ///   - advance: Moves the database's time forward; for one on a clock of its own, waits.
    ///   - lease: The lease that checks ask for.
    public init(
        _ database: any Database,
        openSecond: (@Sendable () async throws -> any Database)? = nil,
        environment: Environment, advance: (@Sendable (Duration) async -> Void)? = nil,
        lease: Duration = .seconds(30)
    ) {
        self.database = database
        self.openSecond = openSecond
        var openStore: (@Sendable () async throws -> any Store)?
        var openTransport: (@Sendable () async throws -> any Transport)?
        if let openSecond {
            openStore = { try await openSecond() }
            openTransport = { try await openSecond() }
        }
        store = StoreSubject(
            database, openSecond: openStore, environment: environment, advance: advance)
        transport = TransportSubject(
            database, openSecond: openTransport, environment: environment, advance: advance,
            lease: lease)
    }

    /// Creates a subject whose time a manual clock moves.
    ///
    /// - Parameters:
    ///   - database: The database, created with the clock's environment.
    ///   - openSecond: Opens a second handle on the same data, as another process would.
    ///   - clock: The clock.
    public init(
        _ database: any Database,
        openSecond: (@Sendable () async throws -> any Database)? = nil, clock: ManualClock
    ) {
        self.init(database, openSecond: openSecond, environment: clock.environment) {
            await clock.advance(by: $0)
        }
    }

    /// What this database, run in this way, offers.
    public var capabilities: Set<Capability> {
        var capabilities = store.capabilities.union(transport.capabilities)
        if !store.capabilities.contains(.reachableLimits)
            || !transport.capabilities.contains(.reachableLimits)
        {
            capabilities.remove(.reachableLimits)
        }
        return capabilities
    }
}

/// What a database must do beyond being a store and a transport, which ``StoreContract`` and
/// ``TransportContract`` check on ``DatabaseSubject/store`` and ``DatabaseSubject/transport``.
public enum DatabaseContract {
    /// Every check, each independent of the others; they may share one database.
    public static let checks: [Check<DatabaseSubject>] =
        commits + refusals + duplicates + submissions + databaseHandles
}

/// A check of a database, given a scene of its own.
func databaseCheck(
    _ name: String, requires: Set<Capability> = [],
    body: @escaping @Sendable (DatabaseScene) async throws -> Void
) -> Check<DatabaseSubject> {
    Check(name, requires: requires) { try await body(try await DatabaseScene($0)) }
}

/// A database with an endpoint and a partition that no other check uses.
struct DatabaseScene: Sendable {
    let subject: DatabaseSubject
    let database: any Database
    let documents: StoreScene
    let queues: TransportScene
    /// A second queue, for what is sent.
    let outbound: String

    init(_ subject: DatabaseSubject) async throws {
        self.subject = subject
        database = subject.database
        documents = StoreScene(subject.store)
        queues = try await TransportScene(subject.transport)
        outbound = queues.queue + "-out"
        try await queues.register(outbound)
    }

    var endpoint: String { queues.queue }

    func openSecond() async throws -> any Database {
        let open = try subject.openSecond.required("a second handle")
        return try await open()
    }

    /// The transaction of this scene's endpoint that consumes a delivery.
    func transaction(
        _ receipt: Receipt?, _ id: MessageID, _ writes: [Write] = [], sending: [Outgoing] = []
    ) -> Transaction {
        Transaction(
            receipt: receipt, id: id, endpoint: endpoint, partition: documents.partition,
            writes: writes, messages: sending)
    }

    func expect(
        _ expected: TransactionResult, of transaction: Transaction,
        on other: (any Database)? = nil
    ) async throws {
        let result = try await (other ?? database).commit(transaction)
        try PawlContracts.expect("the result of the commit", result, is: expected)
    }

    /// The write that puts a number, whatever is there.
    func put(_ id: String, _ number: Int) -> Write {
        .put(documents.key(id), .number(number), if: .any)
    }

    func outgoing(notBefore: Timestamp? = nil) -> Outgoing {
        Outgoing(queues.message(), to: outbound, notBefore: notBefore)
    }

    /// Sends a message from outside and takes it.
    func delivered() async throws -> (id: MessageID, receipt: Receipt) {
        let message = try await queues.send()
        return (message.id, try await queues.receive(message))
    }

    /// Expects that exactly these messages are visible in the outbound queue, beside a probe that
    /// this sends.
    func expectOutbound(_ expected: [MessageID]) async throws {
        let probe = outgoing()
        try await database.send([probe])
        var seen: [Delivery] = []
        while try !seen.contains(where: { try $0.id == probe.envelope.id })
            || seen.count < expected.count + 1
        {
            try Task.checkCancellation()
            seen += try await database.receive(from: outbound, max: 100, lease: queues.lease)
        }
        let ids = try seen.map { try $0.id }.filter { $0 != probe.envelope.id }
        try PawlContracts.expect("what was sent", ids.sorted(), is: expected.sorted())
        for delivery in seen { try await queues.acknowledge(delivery.receipt) }
    }
}
