internal import Logging
public import Pawl

/// What is to be checked: the processes, the messages, and what must hold. ``check(_:_:)`` makes one
/// and hands it over to be described.
///
/// For example:
///
/// ```swift
/// world.run(billing, instances: 2, deduplication: .outbox)
/// world.outside("orders", handles: AccountCharged.self)
/// world.deliver(ChargeAccount(order: "42", customer: "anna", amount: 10), copies: 2)
/// world.finally("one charge") { try $0.state(Account.self, "anna").charges.count == 1 }
/// ```
public final class World {
    private var roles: [(role: Plan.Role, types: Set<String>?, queue: String?)] = []
    private var deliveries: [Delivered] = []
    private var always: [Plan.Property] = []
    private var finally: [Plan.Property] = []
    private var retention: Duration = .days(7)
    private var queues: [String: Set<String>] = [:]
    private var outside: [String: Set<String>] = [:]
    private var isWatching = false
    private var demandsIdempotence = false
    /// What the store accepts; documents of 16 MiB and batches of 1,000 by default.
    public var limits: StoreLimits = .memory
    /// What the transport accepts; messages of 1 MiB by default.
    public var transportLimits: TransportLimits = .memory

    private struct Delivered {
        let envelope: Envelope
        let queue: String?
        let copies: Int
        let isLocal: Bool
        let hasToken: Bool
    }

    /// What a process of its own can reach; see ``World/process(_:instances:restarts:_:)``.
    public struct Process: Sendable {
        private let process: SimulatedProcess

        init(_ process: SimulatedProcess) {
            self.process = process
        }

        /// The store, as this process reaches it.
        public var store: any Store { process.database }
        /// The queues, as this process reaches them.
        public var transport: any Transport { process.database }
        /// Store and queues in one database, as this process reaches it.
        public var database: any Database { process.database }
        /// Time, waiting and randomness.
        public var environment: Environment { process.environment }
    }

    init() {}

    /// Runs an endpoint: the very handlers, algorithm, retries and leases that ship. A process that
    /// has died is started again.
    ///
    /// - Parameters:
    ///   - handlers: What the endpoint does.
    ///   - instances: How many processes run it.
    ///   - deduplication: The algorithm over a store and a transport that are apart; `nil` for
    ///     `transactional`, over one database.
    ///   - options: How it runs; at most two messages at once by default.
    public func run(
        _ handlers: Handlers, instances: Int = 1, deduplication: Deduplication? = nil,
        options: EndpointOptions = EndpointOptions(concurrency: 2)
    ) {
        isWatching = true
        if deduplication?.demand == .idempotence { demandsIdempotence = true }
        if let kept = deduplication?.retention { retention = max(retention, kept) }
        let run = { @Sendable (process: SimulatedProcess, options: EndpointOptions) in
            let simulation = process.simulation
            let watched = simulation.watched(
                handlers, in: process, as: Watching(deduplication))
            let database = process.database
            let endpoint =
                if let deduplication {
                    Endpoint(
                        watched, store: database, transport: database,
                        deduplication: deduplication, options: options,
                        environment: process.environment, logger: .silent)
                } else {
                    Endpoint(
                        watched, database: database, options: options,
                        environment: process.environment, logger: .silent)
                }
            await simulation.run(process) { try await endpoint.run() }
        }
        var one = options
        one.concurrency = 1
        let oneAfterTheOther = one
        var role = Plan.Role(name: handlers.name, instances: instances) { await run($0, options) }
        role.alone = { await run($0, oneAfterTheOther) }
        roles.append((role, handlers.types, handlers.name))
    }

    /// Puts a message into the queue of each endpoint that handles it, or into that of one, before
    /// anything runs. Somebody in this world has to handle it, or `endpoint` has to be given.
    ///
    /// - Parameters:
    ///   - message: The message. A second call with an equal one is another message; see `copies`.
    ///   - endpoint: The endpoint's name; `nil` for all that handle the type.
    ///   - copies: How many copies of it there are.
    ///   - isLocal: Whether a commit of the same database has sent it, so that there is one copy
    ///     only and its row in the queue is all that is remembered.
    ///   - hasToken: Whether its sender has made a token for it, in the simulated store; see
    ///     `Deduplication.tokens(in:)`.
    public func deliver(
        _ message: some Message, to endpoint: String? = nil, copies: Int = 1,
        sentByDatabase isLocal: Bool = false, withToken hasToken: Bool = false
    ) {
        do {
            let envelope = Envelope(
                id: MessageID("delivered \(deliveries.count + 1)"),
                type: type(of: message).typeName, body: try JSON.encode(message),
                sentAt: Plan.beginning)
            deliveries.append(
                Delivered(
                    envelope: envelope, queue: endpoint, copies: copies, isLocal: isLocal,
                    hasToken: hasToken))
        } catch {
            preconditionFailure("\(type(of: message)) can't be encoded: \(error)")
        }
    }

    /// Runs a session of an endpoint: something that changes state and sends messages from outside.
    ///
    /// - Parameters:
    ///   - handlers: The handlers of the endpoint that the session belongs to.
    ///   - deduplication: The endpoint's algorithm; `nil` for `transactional`, over one database.
    ///   - instances: How many processes do it, at the same time.
    ///   - body: What is done. When it dies it is not begun again, and what it throws is no
    ///     violation.
    public func session(
        _ handlers: Handlers, deduplication: Deduplication? = nil, instances: Int = 1,
        _ body: @escaping @Sendable (Session) async throws -> Void
    ) {
        isWatching = true
        let number = roles.count { $0.role.name.hasPrefix("session") }
        let role = Plan.Role(
            name: number == 0 ? "session" : "session \(number + 1)", instances: instances,
            // An attempt at a submission is named after its process.
            restarts: false, isSymmetric: false
        ) { process in
            let database = process.database
            var session =
                if let deduplication {
                    Session(
                        handlers, store: database, transport: database,
                        deduplication: deduplication, environment: process.environment)
                } else {
                    Session(handlers, database: database, environment: process.environment)
                }
            let simulation = process.simulation
            session.watch = Session.Watch(
                work: { work, message in
                    simulation.watched(
                        work, on: message, at: handlers.name, in: process,
                        as: Watching(deduplication).ofSubmissions)
                },
                answered: { simulation.noteAnswered($0, by: process) })
            // What it throws is its own affair: a submission may well fail.
            try? await body(session)
        }
        roles.append((role, nil, nil))
    }

    /// Runs code of your own against the store and the queues, with no endpoint at all. What it
    /// throws is a violation, so with a budget for failures it has to catch what its calls throw.
    ///
    /// - Parameters:
    ///   - name: Its name in reports.
    ///   - instances: How many processes run it.
    ///   - restarts: Whether it is begun again when its process has died.
    ///   - body: What it does. It may run for ever if it waits for messages; if it only sleeps and
    ///     looks again, it never comes to rest, which is a violation.
    public func process(
        _ name: String, instances: Int = 1, restarts: Bool = true,
        _ body: @escaping @Sendable (Process) async throws -> Void
    ) {
        let role = Plan.Role(name: name, instances: instances, restarts: restarts) { process in
            await process.simulation.run(process) { try await body(Process(process)) }
        }
        roles.append((role, nil, nil))
    }

    /// Makes known an endpoint that is not part of this world: what is sent to it is remembered, so
    /// that properties can look at it, and goes no further.
    ///
    /// - Parameters:
    ///   - name: The endpoint's name.
    ///   - types: The types of messages that it handles.
    public func outside(_ name: String, handles types: any Message.Type...) {
        outside[name] = Set(types.map { $0.typeName })
    }

    /// Creates a queue that code of your own receives from; endpoints have theirs.
    ///
    /// - Parameters:
    ///   - name: The queue's name.
    ///   - types: The wire names of the types of messages that go there.
    public func queue(_ name: String, for types: Set<String> = []) {
        queues[name] = types
    }

    /// States what must hold in every state: it is looked at whenever a document has changed, or a
    /// message was sent for the first time or acknowledged.
    ///
    /// - Parameters:
    ///   - name: The property's name, in reports.
    ///   - holds: Whether it holds. If it throws, it does not.
    public func always(_ name: String, _ holds: @escaping @Sendable (Snapshot) throws -> Bool) {
        always.append(Plan.Property(name: name, holds: holds))
    }

    /// States what must hold whenever everything has come to rest: no call is under way, and no
    /// message waits for anybody who receives.
    ///
    /// - Parameters:
    ///   - name: The property's name, in reports.
    ///   - holds: Whether it holds. If it throws, it does not.
    public func finally(_ name: String, _ holds: @escaping @Sendable (Snapshot) throws -> Bool) {
        finally.append(Plan.Property(name: name, holds: holds))
    }

    /// The description, ready to be explored.
    func plan(_ budgets: Budgets) -> Plan {
        var plan = Plan()
        plan.budgets = budgets
        plan.roles = roles.map(\.role)
        plan.limits = limits
        plan.transportLimits = transportLimits
        plan.retention = retention
        plan.checksMessages = isWatching
        if demandsIdempotence { plan.reference = Reference() }
        plan.always = always
        plan.finally = finally
        plan.endpoints = queues.merging(outside) { $0.union($1) }
        plan.consumed = Set(queues.keys)
        for (_, types, queue) in roles {
            guard let queue, let types else { continue }
            plan.endpoints[queue] = types
            plan.consumed.insert(queue)
            plan.watched.insert(queue)
        }
        let directory = Directory(endpoints: plan.endpoints)
        for delivered in deliveries {
            let queues =
                delivered.queue.map { [$0] } ?? directory.handlers(of: delivered.envelope.type)
            precondition(
                !queues.isEmpty,
                "nothing in this world handles \(delivered.envelope.type); run its endpoint, or say `to:`"
            )
            for queue in queues {
                plan.add(
                    Plan.Message(
                        envelope: delivered.envelope, queue: queue, copies: delivered.copies,
                        isLocal: delivered.isLocal), hasToken: delivered.hasToken)
            }
        }
        return plan
    }

    /// The scope in words.
    var scope: String {
        let processes = roles.map { role in
            role.role.instances == 1 ? role.role.name : "\(role.role.instances) × \(role.role.name)"
        }
        let messages = deliveries.map { delivered in
            delivered.copies == 1
                ? delivered.envelope.type
                : "\(delivered.copies) copies of \(delivered.envelope.type)"
        }
        return processes.joined(separator: ", ")
            + (messages.isEmpty ? "" : "; " + messages.joined(separator: ", "))
    }
}

extension Logger {
    /// A logger that says nothing: what an endpoint logs in a million executions helps nobody.
    fileprivate static let silent = Logger(label: "pawl.check") { _ in SwiftLogNoOpLogHandler() }
}

extension Simulation {
    /// Runs a process's code; that it fails while the process lives is a finding.
    func run(_ process: SimulatedProcess, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            guard executor.isOnOwnThread, isLive(process.identity) else { return }
            let violation = Violation(
                property: "no process ends by an error",
                explanation: "\(world.processes[process.index].name) threw: \(error)")
            act(.violate(violation), by: process.identity)
        }
    }
}
