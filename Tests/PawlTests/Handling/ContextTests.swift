import Foundation
import Testing

@testable import Pawl

private struct Go: Command { var text = "" }
private struct Work1: Command, Equatable { var number = 0 }
private struct Happened: Event, Equatable { var number = 0 }
private struct Answer: Reply, Equatable { var number = 0 }

@Suite("What a handler sends and draws")
struct ContextTests {
    private static let types: [String: Set<String>] = [
        "asker": [], "worker": ["Work1"], "first": ["Happened"], "second": ["Happened"],
    ]

    private func effects(
        of message: Envelope, _ body: @escaping @Sendable (Context) throws -> Void
    ) async throws -> Effects {
        let trial = try await Trial(
            Handlers("asked") { Handle(Go.self) { _, context in try body(context) } },
            types: Self.types)
        return try await trial.handle(message)
    }

    private func sent(
        _ body: @escaping @Sendable (Context) throws -> Void
    ) async throws -> [Outgoing] {
        try await effects(of: .outside(Go(), id: "go"), body).messages
    }

    @Test("goes, a command to its one endpoint, an event to every subscriber")
    func destinations() async throws {
        let messages = try await sent {
            $0.send(Work1(number: 1))
            $0.publish(Happened(number: 2))
            $0.send(Work1(number: 3), to: "first")
        }
        #expect(messages.map(\.queue) == ["worker", "first", "second", "first"])
        #expect(messages.map(\.envelope.type) == ["Work1", "Happened", "Happened", "Work1"])
        #expect(Set(messages.map(\.envelope.id)).count == 4)
        for message in messages {
            #expect(message.envelope.cause == MessageID("go"))
            #expect(message.envelope.conversation == MessageID("go"))
            #expect(message.envelope.sender == "asked")
            #expect(message.notBefore == nil)
        }
        #expect(try value(Work1.self, from: messages[3].envelope.body) == Work1(number: 3))
    }

    @Test("has ids that follow from the message, the endpoint, the ordinal and the destination")
    func derivedIDs() async throws {
        let messages = try await sent {
            $0.send(Work1())
            $0.publish(Happened())
        }
        let expected = [(0, "worker"), (1, "first"), (1, "second")].map { ordinal, destination in
            MessageID(
                cause: MessageID("go"), endpoint: "asked", ordinal: ordinal,
                destination: destination)
        }
        #expect(messages.map(\.envelope.id) == expected)
    }

    @Test("stays in the conversation that it belongs to")
    func conversation() async throws {
        var message = try Envelope.outside(Go(), id: "go")
        message.conversation = MessageID("the first one")
        let effects = try await effects(of: message) { $0.send(Work1()) }
        #expect(effects.messages[0].envelope.conversation == MessageID("the first one"))
        #expect(effects.messages[0].envelope.cause == message.id)
    }

    @Test("can be held back until a time")
    func notBefore() async throws {
        let time = Timestamp(microseconds: 5)
        let messages = try await sent {
            $0.send(Work1(), notBefore: time)
            $0.publish(Happened(), notBefore: time)
            $0.send(Work1(), after: .seconds(3))
            $0.publish(Happened(), after: .seconds(4))
        }
        let sentAt = messages[0].envelope.sentAt
        let later = [sentAt + .seconds(3), sentAt + .seconds(4), sentAt + .seconds(4)]
        #expect(messages.map(\.notBefore) == [time, time, time] + later)
    }

    @Test("goes, as a reply, to whoever sent the message")
    func reply() async throws {
        var message = try Envelope.outside(Go(), id: "go")
        message.sender = "asker"
        let effects = try await effects(of: message) { $0.reply(Answer(number: 4)) }
        #expect(effects.messages.map(\.queue) == ["asker"])
        #expect(
            try value(Answer.self, from: effects.messages[0].envelope.body) == Answer(number: 4))
    }

    @Test("fails, as a reply to the outer edge, before anything is saved")
    func replyToNobody() async throws {
        let error = await #expect(throws: PawlError.self) {
            try await sent { $0.reply(Answer()) }
        }
        #expect(error?.code == .noDestination)
    }

    @Test("that nobody handles, or two do, or no queue takes, fails before anything is saved")
    func noDestination() async throws {
        let nobody = await #expect(throws: PawlError.self) { try await sent { $0.send(Go()) } }
        #expect(nobody?.code == .noDestination)
        let queue = await #expect(throws: PawlError.self) {
            try await sent { $0.send(Work1(), to: "nowhere") }
        }
        #expect(queue?.code == .noDestination)
        #expect(queue?.message.contains("nowhere") == true)
        struct Twofold: Command { static let typeName = "Happened" }
        let two = await #expect(throws: PawlError.self) { try await sent { $0.send(Twofold()) } }
        #expect(two?.code == .ambiguousDestination)
        #expect(two?.message.contains("first and second") == true)
    }

    @Test("that is larger than the transport carries fails before anything is saved")
    func tooLarge() async throws {
        let handlers = Handlers("asked") {
            Handle(Go.self) { message, context in context.send(Go(text: message.text), to: "all") }
        }
        let trial = try await Trial(
            handlers, types: ["all": []], limits: TransportLimits(largestMessage: 1000))
        for size in 700..<1000 {
            let text = String(repeating: "x", count: size)
            let message = try Envelope.outside(Go(text: text), id: "\(size)")
            do {
                // What gets through the check must get through the transport.
                try await trial.database.send(trial.handle(message).messages)
            } catch let error as PawlError {
                #expect(error.code == .messageTooLarge)
                #expect(size > 800, "refused much too early")
            }
        }
        let large = try Envelope.outside(Go(text: String(repeating: "x", count: 1000)), id: "large")
        let error = await #expect(throws: PawlError.self) { try await trial.handle(large) }
        #expect(error?.code == .messageTooLarge)
    }

    @Test("is the same in every attempt, and other for another message")
    func sameInEveryAttempt() async throws {
        func draw(_ id: String) async throws -> [String] {
            let messages = try await sent(by: id) { context in
                let uuids = (0..<3).map { _ in context.uuid().uuidString }
                let numbers = (0..<3).map { _ in Int.random(in: 0..<1000, using: &context.random) }
                context.send(Go(text: "\(uuids) \(numbers)"), to: "worker")
            }
            return try messages.map { try value(Go.self, from: $0.envelope.body).text }
        }
        #expect(try await draw("one") == draw("one"))
        #expect(try await draw("one") != draw("two"))
    }

    private func sent(
        by id: String, _ body: @escaping @Sendable (Context) throws -> Void
    ) async throws -> [Outgoing] {
        try await effects(of: .outside(Go(), id: id), body).messages
    }

    @Test("draws ids that are valid, never the same twice, and never change")
    func uuids() {
        let message = Envelope(
            id: MessageID(high: 1, low: 2), type: "", body: [], sentAt: Timestamp(microseconds: 0))
        let context = Context(message: message, now: message.sentAt)
        let ids = (0..<100).map { _ in context.uuid() }
        #expect(Set(ids).count == 100)
        for id in ids {
            #expect(id.uuid.6 >> 4 == 8, "version")
            #expect(id.uuid.8 >> 6 == 0b10, "variant")
        }
        #expect(ids[0].uuidString == "9A2FEA66-6B34-87FC-85A3-89E8B337ECC6")
        #expect(ids[1].uuidString == "4CEB54A8-A91A-8BE9-BAE5-6F518D28CD13")
    }

    @Test("draws other ids for a message whose id differs only in its first half")
    func uuidsNeedTheWholeID() {
        let ids = [1, 2].map { (high: UInt64) in
            let message = Envelope(
                id: MessageID(high: high, low: 7), type: "", body: [],
                sentAt: Timestamp(microseconds: 0))
            return Context(message: message, now: message.sentAt).uuid()
        }
        #expect(ids[0] != ids[1])
    }

    @Test("is thrown away when the message is turned down, except what is sent afterwards")
    func reject() async throws {
        let handlers = Handlers("asked") {
            Handle(Go.self, by: \.text) { (_, purse: inout Purse, context) in
                purse.balance = -1
                context.publish(Happened(number: 1))
                context.reject()
                context.publish(Happened(number: 2))
            }
        }
        let trial = try await Trial(handlers, types: Self.types)
        let before = try json(Purse(balance: 7))
        let effects = try await trial.handle(.outside(Go(text: "a"), id: "go"), over: [before])
        #expect(effects.bodies == [before])
        let events = try effects.messages.map { try value(Happened.self, from: $0.envelope.body) }
        #expect(events == [Happened(number: 2), Happened(number: 2)])
    }
}
