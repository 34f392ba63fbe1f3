import Logging
import PawlContracts
import Testing

@testable import Pawl

private struct Bad: Command { var name = "bad" }

private let ward = Handlers("ward") {
    Handle(Pay.self, by: \.account) { (message, purse: inout Purse, context) in
        purse.balance -= message.amount
        purse.payments.append(message.amount)
        context.publish(
            Paid(account: message.account, amount: message.amount, balance: purse.balance))
    }
    Handle(Bad.self, by: \.name) { (_, _: inout Purse, _) in throw Failure("no luck") }
}

enum OutageKind: CaseIterable, Sendable {
    case didNotHappen, mayHaveHappenedButDidNot, mayHaveHappenedAndDid

    var disturbance: Disturbance {
        switch self {
        case .didNotHappen: .failBefore(.didNotHappen)
        case .mayHaveHappenedButDidNot: .failBefore(.mayHaveHappened)
        case .mayHaveHappenedAndDid: .failAfter(.mayHaveHappened)
        }
    }
}

@Suite("A backend that fails", .timeLimit(.minutes(1)))
struct OutageTests {
    private func hand() async throws -> Hand {
        let retries = RetryPolicy(immediate: 1, delayed: 2, firstDelay: .seconds(2))
        let hand = Hand(ward, options: EndpointOptions(lease: .seconds(600), retries: retries))
        try await hand.register(["orders": ["Paid"]])
        return hand
    }

    /// Whether two payments have happened once each, and were told of.
    private func checkPayments(_ hand: Hand, _ name: Comment) async throws {
        let purse = try await hand.database.read(Purse.self, "a")
        #expect(purse?.payments.sorted() == [3, 5], name)
        let messages = Set(try await hand.database.takeNow(from: "orders").map(\.message))
        let events = try messages.map {
            try value(Paid.self, from: Envelope(decoding: $0).body)
        }
        #expect(events.sorted { $0.balance > $1.balance } == purse?.events(of: "a"), name)
        #expect(try await hand.letters().filter { $0.type == "Pay" }.isEmpty, name)
    }

    @Test(
        "at any one call loses nothing, repeats nothing, and is logged once",
        arguments: OutageKind.allCases)
    func oneCall(kind: OutageKind) async throws {
        var call = 0
        while true {
            let hand = try await hand()
            try await hand.send(Pay(account: "a", amount: 3), id: "3")
            try await hand.send(Pay(account: "a", amount: 5), id: "5")
            let boundary = Boundary(kind.disturbance, at: call)
            try await hand.drain(boundary)
            guard boundary.wasDisturbed else { break }
            let name: Comment = "call \(call), \(boundary.names[call])"
            await hand.clock.advance(by: .seconds(601))
            try await hand.drain()
            try await checkPayments(hand, name)
            #expect(hand.log.entries(from: .warning).count == 1, name)
            #expect(hand.log.entries(from: .error).isEmpty, name)
            call += 1
        }
        #expect(call > 8)
    }

    @Test(
        "for long loses nothing and repeats nothing; the messages wait in their queue",
        arguments: OutageKind.allCases, [0, 1, 2, 3, 4, 5, 6])
    func long(kind: OutageKind, call: Int) async throws {
        let hand = try await hand()
        try await hand.send(Pay(account: "a", amount: 3), id: "3")
        try await hand.send(Pay(account: "a", amount: 5), id: "5")
        try await hand.drain(Boundary(kind.disturbance, at: call, count: 100))
        try await hand.drain(for: .seconds(601))
        try await checkPayments(hand, "from call \(call) on")
        #expect(hand.log.entries(from: .error).isEmpty)
        let troubles = try await hand.database.list(
            kind: TroubleBook.troubleKind, after: nil, limit: 10)
        #expect(troubles.isEmpty)
    }

    @Test(
        "at any one call while a message is given up does not count as that message's failure",
        arguments: OutageKind.allCases)
    func whileGivingUp(kind: OutageKind) async throws {
        var call = 0
        while true {
            let hand = try await hand()
            try await hand.send(Bad(), id: "bad")
            let boundary = Boundary(kind.disturbance, at: call)
            let end = hand.clock.now + .seconds(40)
            while hand.clock.now < end {
                try await hand.drain(boundary)
                await hand.clock.advance(by: .milliseconds(500))
            }
            guard boundary.wasDisturbed else { break }
            let name: Comment = "call \(call), \(boundary.names[call])"
            await hand.clock.advance(by: .seconds(601))
            try await hand.drain()
            let letters = try await hand.letters()
            #expect(letters.count == 1, name)
            let errors = letters.first?.failures.map(\.error)
            #expect(errors == ["no luck", "no luck", "no luck"], name)
            #expect(try await hand.database.takeNow(from: "ward").isEmpty, name)
            call += 1
        }
        #expect(call > 8)
    }

    @Test(
        "when a message is tried alone does not count as a death of the process",
        arguments: OutageKind.allCases)
    func whileAlone(kind: OutageKind) async throws {
        for call in 0..<12 {
            let hand = try await hand()
            try await hand.send(Pay(account: "a", amount: 3), id: "3")
            // A lease that ends: the next delivery is tried alone.
            _ = try await hand.database.takeNow(from: "ward", lease: .seconds(1))
            await hand.clock.advance(by: .seconds(1))
            for _ in 0..<4 {
                try await hand.drain(Boundary(kind.disturbance, at: call, count: 30))
                await hand.clock.advance(by: .seconds(700))
            }
            try await hand.drain()
            #expect(try await hand.letters().isEmpty, "from call \(call) on")
            #expect(try await hand.database.read(Purse.self, "a")?.payments == [3])
        }
    }
}
