import Logging
import Pawl
import PawlSQLite
import ServiceLifecycle

/// Where a backend keeps what is measured.
protocol BenchmarkPlaces: Sendable {
    /// The backend's name.
    var name: String { get }
    /// What another process needs to send to the idle system.
    var sender: String { get }
    /// Opens a place, and makes it if there is none.
    func open(_ place: Place, concurrency: Int) async throws -> Deployment
    /// Copies what Pawl is measured with, for the same by hand.
    func copy() async throws
    /// Opens the copy.
    func byHand() async throws -> any ByHand
    /// Removes everything.
    func remove() async throws
}

/// What a place is for.
enum Place: String, CaseIterable {
    /// The throughput of Pawl.
    case pawl
    /// The same by hand.
    case raw
    /// Single messages.
    case idle
}

/// The raw limit: the statements that a backend needs for a message, by hand, in transactions of 100
/// messages, the claim included.
protocol ByHand {
    /// Handles messages, and returns how many a second.
    func run(messages: Int, body: String, outgoing: [UInt8], clock: Environment) throws -> Int
    /// Small commits, one at a time, in milliseconds each.
    func commits(_ count: Int, clock: Environment) throws -> [Double]
}

/// An endpoint over an opened place.
struct Deployment: Sendable {
    let store: any Store
    let transport: any Transport
    let endpoint: Endpoint
    /// Sends messages with tokens; `nil` where there are none.
    let session: Session?

    /// Deploys over a database that is both.
    init(_ database: some Database, concurrency: Int) {
        store = database
        transport = database
        endpoint = Endpoint(
            .scores, database: database, options: EndpointOptions(concurrency: concurrency),
            logger: Self.logger)
        session = nil
    }

    /// Deploys over a store and queues.
    init(
        _ store: some Store, _ transport: some Transport, _ algorithm: Benchmark.Algorithm,
        concurrency: Int
    ) {
        self.store = store
        self.transport = transport
        let deduplication: Deduplication =
            switch algorithm {
            case .inbox: .inbox
            case .tokens: .tokens()
            case .replay: .replay
            case .natural: .natural
            case .outbox, .transactional: .outbox
            }
        endpoint = Endpoint(
            algorithm == .natural ? .idempotentScores : .scores, store: store,
            transport: transport, deduplication: deduplication,
            options: EndpointOptions(concurrency: concurrency), logger: Self.logger)
        session =
            algorithm == .tokens
            ? Session(.sink, store: store, transport: transport, deduplication: deduplication)
            : nil
    }

    static var logger: Logger {
        var logger = Logger(label: "bench")
        logger.logLevel = .warning
        return logger
    }
}
