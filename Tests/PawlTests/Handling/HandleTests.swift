import Foundation
import Testing

@testable import Pawl

private struct Move: Command {
    var bank = "bank"
    var from = "a"
    var to = "b"
    var fee = "c"
    let amount: Int
}

private struct Open: Command {
    let text: String
    let number: Int
    let uuid: UUID
}

private struct Jar: Entity, Equatable { var content = 0 }

@Suite("A handler")
struct HandleTests {
    private let three = Handlers("three") {
        Handle(
            Move.self, in: \.bank, Jar.by(\.from, .mustExist), Jar.by(\.to), Purse.by(\.fee)
        ) { (message, from: inout Jar, to: inout Jar, fee: inout Purse, _) in
            from.content -= message.amount + 1
            to.content += message.amount
            fee.balance += 1
        }
    }

    @Test("changes several entities of one partition at once")
    func several() async throws {
        let trial = try await Trial(three)
        let message = try Envelope.outside(Move(amount: 5), id: "move")
        let work = try #require(try trial.work(for: message))
        #expect(work.partition == "bank")
        #expect(work.keys.map(\.description) == ["Jar/a", "Jar/b", "Purse/c"])
        let effects = try await trial.handle(message, over: [json(Jar(content: 9)), nil, nil])
        let bodies = effects.bodies.compactMap { $0 }
        #expect(try value(Jar.self, from: bodies[0]) == Jar(content: 3))
        #expect(try value(Jar.self, from: bodies[1]) == Jar(content: 5))
        #expect(try value(Purse.self, from: bodies[2]) == Purse(balance: 101))
    }

    @Test("is not run when a message names one entity twice, which can never be right")
    func sameEntityTwice() async throws {
        let trial = try await Trial(three)
        let message = try Envelope.outside(Move(to: "a", amount: 5), id: "move")
        let error = await #expect(throws: PawlError.self) { try await trial.handle(message) }
        #expect(error?.code == .sameEntityTwice)
        #expect(error?.message.contains("Jar/a") == true)
        // Another kind of entity may have the same id.
        let other = try Envelope.outside(Move(fee: "a", amount: 5), id: "move")
        _ = try await trial.handle(other, over: [json(Jar()), nil, nil])
    }

    @Test("finds entities by text, by number and by UUID")
    func keys() async throws {
        let message = Open(
            text: "Ä/b", number: -12,
            uuid: UUID(
                uuid: (
                    0xAB, 0, 0, 0, 0, 0, 0, 0,
                    0, 0, 0, 0, 0, 0, 0, 1
                )))
        func key(_ handle: Handle) async throws -> [String] {
            let trial = try await Trial(Handlers("keys") { handle })
            let work = try trial.work(for: .outside(message, id: "open"))
            return (work?.keys.map(\.description) ?? []) + [work?.partition.name ?? ""]
        }
        #expect(
            try await key(Handle(Open.self, by: \.text) { (_, _: inout Jar, _) in })
                == ["Jar/Ä/b", "Ä/b"])
        #expect(
            try await key(Handle(Open.self, by: \.number) { (_, _: inout Jar, _) in })
                == ["Jar/-12", "-12"])
        let uuid = "ab000000-0000-0000-0000-000000000001"
        #expect(
            try await key(Handle(Open.self, by: \.uuid) { (_, _: inout Jar, _) in })
                == ["Jar/\(uuid)", uuid])
        #expect(
            try await key(Handle(Open.self, in: \.text, by: \.number) { (_, _: inout Jar, _) in })
                == ["Jar/-12", "Ä/b"])
    }

    @Test("can say that its entity must exist, or that it creates it", arguments: [true, false])
    func existence(exists: Bool) async throws {
        func run(_ existence: Existence) async throws -> Jar {
            let handlers = Handlers("jars") {
                Handle(Move.self, by: \.from, existence) { (message, jar: inout Jar, _) in
                    jar.content += message.amount
                }
            }
            let body = exists ? try json(Jar(content: 7)) : nil
            let effects = try await Trial(handlers)
                .handle(.outside(Move(amount: 1), id: "m"), over: [body])
            return try value(Jar.self, from: effects.bodies[0] ?? [])
        }
        #expect(try await run(.any) == Jar(content: exists ? 8 : 1))
        if exists {
            #expect(try await run(.mustExist) == Jar(content: 8))
            let error = await #expect(throws: PawlError.self) { try await run(.create) }
            #expect(error?.code == .entityExists)
        } else {
            #expect(try await run(.create) == Jar(content: 1))
            let error = await #expect(throws: PawlError.self) { try await run(.mustExist) }
            #expect(error?.code == .missingEntity)
            #expect(error?.message.contains("Jar/a") == true)
        }
    }

    @Test("writes the same bytes for the same state, whatever the order in memory")
    func sortedKeys() async throws {
        struct Tally: Entity { var counts: [String: Int] = [:] }
        let handlers = Handlers("tally") {
            Handle(Move.self, by: \.from) { (_, tally: inout Tally, _) in
                for name in ["q", "w", "e", "r", "t", "y", "a", "/"] { tally.counts[name] = 1 }
            }
        }
        let effects = try await Trial(handlers).handle(.outside(Move(amount: 1), id: "m"))
        let text = String(decoding: effects.bodies[0] ?? [], as: UTF8.self)
        #expect(text == #"{"counts":{"/":1,"a":1,"e":1,"q":1,"r":1,"t":1,"w":1,"y":1}}"#)
    }

    @Test("without an entity is remembered by a small document of its own")
    func memo() async throws {
        let trial = try await Trial(
            Handlers("memo") { Handle(Move.self) { _, context in context.reject() } })
        let message = try Envelope.outside(Move(amount: 1), id: "m")
        let work = try #require(try trial.work(for: message))
        #expect(work.isMemo)
        #expect(work.partition.name == "pawl.done/memo/\(message.id)")
        #expect(work.keys == [DocumentKey(kind: "pawl.done", id: message.id.description)])
    }

    @Test("of each type of a list is known by its name, and so is the queue's type")
    func types() {
        let isOpen = true
        let handlers = Handlers("list") {
            Handle(Move.self) { _, _ in }
            if isOpen { Handle(Open.self) { _, _ in } }
            for handle in [Handle(Pay.self) { _, _ in }] { handle }
        }
        #expect(handlers.types == ["Move", "Open", "Pay"])
    }
}
