import PawlContracts
import Synchronization
import Testing

@testable import Pawl

private struct OpenAccount: Command {
    let account: String
}

private struct Opened: Entity {
    var times = 0
}

/// A handler that refuses the state that it has made itself.
private let opening = Handlers("opening") {
    Handle(OpenAccount.self, by: \.account, .create) { (_, opened: inout Opened, _) in
        opened.times += 1
    }
}

@Suite("A duplicate that its handler would refuse", .timeLimit(.minutes(1)))
struct RefusedDuplicateTests {
    @Test("is a duplicate all the same, and no dead letter, on one database")
    func delivered() async throws {
        let database = MemoryDatabase()
        let endpoint = Endpoint(opening, database: database)
        try await endpoint.register()
        let envelope = Envelope(
            id: MessageID("once"), type: OpenAccount.typeName,
            body: try JSON.encode(OpenAccount(account: "a")), sentAt: Timestamp(microseconds: 0))
        let message = Outgoing(envelope, to: "opening")
        try await running([endpoint]) {
            try await database.send([message])
            try await until { try await database.read(Opened.self, "a") != nil }
            try await database.send([message])
            try await database.send([
                Outgoing(
                    Envelope(
                        id: MessageID("another"), type: OpenAccount.typeName,
                        body: try JSON.encode(OpenAccount(account: "b")),
                        sentAt: Timestamp(microseconds: 0)), to: "opening")
            ])
            try await until { try await database.read(Opened.self, "b") != nil }
        }
        #expect(try await database.read(Opened.self, "a")?.times == 1)
        #expect(try await DeadLetters(in: database).list().isEmpty)
        #expect(try await database.takeNow(from: "opening").isEmpty)
    }

    @Test("is already committed when it is a submission", arguments: ["database", "outbox"])
    func submitted(on kind: String) async throws {
        let database = MemoryDatabase()
        try await Endpoint(opening, database: database).register()
        let session =
            kind == "database"
            ? Session(opening, database: database)
            : Session(opening, store: database, transport: database, deduplication: .outbox)
        var results: [Session.Result] = []
        for _ in 0..<2 {
            results.append(
                try await session.change(Opened.self, "a", .create, id: "open") { opened, _ in
                    opened.times += 1
                })
        }
        #expect(results == [.committed, .alreadyCommitted])
    }

    @Test("performs nothing a second time once its result is saved")
    func performed() async throws {
        let database = MemoryDatabase()
        let performed = Performed()
        let performing = Handlers("performing") {
            Perform(OpenAccount.self) { message, _ in performed.note(message.account) }
        }
        let endpoint = Endpoint(performing, database: database)
        try await endpoint.register()
        func send(_ account: String) async throws {
            let envelope = Envelope(
                id: MessageID(account), type: OpenAccount.typeName,
                body: try JSON.encode(OpenAccount(account: account)),
                sentAt: Timestamp(microseconds: 0))
            try await database.send([Outgoing(envelope, to: "performing")])
        }
        try await send("a")
        try await running([endpoint]) {
            try await until {
                try await database.isProcessed(MessageID("a"), by: "performing")
            }
        }
        try await send("a")
        try await send("a")
        try await send("b")
        try await running([endpoint]) {
            try await until {
                try await database.isProcessed(MessageID("b"), by: "performing")
            }
        }
        #expect(performed.accounts.sorted() == ["a", "b"])
    }
}

private final class Performed: Sendable {
    private let state = Mutex<[String]>([])

    var accounts: [String] { state.withLock { $0 } }

    func note(_ account: String) {
        state.withLock { $0.append(account) }
    }
}
