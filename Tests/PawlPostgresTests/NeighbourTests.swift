import Pawl
import PawlContracts
import PawlPostgres
import PrivatePostgres
import Testing

/// What several processes, or somebody with psql, do to one another.
@Suite("Neighbours on PostgreSQL", .timeLimit(.minutes(2)))
struct NeighbourTests {
    let server: PrivateServer

    init() throws { server = try TestServer.running() }

    @Test("a process that only sends wakes a receiver of another one")
    func wake() async throws {
        let options = TestServer.options(connections: 2)
        // On a clock that stands still, nobody looks after some time: only a call can wake.
        let clock = ManualClock()
        let receiver = try await PostgresTransport.open(
            server.url, options: options, environment: clock.environment)
        _ = try await receiver.register(Registration(endpoint: "billing", types: ["Charge"]))
        async let received = receiver.receive(from: "billing", max: 1, lease: .seconds(30))
        await clock.waitForSleepers()
        let sender = try await PostgresTransport.open(server.url, options: options)
        try await sender.send([message("m")])
        #expect(try await received.count == 1)
    }

    @Test("what must be absent stays so until the commit")
    func absence() async throws {
        let options = TestServer.options(connections: 4)
        let stores = [
            try await PostgresStore.open(server.url, options: options),
            try await PostgresStore.open(server.url, options: options),
        ]
        // Whoever shuts the door removes what is there; whoever comes in finds it open, or goes.
        for round in 0..<200 {
            let partition = PartitionKey("round \(round)")
            let door = DocumentKey(kind: "Door", id: "shut")
            let guest = DocumentKey(kind: "Guest", id: "1")
            async let entering = stores[0].write(
                [.put(guest, json("1"), if: .any), .delete(door, if: .absent)], in: partition)
            async let shutting = stores[1].write(
                [.put(door, json("1"), if: .any), .delete(guest, if: .any)], in: partition)
            _ = try await (entering, shutting)
            let isInside = try await stores[0].read(guest, in: partition) != nil
            #expect(!isInside, "round \(round)")
        }
    }

    @Test("a row that somebody has locked stops nobody else")
    func lockedRow() async throws {
        let options = TestServer.options(connections: 3)
        let store = try await PostgresStore.open(server.url, options: options)
        for id in ["locked", "free"] {
            _ = try await store.write([.put(account(id), json("0"), if: .absent)], in: "p")
        }
        let row = "SELECT FROM \"\(options.schema)\".documents WHERE id = 'locked' FOR UPDATE"
        async let locking: Void = server.sql("BEGIN; \(row); SELECT pg_sleep(15); COMMIT")
        while (try? await server.sql("\(row) NOWAIT")) != nil {}
        let failures = await withTaskGroup(of: (String, BackendError?).self) { group in
            for number in 0..<40 {
                let id = number % 10 == 0 ? "locked" : "free \(number)"
                group.addTask {
                    let found = await error { () async throws(BackendError) in
                        try await store.write([.put(account(id), json("1"), if: .any)], in: "p")
                    }
                    return (id, found)
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (id, failure) in failures where id != "locked" {
            Issue.record("\(id): \(failure)")
        }
        #expect(failures["locked"]?.effect == .didNotHappen)
        // It was locked all the time.
        await #expect(throws: Unexpected.self) { try await server.sql("\(row) NOWAIT") }
        try await server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(15)%'"
                + " AND pid <> pg_backend_pid()")
        try? await locking
        _ = try await store.write([.put(account("locked"), json("1"), if: .any)], in: "p")
    }
}
