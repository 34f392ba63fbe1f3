import Logging
import PawlContracts
import Synchronization
import Testing

@testable import Pawl

struct Try: Command {
    var note = "n"
}

/// Notes when it was called, and fails as often as it is told to.
final class Failing: Sendable {
    private let state: Mutex<(times: [Timestamp], left: Int)>
    let error: any Error

    init(times: Int = .max, _ error: any Error = Failure("no luck")) {
        state = Mutex(([], times))
        self.error = error
    }

    var times: [Timestamp] { state.withLock { $0.times } }

    func call(at now: Timestamp) throws {
        let fails = state.withLock { state in
            state.times.append(now)
            state.left -= 1
            return state.left >= 0
        }
        if fails { throw error }
    }

    var handlers: Handlers {
        Handlers("failing") {
            Handle(Try.self, by: \.note) { (_, purse: inout Purse, context) in
                purse.payments.append(1)
                try self.call(at: context.now)
            }
        }
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

private struct Hopeless: PermanentError {}

@Suite("A message that fails", .timeLimit(.minutes(1)))
struct RecoveryTests {
    private static let retries = RetryPolicy(
        immediate: 2, delayed: 3, firstDelay: .seconds(10), factor: 3, longestDelay: .seconds(50))

    private func hand(_ failing: Failing) async throws -> Hand {
        let hand = Hand(failing.handlers, options: EndpointOptions(retries: Self.retries))
        try await hand.register()
        return hand
    }

    @Test("is tried again at once, and then after growing delays, and then given up")
    func schedule() async throws {
        let failing = Failing()
        let hand = try await hand(failing)
        let start = hand.clock.now
        try await hand.send(Try(), id: "m")
        try await hand.drain(for: .seconds(300), step: .milliseconds(500))
        let times = failing.times
        try #require(times.count == 12, "three attempts at once, four times")
        let rounds = stride(from: 0, to: 12, by: 3).map { Array(times[$0..<$0 + 3]) }
        for round in rounds { #expect(Set(round).count == 1) }
        #expect(rounds[0][0] == start)
        for (index, delay) in [10, 30, 50].enumerated() {
            let pause = rounds[index + 1][0] - rounds[index][0]
            let jittered = Duration.seconds(delay) * 3 / 4 ... .seconds(delay) * 5 / 4
            let step = Duration.milliseconds(500)
            #expect(jittered.lowerBound <= pause && pause <= jittered.upperBound + step, "\(pause)")
        }
        #expect(try await hand.database.read(Purse.self, "n") == nil, "nothing was saved")
    }

    @Test("is, when it is given up, kept with all that is known about it")
    func deadLetter() async throws {
        let hand = try await hand(Failing())
        try await hand.send(Try(note: "x"), id: "m")
        let sent = hand.clock.now
        try await hand.drain(for: .seconds(300))
        let letter = try #require(try await hand.letters().first)
        #expect(letter.id == MessageID("m"))
        #expect(letter.endpoint == "failing")
        #expect(letter.type == "Try")
        #expect(letter.error == "no luck")
        #expect(letter.attempts == 12)
        #expect(letter.failures.map(\.error) == Array(repeating: "no luck", count: 4))
        #expect(letter.failures.map(\.time) == letter.failures.map(\.time).sorted())
        #expect(letter.failures.first?.time == sent)
        #expect(letter.time == letter.failures.last?.time)
        #expect(letter.retryBefore == letter.envelope.map { $0.sentAt + .days(7) })
        let envelope = try #require(letter.envelope)
        #expect(try value(Try.self, from: envelope.body).note == "x")
        #expect(hand.log.entries(from: .error).count == 1)
        // What was noted between the attempts is gone.
        let troubles = try await hand.database.list(
            kind: TroubleBook.troubleKind, after: nil, limit: 10)
        #expect(troubles.isEmpty)
    }

    @Test("and then succeeds has happened once, with no error logged", arguments: [1, 2, 3, 7, 11])
    func success(failures: Int) async throws {
        let failing = Failing(times: failures)
        let hand = try await hand(failing)
        try await hand.send(Try(), id: "m")
        try await hand.drain(for: .seconds(300))
        #expect(failing.times.count == failures + 1)
        #expect(try await hand.database.read(Purse.self, "n")?.payments == [1])
        #expect(try await hand.letters().isEmpty)
        #expect(hand.log.entries(from: .error).isEmpty)
    }

    @Test("for good is given up at once")
    func permanent() async throws {
        let failing = Failing(Hopeless())
        let hand = try await hand(failing)
        try await hand.send(Try(), id: "m")
        try await hand.drain()
        #expect(failing.times.count == 1)
        let letter = try #require(try await hand.letters().first)
        #expect(letter.attempts == 1)
        #expect(letter.error.contains("Hopeless"))
    }

    @Test("for a type that nobody knows yet waits for newer code, without being tried at once")
    func unknownType() async throws {
        let hand = try await hand(Failing())
        try await hand.send(Pay(account: "a", amount: 1), id: "m")
        try await hand.drain()
        #expect(try await hand.letters().isEmpty)
        // Newer code, which knows the type, is deployed on the same queue.
        let newer = Hand(
            Handlers("failing") {
                Handle(Try.self) { _, _ in }
                Handle(Pay.self, by: \.account) { (_, purse: inout Purse, _) in
                    purse.payments.append(1)
                }
            }, clock: hand.clock, database: hand.database)
        try await newer.drain(for: .seconds(20))
        #expect(try await hand.database.read(Purse.self, "a")?.payments == [1])
    }

    @Test("for a type that nobody ever comes to know is given up, naming the type")
    func unknownTypeForEver() async throws {
        let hand = try await hand(Failing())
        try await hand.send(Pay(account: "a", amount: 1), id: "m")
        try await hand.drain(for: .seconds(300))
        let letter = try #require(try await hand.letters().first)
        #expect(letter.attempts == 4)
        #expect(letter.error.contains("unknownType"))
        #expect(letter.error.contains("Pay"))
    }

    @Test("since its bytes are no message is given up with a reason, and the others go on")
    func malformed() async throws {
        let hand = try await hand(Failing(times: 0))
        let envelope = try Envelope.outside(Try(), id: "body")
        var broken = envelope
        broken.body = Array("{}".utf8)
        try await hand.database.send([Outgoing(broken, to: "failing")])
        try await hand.send(Try(note: "good"), id: "good")
        let junk = Delivery(
            receipt: Receipt(queue: "failing", handle: "0.0"), attempt: 1, message: [9, 9])
        await hand.process().process(junk)
        try await hand.drain()
        let letters = try await hand.letters().sorted { ($0.type ?? "") < ($1.type ?? "") }
        #expect(letters.map(\.type) == [nil, "Try"])
        #expect(letters.first?.error.contains("coding version 9") == true)
        #expect(letters.first?.envelope == nil)
        #expect(letters.last?.error.contains("note") == true)
        #expect(letters.map(\.attempts) == [1, 1])
        #expect(try await hand.database.read(Purse.self, "good")?.payments == [1])
    }

    @Test("does not hold up others")
    func others() async throws {
        let handlers = Handlers("failing") {
            Handle(Try.self, by: \.note) { (message, purse: inout Purse, _) in
                if message.note == "bad" { throw Failure("bad") }
                purse.payments.append(1)
            }
        }
        let hand = Hand(handlers)
        try await hand.register()
        try await hand.send(Try(note: "bad"), id: "bad")
        for number in 0..<5 { try await hand.send(Try(note: "good"), id: "\(number)") }
        try await hand.drain()
        #expect(try await hand.database.read(Purse.self, "good")?.payments.count == 5)
    }
}
