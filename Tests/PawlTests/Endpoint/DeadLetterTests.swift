import PawlCheck
import PawlContracts
import Testing

@testable import Pawl

@Suite("A dead letter", .timeLimit(.minutes(1)))
struct DeadLetterTests {
    /// An endpoint that has given up one message, and is in good health now.
    private func hand(after failures: Int = 12) async throws -> (Hand, DeadLetter) {
        let failing = Failing(times: failures)
        let retries = RetryPolicy(immediate: 2, delayed: 3)
        let hand = Hand(failing.handlers, options: EndpointOptions(retries: retries))
        try await hand.register()
        try await hand.send(Try(), id: "m")
        try await hand.drain(for: .seconds(100))
        return (hand, try #require(try await hand.letters().first))
    }

    private func open(_ hand: Hand) -> DeadLetters {
        DeadLetters(in: hand.database, environment: hand.clock.environment)
    }

    @Test("is found by its id, and retried with it")
    func retry() async throws {
        let (hand, _) = try await hand()
        let letter = try await open(hand).find(MessageID("m"))
        try await open(hand).retry(letter, over: hand.database)
        #expect(try await hand.letters().isEmpty)
        try await hand.drain()
        #expect(try await hand.database.read(Purse.self, "n")?.payments == [1])
        // A copy that comes now is a duplicate.
        try await hand.send(Try(), id: "m")
        try await hand.drain()
        #expect(try await hand.database.read(Purse.self, "n")?.payments == [1])
    }

    @Test("that fails again is a dead letter again, after as many attempts")
    func failsAgain() async throws {
        let (hand, letter) = try await hand(after: 24)
        try await open(hand).retry(letter, over: hand.database)
        try await hand.drain(for: .seconds(100))
        #expect(try await hand.letters().map(\.attempts) == [12])
    }

    @Test("older than what the endpoint remembers is not retried unless that is forced")
    func tooOld() async throws {
        let (hand, letter) = try await hand()
        // A copy may have been processed, and be forgotten, from the sending on.
        let sent = try #require(letter.envelope?.sentAt)
        await hand.clock.advance(by: .days(7) - (hand.clock.now - sent))
        try await open(hand).retry(letter, over: hand.database)
        let (other, old) = try await self.hand()
        await other.clock.advance(by: .days(7))
        let error = await #expect(throws: PawlError.self) {
            try await open(other).retry(old, over: other.database)
        }
        #expect(error?.code == .deadLetterTooOld)
        #expect(try await other.letters().count == 1)
        try await open(other).retry(old, over: other.database, force: true)
        #expect(try await other.letters().isEmpty)
    }

    @Test("is gone when it is discarded")
    func discard() async throws {
        let (hand, letter) = try await hand()
        try await open(hand).discard(letter)
        let error = await #expect(throws: PawlError.self) {
            try await open(hand).find(letter.id)
        }
        #expect(error?.code == .noSuchDeadLetter)
        try await hand.drain()
        #expect(try await hand.database.read(Purse.self, "n") == nil)
    }

    @Test("takes its token and its body with it when it is discarded, and has no date of expiry")
    func token() async throws {
        let book = TroubleBook(
            store: database, endpoint: "a", retention: .days(7), environment: clock.environment)
        let token = Token(ofSenderOf: "m")
        let tokens = MemoryStore()
        let blobs = StoreBlobs(in: tokens)
        try await token.make(in: tokens)
        try await blobs.put([1], as: "sender-0")
        let message = Envelope(
            id: MessageID("m"), type: "Try", body: [],
            headers: [Token.header: token.description, ClaimCheck.header: "sender-0"],
            sentAt: clock.now)
        try await book.bury(
            message.encoded(), id: message.id, type: message.type, after: Trouble())
        let letters = DeadLetters(
            in: database, tokens: tokens, blobs: blobs, environment: clock.environment)
        let letter = try await letters.find(message.id)
        // As long as the token is there it was not processed.
        #expect(letter.retryBefore == nil)
        #expect(try await tokens.countTokens() == 1)
        try await letters.discard(letter)
        #expect(try await tokens.countTokens() == 0)
        #expect(try await blobs.get("sender-0") == nil)
    }

    @Test("of bytes that are no message can't be retried, and stays")
    func unreadable() async throws {
        let (hand, _) = try await hand()
        let junk = Delivery(
            receipt: Receipt(queue: "failing", handle: "0.0"), attempt: 1, message: [9, 9])
        await hand.process().process(junk)
        let letter = try #require(try await hand.letters().first { $0.type == nil })
        let error = await #expect(throws: PawlError.self) {
            try await open(hand).retry(letter, over: hand.database)
        }
        #expect(error?.code == .malformedMessage)
        #expect(try await hand.letters().count == 2)
    }

    @Test("is listed by endpoint, in order, all pages of them")
    func list() async throws {
        let book = { (endpoint: String) in
            TroubleBook(
                store: database, endpoint: endpoint, retention: nil,
                environment: clock.environment)
        }
        for number in 0..<120 {
            try await book("a").bury([], id: MessageID("\(number)"), type: nil, after: Trouble())
            try await book("b").bury([], id: MessageID("\(number)"), type: nil, after: Trouble())
        }
        let letters = DeadLetters(in: database, environment: clock.environment)
        let all = try await letters.list()
        #expect(all.count == 240)
        #expect(Set(all.map { "\($0.endpoint)\($0.id)" }).count == 240)
        #expect(try await letters.list(endpoint: "b").count == 120)
        #expect(try await letters.list(endpoint: "b", limit: 110).count == 110)
        let ambiguous = await #expect(throws: PawlError.self) {
            try await letters.find(MessageID("7"))
        }
        #expect(ambiguous?.message.contains("a and b") == true)
        #expect(try await letters.find(MessageID("7"), endpoint: "b").endpoint == "b")
    }

    private let clock = ManualClock()
    private let database = MemoryDatabase()
}
