import Foundation
import Pawl
import PawlPostgres
import PawlSQLite
import ServiceLifecycle

// A shop in which every kind of step occurs: a session, two endpoints, an event, I/O and its result.

struct ChargeAccount: Command {
    let order: Int
    let customer: Int
}

struct AccountCharged: Event {
    let order: Int
    let charge: UUID
}

struct NotifyCustomer: Command {
    let order: Int
}

struct CustomerNotified: Event {
    let order: Int
    let key: String
}

/// Kills whatever process handles it.
struct Poison: Command {
    let customer: Int
}

struct Basket: Entity {
    var submissions = 0
}

struct Account: Entity {
    struct Charge: Codable {
        let order: Int
        let id: UUID
    }
    var charges: [Charge] = []
}

struct Order: Entity {
    var charges: [UUID] = []
    var notifications: [String] = []
}

extension Handlers {
    static let customers = 5

    static let billing = Handlers("billing") {
        Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
            let id = context.uuid()
            account.charges.append(Account.Charge(order: message.order, id: id))
            context.publish(AccountCharged(order: message.order, charge: id))
        }
    }

    static let poisoned = Handlers("poisoned") {
        Handle(Poison.self, by: \.customer) { (message, _: inout Basket, _) in
            fatalError("this is a message that kills")
        }
        Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
            account.charges.append(Account.Charge(order: message.order, id: context.uuid()))
        }
    }

    static let orders = Handlers("orders") {
        Handle(AccountCharged.self, by: \.order) { (message, order: inout Order, context) in
            order.charges.append(message.charge)
            context.send(NotifyCustomer(order: message.order))
        }
        Perform(NotifyCustomer.self) { message, context in
            CustomerNotified(order: message.order, key: context.idempotencyKey)
        }
        Handle(CustomerNotified.self, by: \.order) { (message, order: inout Order, _) in
            order.notifications.append(message.key)
        }
    }
}

// The same where nothing is remembered of a message: what is there is not added again, and what is
// sent follows from the message alone.
extension Handlers {
    static let idempotentBilling = Handlers("billing") {
        Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
            let id = context.uuid()
            if !account.charges.contains(where: { $0.id == id }) {
                account.charges.append(Account.Charge(order: message.order, id: id))
            }
            context.publish(AccountCharged(order: message.order, charge: id))
        }
    }

    static let idempotentOrders = Handlers("orders") {
        Handle(AccountCharged.self, by: \.order) { (message, order: inout Order, context) in
            if !order.charges.contains(message.charge) { order.charges.append(message.charge) }
            context.send(NotifyCustomer(order: message.order))
        }
        Perform(NotifyCustomer.self) { message, context in
            CustomerNotified(order: message.order, key: context.idempotencyKey)
        }
        Handle(CustomerNotified.self, by: \.order) { (message, order: inout Order, _) in
            if !order.notifications.contains(message.key) {
                order.notifications.append(message.key)
            }
        }
    }
}

/// The shop in a folder, or in a PostgreSQL database, opened for one algorithm.
struct Shop {
    enum Algorithm: String, CaseIterable, Sendable {
        case outbox, inbox, tokens, replay, natural, transactional
    }

    let billing: any Store
    let orders: any Store
    /// Where the tokens are, if there are any.
    let tokens: (any Store)?
    let services: [any Service]
    let session: Session

    /// Opens it.
    ///
    /// - Parameters:
    ///   - algorithm: How messages are deduplicated.
    ///   - place: A folder, or the URL of a PostgreSQL database.
    /// - Throws: What the backend throws.
    init(_ algorithm: Algorithm, in place: String) async throws {
        // Short leases, so that what a killed process held comes back soon. The tests kill whoever
        // is at work, so no message is to be blamed for a death.
        let options = EndpointOptions(
            concurrency: 16, lease: .milliseconds(300), deathsAlone: 1_000_000)
        switch algorithm {
        case .outbox, .inbox, .tokens, .replay, .natural:
            let tokens = algorithm == .tokens ? try await Self.store("tokens", in: place) : nil
            let deduplication: Deduplication =
                switch algorithm {
                case .inbox: .inbox
                case .tokens: .tokens(in: tokens)
                case .replay: .replay
                case .natural: .natural
                default: .outbox
                }
            let isIdempotent = algorithm == .natural
            let queues = try await Self.queues(in: place)
            let billing = try await Self.store("billing", in: place)
            let orders = try await Self.store("orders", in: place)
            let endpoints = [
                Endpoint(
                    isIdempotent ? .idempotentBilling : .billing, store: billing, transport: queues,
                    deduplication: deduplication,
                    options: options),
                Endpoint(
                    isIdempotent ? .idempotentOrders : .orders, store: orders, transport: queues,
                    deduplication: deduplication,
                    options: options),
            ]
            self.billing = billing
            self.orders = orders
            self.tokens = tokens
            services = [billing, orders, queues] + (tokens.map { [$0] } ?? []) + endpoints
            session = Session(of: endpoints[0])
        case .transactional:
            let database = try await Self.database(in: place)
            let endpoints = [
                Endpoint(.billing, database: database, options: options),
                Endpoint(.orders, database: database, options: options),
            ]
            billing = database
            orders = database
            tokens = nil
            services = [database] + endpoints
            session = Session(of: endpoints[0])
        }
    }
}

extension Shop {
    private static func isPostgres(_ place: String) -> Bool { place.hasPrefix("postgres://") }

    /// Few connections, since there are many processes.
    private static func options(_ schema: String) -> PostgresOptions {
        PostgresOptions(schema: schema, connections: 2)
    }

    private static func store(
        _ name: String, in place: String
    ) async throws -> any Store & Service {
        isPostgres(place)
            ? try await PostgresStore.open(place, options: options(name))
            : try SQLiteStore.open("\(place)/\(name).sqlite")
    }

    private static func queues(in place: String) async throws -> any Transport & Service {
        isPostgres(place)
            ? try await PostgresTransport.open(place, options: options("queues"))
            : try SQLiteTransport.open(place + "/queues.sqlite")
    }

    private static func database(in place: String) async throws -> any Database & Service {
        isPostgres(place)
            ? try await PostgresDatabase.open(place, options: options("shop"))
            : try SQLiteDatabase.open(place + "/shop.sqlite")
    }
}

/// An endpoint among whose messages is one that kills.
struct PoisonedShop {
    let database: SQLiteDatabase
    let endpoint: Endpoint

    init(in folder: String) throws {
        database = try SQLiteDatabase.open(folder + "/poisoned.sqlite")
        endpoint = Endpoint(
            .poisoned, database: database,
            options: EndpointOptions(concurrency: 16, lease: .milliseconds(300)))
    }
}
