import PawlContracts
import Synchronization
import Testing

@testable import Pawl

/// A provider of payments, which gives every call another number.
private final class Provider: Sendable {
    private let state = Mutex<[String]>([])

    /// The idempotency keys of all calls.
    var keys: [String] { state.withLock { $0 } }

    func charge(_ key: String) -> Int {
        state.withLock { keys in
            keys.append(key)
            return keys.count
        }
    }

    var handlers: Handlers {
        Handlers("provider") {
            Perform(Pay.self) { message, context in
                let number = self.charge(context.idempotencyKey)
                return Paid(account: message.account, amount: message.amount, balance: number)
            }
        }
    }
}

@Suite("What is performed", .timeLimit(.minutes(1)))
struct PerformTests {
    @Test("may be done again after a crash, with the same key; the first result saved stands")
    func atLeastOnce() async throws {
        var call = 0
        while true {
            let provider = Provider()
            let hand = Hand(provider.handlers)
            try await hand.register(["orders": ["Paid"]])
            try await hand.send(Pay(account: "a", amount: 1), id: "m")
            let boundary = Boundary(.crashAfter, at: call)
            try await hand.drain(boundary)
            await hand.clock.advance(by: .seconds(31))
            try await hand.send(Pay(account: "a", amount: 1), id: "m")
            try await hand.drain()
            guard boundary.wasDisturbed else { break }
            #expect(Set(provider.keys) == ["provider/\(MessageID("m"))"], "call \(call)")
            let events = try await Set(hand.database.takeNow(from: "orders").map(\.message)).map {
                try value(Paid.self, from: Envelope(decoding: $0).body)
            }
            #expect(events.count == 1, "call \(call)")
            #expect((1...provider.keys.count).contains(events.first?.balance ?? 0))
            call += 1
        }
        #expect(call > 4)
    }

    @Test("has a key of its own for each message and each endpoint")
    func keys() async throws {
        let provider = Provider()
        let hand = Hand(provider.handlers)
        try await hand.register(["orders": ["Paid"]])
        for id in ["1", "2"] { try await hand.send(Pay(account: "a", amount: 1), id: id) }
        try await hand.drain()
        #expect(provider.keys == ["1", "2"].map { "provider/\(MessageID($0))" })
    }

    @Test("comes back as a command or as a reply, if that is what it returns")
    func results() async throws {
        struct Done: Reply {}
        struct Ask: Command {}
        let handlers = Handlers("provider") {
            Perform(Pay.self) { _, _ in Try(note: "go on") }
            Perform(Ask.self) { _, _ in Done() }
        }
        let hand = Hand(handlers)
        try await hand.register(["orders": ["Try"], "asker": []])
        try await hand.send(Pay(account: "a", amount: 1), id: "m")
        var ask = try Envelope.outside(Ask(), id: "ask")
        ask.sender = "asker"
        try await hand.database.send([Outgoing(ask, to: "provider")])
        try await hand.drain()
        func types(_ queue: String) async throws -> [String] {
            try await hand.database.takeNow(from: queue).map {
                try Envelope(decoding: $0.message).type
            }
        }
        #expect(try await types("orders") == ["Try"])
        #expect(try await types("asker") == ["Done"])
    }

    @Test("and fails is tried again, like any other message")
    func failure() async throws {
        let failing = Failing(times: 4)
        let clock = ManualClock()
        let handlers = Handlers("provider") {
            Perform(Pay.self) { _, _ in try failing.call(at: clock.now) }
        }
        let hand = Hand(handlers, clock: clock)
        try await hand.register()
        try await hand.send(Pay(account: "a", amount: 1), id: "m")
        try await hand.drain(for: .seconds(30))
        #expect(failing.times.count == 5)
        #expect(try await hand.letters().isEmpty)
    }
}
