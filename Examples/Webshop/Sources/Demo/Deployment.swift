import Logging
import Pawl
import PawlSQLite
import ServiceLifecycle

/// The handlers of a service, deployed over a run's files: with Pawl or naively, with chaos or
/// without.
struct Deployment {
    let endpoint: Endpoint
    /// The stores and queues beneath it.
    let backends: [any Service]

    /// Short, so that what a dead process has held is soon somebody else's.
    private static let lease: Duration = .milliseconds(1500)

    init(
        _ service: ShopService, _ mode: ShopMode, in folder: ShopFolder, chaos: Chaos,
        logger: Logger
    ) throws {
        let handlers = try service.handlers(in: folder)
        // A kill takes the process, not the machine: what the system has been given is safe.
        let files = SQLiteOptions(synchronous: .normal)
        let deduplication: Deduplication?
        var tokens: SQLiteStore?
        switch folder.algorithm {
        case .outbox: deduplication = .outbox
        case .inbox: deduplication = .inbox
        case .tokens:
            tokens = try SQLiteStore.open(folder.tokens, options: files)
            deduplication = .tokens(in: tokens)
        case .replay: deduplication = .replay
        case .natural: deduplication = .natural
        case .transactional: deduplication = nil
        }
        if let deduplication {
            let store = try SQLiteStore.open(folder.store(of: service), options: files)
            let queues = try SQLiteTransport.open(folder.queue, options: files)
            let chaotic = ChaosTransport(base: queues, chaos: chaos)
            backends = [store, queues] + (tokens.map { [$0] } ?? [])
            endpoint =
                switch mode {
                case .naive: Self.naive(handlers, store, chaotic, logger)
                case .pawl:
                    Endpoint(
                        handlers, store: store, transport: chaotic, deduplication: deduplication,
                        options: Self.options, logger: logger)
                }
        } else {
            let database = try SQLiteDatabase.open(folder.queue, options: files)
            backends = [database]
            endpoint =
                switch mode {
                case .naive:
                    Self.naive(
                        handlers, database, ChaosTransport(base: database, chaos: chaos), logger)
                case .pawl:
                    Endpoint(
                        handlers, database: ChaosDatabase(base: database, chaos: chaos),
                        options: Self.options, logger: logger)
                }
        }
    }

    private static func naive(
        _ handlers: Handlers, _ store: some Store, _ transport: some Transport, _ logger: Logger
    ) -> Endpoint {
        Endpoint(
            handlers, store: store, transport: AnonymousTransport(base: transport),
            deduplication: .naive, options: options, logger: logger)
    }

    private static var options: EndpointOptions {
        EndpointOptions(
            concurrency: 16, lease: lease,
            retries: RetryPolicy(
                delayed: 20, firstDelay: .milliseconds(50), factor: 2, longestDelay: .seconds(1)),
            // Here it is the monkey that kills, never a message.
            deathsAlone: 1000)
    }
}

extension ShopService {
    fileprivate func handlers(in folder: ShopFolder) throws -> Handlers {
        let isNatural = folder.algorithm.isNatural
        return switch self {
        case .carts: Webshop.carts(post: LetterFile(try AppendOnlyFile(folder.letters)))
        case .orders: isNatural ? NaturalShop.orders : Webshop.orders
        case .billing: isNatural ? NaturalShop.billing : Webshop.billing
        case .shipping: isNatural ? NaturalShop.shipping : Webshop.shipping
        }
    }
}

/// Letters to customers, one a line: the key, the order, the customer.
struct LetterFile: Post {
    private let file: AppendOnlyFile

    init(_ file: AppendOnlyFile) {
        self.file = file
    }

    func tell(_ customer: String, about order: String, key: String) async throws {
        try file.append(line: "\(key) order \(order) for \(customer)")
    }
}
