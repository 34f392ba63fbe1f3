import Foundation
import Pawl
import PawlPostgres
import PrivatePostgres
import ServiceLifecycle
import Logging
import Testing

@Suite("PostgreSQL in trouble", .timeLimit(.minutes(5)))
struct TroubleTests {
    let server: PrivateServer

    init() throws { server = try TestServer.running() }

    private func failure(
        _ url: String, _ options: PostgresOptions = TestServer.options()
    ) async -> BackendError? {
        await error { () async throws(BackendError) in
            try await PostgresStore.open(url, options: options)
        }
    }

    @Test("a wrong password is said at once, and is not in the message")
    func password() async throws {
        try await server.sql(
            "DO $$ BEGIN CREATE ROLE secretive LOGIN PASSWORD 'right'; "
                + "EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        let url = server.url.replacing("postgres@", with: "secretive:wrong@")
        let found = await failure(url)
        #expect(found?.effect == .didNotHappen)
        #expect(found.text.contains("does not let this user in"))
        #expect(found.text.contains("28P01"))
        #expect(!found.text.contains("wrong@"))
    }

    @Test("a database that is not there is said at once")
    func noDatabase() async throws {
        let found = await failure(server.url + "s")
        #expect(found.text.contains("there is no such database"))
    }

    @Test("a server without TLS is refused by whoever demands it")
    func noTLS() async throws {
        let found = await failure(server.url + "?sslmode=require")
        #expect(found?.effect == .didNotHappen)
        #expect(found.text.contains("SSL"))
    }

    @Test("a server that is not there is said at once")
    func noServer() async throws {
        let found = await failure("postgres://postgres@127.0.0.1:1/postgres")
        #expect(found?.effect == .didNotHappen)
        #expect(found.text.contains("Is the server running"))
    }

    @Test("a connection string that is none is said at once")
    func nonsense() async throws {
        let found = await failure("postgres://a:secret@[::1/x")
        #expect(found?.effect == .canNeverHappen)
        #expect(!found.text.contains("secret"))
    }

    @Test("tables of a newer version are left alone")
    func newer() async throws {
        let options = TestServer.options()
        _ = try await PostgresStore.open(server.url, options: options)
        try await server.sql("UPDATE \"\(options.schema)\".meta SET version = 99")
        let found = await failure(server.url, options)
        #expect(found?.effect == .canNeverHappen)
        #expect(found.text.contains("version 99"))
    }

    @Test("tables that are missing are not made by whoever may not")
    func verify() async throws {
        var options = TestServer.options()
        options.setup = .verify
        let found = await failure(server.url, options)
        #expect(found.text.contains("Run `pawl migrate`"))
    }

    @Test("tables are made once by any number at the same time")
    func migrateTogether() async throws {
        let options = TestServer.options(connections: 1)
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    _ = try await PostgresDatabase.open(server.url, options: options)
                }
            }
        }
        let store = try await PostgresStore.open(server.url, options: options)
        #expect(try await store.read(account("1"), in: "p") == nil)
    }

    @Test("a server that only reads is not used")
    func readOnly() async throws {
        let options = TestServer.options()
        _ = try await PostgresStore.open(server.url, options: options)
        let url = server.url + "?options=-c%20default_transaction_read_only%3Don"
        let found = await failure(url, options)
        #expect(found?.effect == .didNotHappen)
        #expect(found.text.contains("read-only") || found.text.contains("only reads"))
    }

    @Test("too few connections on the server is said, and is over when there are some")
    func tooManyConnections() async throws {
        try await server.sql(
            "DO $$ BEGIN CREATE ROLE lonely SUPERUSER LOGIN CONNECTION LIMIT 0; "
                + "EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        try await server.sql("ALTER ROLE lonely NOSUPERUSER CONNECTION LIMIT 0")
        let url = server.url.replacing("postgres@", with: "lonely@")
        let options = TestServer.options()
        let found = await failure(url, options)
        #expect(found?.effect == .didNotHappen)
        #expect(found.text.contains("no connection left"))
    }

    @Test("a value that can't be stored does not keep others from it")
    func poison() async throws {
        let store = try await PostgresStore.open(server.url, options: TestServer.options())
        // 0xff is no UTF-8.
        let bad = Write.put(account("bad"), Content(body: [0x22, 0xff, 0x22]), if: .any)
        async let poisoned = error { () async throws(BackendError) in
            try await store.write([bad], in: "p")
        }
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<50 {
                group.addTask {
                    let good = Write.put(account("\(number)"), json("1"), if: .absent)
                    let result = try await store.write([good], in: "p")
                    guard case .committed = result else { throw Unexpected("\(result)") }
                }
            }
        }
        #expect(await poisoned?.effect == .canNeverHappen)
        let page = try await store.read(kind: "Account", in: "p", after: nil, limit: 100)
        #expect(page.count == 50)
    }

    @Test("a commit that is cut off anywhere has happened or not, and can be found out")
    func cutAnywhere() async throws {
        let port = try #require(Int(server.url.split(separator: ":")[2].split(separator: "/")[0]))
        let proxy = try CuttingProxy(before: port)
        let url = server.url.replacing(":\(port)/", with: ":\(proxy.port)/")
        let options = TestServer.options(connections: 1)
        let cut = try await PostgresDatabase.open(url, options: options)
        let direct = try await PostgresDatabase.open(server.url, options: options)
        _ = try await cut.register(Registration(endpoint: "billing", types: ["Charge"]))
        var outcomes: [BackendError.Effect?: Int] = [:]
        var bytes = 0
        for direction in [CuttingProxy.Direction.toServer, .toClient] {
            bytes = 0
            while true {
                let id = "\(direction) \(bytes)"
                let transaction = Transaction(
                    receipt: nil, id: MessageID(from: .system), endpoint: "billing",
                    partition: PartitionKey(id),
                    writes: [.put(account(id), json("1"), if: .absent)], messages: [message(id)])
                proxy.cut(after: bytes, direction)
                let found = await error { () async throws(BackendError) in
                    try await cut.commit(transaction)
                }
                let wasCut = proxy.heal()
                outcomes[found?.effect, default: 0] += 1
                let isDone = try await direct.isProcessed(transaction.id, by: "billing")
                #expect(isDone == (try await direct.read(account(id), in: PartitionKey(id)) != nil))
                switch found?.effect {
                case nil: #expect(isDone)
                case .didNotHappen?: #expect(!isDone)
                case .mayHaveHappened?: break
                case .canNeverHappen?: Issue.record("\(found.text)")
                }
                // Whoever does not know does it again.
                let again = try await direct.commit(transaction)
                #expect(again == (isDone ? .duplicate : .committed), "after \(bytes) \(direction)")
                if found == nil, !wasCut { break }
                bytes += direction == .toServer ? 41 : 7
            }
        }
        #expect(outcomes[.mayHaveHappened, default: 0] > 10)
        #expect(outcomes[nil, default: 0] >= 2)
    }
}

struct Unexpected: Error {
    let what: String

    init(_ what: String) { self.what = what }
}

func account(_ id: String) -> DocumentKey { DocumentKey(kind: "Account", id: id) }

func json(_ text: String) -> Content { Content(body: Array(text.utf8)) }

func message(_ name: String, to queue: String = "billing") -> Outgoing {
    Outgoing(
        Envelope(
            id: MessageID(name), type: "Charge", body: [32, 32],
            sentAt: Timestamp(microseconds: 1)),
        to: queue)
}

extension BackendError? {
    var text: String { self?.description ?? "no error" }
}

/// The error that a call throws, if it throws one.
func error<Value>(
    of call: () async throws(BackendError) -> Value
) async -> BackendError? {
    do throws(BackendError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}
