import Foundation
import Logging
import Pawl
import PawlPostgres
import PrivatePostgres
import ServiceLifecycle
import Testing

struct Credit: Command {
    let account: Int
    let number: Int
}

struct Credited: Event {
    let account: Int
    let number: Int
}

struct Balance: Entity {
    var credits: [Int] = []
}

struct Statement: Entity {
    var lines: [Int] = []
}

extension Handlers {
    static let bank = Handlers("bank") {
        Handle(Credit.self, by: \.account) { (message, balance: inout Balance, context) in
            balance.credits.append(message.number)
            context.publish(Credited(account: message.account, number: message.number))
        }
    }

    static let statements = Handlers("statements") {
        Handle(Credited.self, by: \.account) { (message, statement: inout Statement, _) in
            statement.lines.append(message.number)
        }
    }
}

@Suite("A PostgreSQL server that is killed", .timeLimit(.minutes(5)))
struct OutageTests {
    static let accounts = 10
    static let credits = 600

    /// Endpoints over one database or over a store and queues, whichever is asked for.
    private func endpoints(
        _ url: String, transactional: Bool
    ) async throws -> (endpoints: [Endpoint], backends: [any Service], store: any Store) {
        let endpointOptions = EndpointOptions(
            concurrency: 32, lease: .seconds(2),
            retries: RetryPolicy(
                delayed: 1000, firstDelay: .milliseconds(50), factor: 2,
                longestDelay: .milliseconds(500)))
        let options = PostgresOptions(
            schema: transactional ? "transactional" : "outbox", connections: 3)
        if transactional {
            let database = try await PostgresDatabase.open(url, options: options)
            let endpoints = [Handlers.bank, .statements].map {
                Endpoint($0, database: database, options: endpointOptions)
            }
            return (endpoints, [database], database)
        }
        let store = try await PostgresStore.open(url, options: options)
        let transport = try await PostgresTransport.open(url, options: options)
        let endpoints = [Handlers.bank, .statements].map {
            Endpoint(
                $0, store: store, transport: transport, deduplication: .outbox,
                options: endpointOptions)
        }
        return (endpoints, [store, transport], store)
    }

    @Test("loses nothing and does nothing twice", arguments: [true, false])
    func killed(transactional: Bool) async throws {
        let folder = TestServer.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Here fsync is on, as it always should be.
        let server = try PrivateServer(in: folder)
        let (endpoints, backends, store) = try await endpoints(
            server.url, transactional: transactional)
        for endpoint in endpoints { try await endpoint.register() }
        var logger = Logger(label: "outage")
        logger.logLevel = .critical
        let group = ServiceGroup(services: backends + endpoints, logger: logger)
        let session = Session(of: endpoints[0])
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for start in stride(from: 0, to: Self.credits, by: 100) {
                try await Self.submit(start..<start + 100, to: session)
                // Somewhere in the work, and without any order.
                while try await Self.lines(in: store) < start + 10 {
                    try await Task.sleep(for: .milliseconds(1))
                }
                try server.kill()
                try server.start()
            }
            while try await Self.lines(in: store) < Self.credits {
                try await Task.sleep(for: .milliseconds(20))
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        for account in 0..<Self.accounts {
            let expected = (0..<Self.credits).filter { $0 % Self.accounts == account }
            let balance = try await store.read(Balance.self, account) ?? Balance()
            #expect(balance.credits.sorted() == expected)
            let statement = try await store.read(Statement.self, account) ?? Statement()
            #expect(statement.lines.sorted() == expected)
        }
        #expect(try await DeadLetters(in: store).list().isEmpty)
    }

    /// Submits as a customer does who tries again until it is answered.
    private static func submit(_ numbers: Range<Int>, to session: Session) async throws {
        while true {
            do {
                _ = try await session.send(id: "submission \(numbers.lowerBound)") { context in
                    for number in numbers {
                        context.send(Credit(account: number % accounts, number: number))
                    }
                }
                return
            } catch is BackendError {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// How many lines all statements have; -1 while nobody answers.
    private static func lines(in store: any Store) async throws -> Int {
        var lines = 0
        for account in 0..<accounts {
            do {
                lines += try await store.read(Statement.self, account)?.lines.count ?? 0
            } catch is BackendError {
                return -1
            }
        }
        return lines
    }
}
