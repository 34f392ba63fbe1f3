import PawlContracts
import Testing

@testable import Pawl

@Suite("A dead letter that is written anew", .timeLimit(.minutes(1)))
struct DeadLetterRaceTests {
    private func bury(_ id: MessageID, in store: MemoryDatabase, error: String) async throws {
        struct Reason: Error, CustomStringConvertible {
            let description: String
        }
        let book = TroubleBook(
            store: store, endpoint: "till", retention: nil, environment: .system)
        var trouble = Trouble()
        trouble.attempts = 1
        trouble.failures = [
            DeadLetter.Failure(Reason(description: error), at: Timestamp(microseconds: 1))
        ]
        let envelope = Envelope(
            id: id, type: "Pay", body: [], sentAt: Timestamp(microseconds: 0))
        try await book.bury(envelope.encoded(), id: id, type: "Pay", after: trouble)
    }

    @Test("is neither discarded nor removed by a retry of the one before")
    func writtenAnew() async throws {
        let database = MemoryDatabase()
        _ = try await database.register(Registration(endpoint: "till", types: ["Pay"]))
        let letters = DeadLetters(in: database)
        let id = MessageID("pay")
        try await bury(id, in: database, error: "first")
        let first = try await letters.find(id)
        try await bury(id, in: database, error: "second")
        try await letters.retry(first, over: database)
        #expect(try await letters.find(id).error == "second")
        await #expect(throws: PawlError.self) { try await letters.discard(first) }
        #expect(try await letters.find(id).error == "second")
        try await letters.discard(letters.find(id))
        #expect(try await letters.list().isEmpty)
    }

    @Test("keeps only the beginning of an error that quotes its whole input")
    func longErrors() async throws {
        let database = MemoryDatabase()
        let id = MessageID("pay")
        try await bury(id, in: database, error: String(repeating: "x", count: 1_000_000))
        #expect(try await DeadLetters(in: database).find(id).error.count == 4000)
    }
}
