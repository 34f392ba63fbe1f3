public import Logging
public import ServiceLifecycle

/// Handlers deployed: a named queue, a store, and the algorithm that makes them exactly-once.
///
/// ```swift
/// let endpoint = Endpoint(billing, store: store, transport: queues, deduplication: .outbox)
/// try await ServiceGroup(
///     services: [store, queues, endpoint], gracefulShutdownSignals: [.sigterm], logger: logger
/// ).run()
/// ```
///
/// `.sigterm` needs `import UnixSignals` where the feature `MemberImportVisibility` is enabled.
///
/// Run as many processes with the same endpoint as you like; they share its queue. The life of a
/// process's endpoint:
///
/// ```
///            run()              graceful shutdown            deliveries in flight done
///   ┌──────┐      ┌───────────┐                  ┌──────────┐                   ┌───────┐
///   │ made │ ───▶ │ receiving │ ───────────────▶ │ draining │ ────────────────▶ │ ended │
///   └──────┘      └───────────┘                  └──────────┘                   └───────┘
/// ```
public struct Endpoint: Service {
    /// The endpoint's name, which is also its queue's.
    public var name: String { handlers.name }

    let handlers: Handlers
    let store: any Store
    let transport: any Transport
    let algorithm: any DeduplicationAlgorithm
    let retention: Duration?
    /// How many documents the algorithm writes as one for a message about one entity.
    let documentsAtOnce: Int
    /// Another store of the algorithm's, which has to write two documents as one.
    let companion: (any Store)?
    let options: EndpointOptions
    let environment: Environment
    let logger: Logger

    /// Deploys handlers over a store and a transport that are apart.
    ///
    /// - Parameters:
    ///   - handlers: What the endpoint does.
    ///   - store: Where its entities and its dead letters are.
    ///   - transport: Where its queue is.
    ///   - deduplication: The algorithm that makes it exactly-once.
    ///   - options: How it runs.
    ///   - environment: Where time and randomness come from.
    ///   - logger: Where it says what happens; `nil` makes one with the label `pawl`.
    public init(
        _ handlers: Handlers, store: any Store, transport: any Transport,
        deduplication: Deduplication, options: EndpointOptions = EndpointOptions(),
        environment: Environment = .system, logger: Logger? = nil
    ) {
        self.init(
            handlers, store: store, transport: transport,
            algorithm: deduplication.make(store, transport, environment),
            retention: deduplication.retention,
            documentsAtOnce: 1 + deduplication.documentsBeside,
            companion: deduplication.companion, options: options, environment: environment,
            logger: logger)
    }

    /// Deploys handlers over one database that holds both the entities and the queues; the
    /// algorithm is `transactional`.
    ///
    /// - Parameters:
    ///   - handlers: What the endpoint does.
    ///   - database: Where its entities, its dead letters and its queue are.
    ///   - options: How it runs.
    ///   - environment: Where time and randomness come from.
    ///   - logger: Where it says what happens; `nil` makes one with the label `pawl`.
    public init(
        _ handlers: Handlers, database: any Database, options: EndpointOptions = EndpointOptions(),
        environment: Environment = .system, logger: Logger? = nil
    ) {
        self.init(
            handlers, store: database, transport: database,
            algorithm: Transactional(database: database), retention: database.processedRetention,
            documentsAtOnce: 1, companion: nil, options: options, environment: environment,
            logger: logger)
    }

    private init(
        _ handlers: Handlers, store: any Store, transport: any Transport,
        algorithm: any DeduplicationAlgorithm, retention: Duration?, documentsAtOnce: Int,
        companion: (any Store)?, options: EndpointOptions, environment: Environment, logger: Logger?
    ) {
        self.handlers = handlers
        self.store = store
        self.transport = transport
        self.algorithm = algorithm
        self.retention = retention
        self.documentsAtOnce = documentsAtOnce
        self.companion = companion
        self.options = options
        self.environment = environment
        var logger = logger ?? Logger(label: "pawl")
        logger[metadataKey: LogKey.endpoint] = "\(handlers.name)"
        self.logger = logger
    }

    /// Receives and handles messages until the endpoint is told to shut down gracefully, or the
    /// task is cancelled; then finishes what it has begun.
    ///
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/nameTaken`` if a running endpoint
    ///   of the same name handles other messages, with the code ``PawlError/Code/storeUnfit`` if
    ///   the algorithm needs more than the store can do; a ``BackendError`` if the queue can't be
    ///   made.
    public func run() async throws {
        try await register()
        let leases = Leases(
            transport, lease: options.lease, environment: environment, logger: logger)
        await withTaskGroup { background in
            background.addTask { await leases.keep() }
            background.addTask { await stayRegistered() }
            await receive(extending: leases)
            background.cancelAll()
        }
    }

    /// Creates the endpoint's queue, and its subscriptions, where they don't exist yet, without
    /// running it: what is sent to it waits.
    ///
    /// What senders know of the subscriptions may be a second old: an event that is published
    /// within a second after the first registration for it may miss this endpoint.
    ///
    /// - Throws: As ``run()``.
    public func register() async throws {
        guard store.limits.largestBatch >= documentsAtOnce else {
            throw PawlError(
                .storeUnfit,
                """
                Endpoint \(name) can't run: its algorithm writes \(documentsAtOnce) documents as \
                one, and its store at most \(store.limits.largestBatch). Use another algorithm, such \
                as outbox, or another store.
                """)
        }
        if let companion, companion.limits.largestBatch < 2 {
            throw PawlError(
                .storeUnfit,
                """
                Endpoint \(name) can't run: the store of its tokens writes one document at a time; \
                it has to write two of a partition as one. Use another store for the tokens.
                """)
        }
        let result = try await transport.register(
            Registration(endpoint: name, types: handlers.types))
        guard case .refused(let others) = result else { return }
        throw PawlError(
            .nameTaken,
            """
            A running endpoint is named \(name) already and handles \
            \(others.joined(separator: ", ")); this one handles \
            \(handlers.types.sorted().joined(separator: ", ")). Two endpoints can't share a queue: \
            rename one. If the other has just been stopped, its name is free after \
            \(Registration.liveFor.components.seconds) seconds.
            """)
    }

    private func stayRegistered() async {
        while true {
            do {
                try await environment.sleep(Registration.refreshInterval)
            } catch {
                return  // cancelled: the endpoint has ended
            }
            do {
                try await register()
            } catch {
                logger.warning(
                    "The endpoint could not make itself known anew.",
                    metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    private func receive(extending leases: Leases) async {
        let processor = Processor(
            handlers: handlers, algorithm: algorithm, transport: transport,
            book: TroubleBook(
                store: store, endpoint: name, retention: retention, environment: environment),
            options: options, environment: environment, logger: logger,
            metrics: EndpointMetrics(endpoint: name))
        let receiver = Receiver(
            queue: name, transport: transport, processor: processor, leases: leases,
            slots: Slots(options.concurrency), options: options, environment: environment,
            logger: logger)
        await receiver.run()
    }
}
