import Testing

@testable import Pawl

@Suite("A ledger")
struct LedgerTests {
    private static let pending = Outgoing(
        EnvelopeCodingTests.full, to: "orders", notBefore: Timestamp(microseconds: 77))

    private static func time(_ day: Int) -> Timestamp {
        Timestamp(microseconds: 0) + .days(day)
    }

    private static func full() throws -> Ledger {
        var ledger = try Ledger(nil)
        let past = time(-1)
        ledger.record(MessageID("a"), .dispatched, at: time(1), forget: past)
        ledger.record(
            MessageID("b"), .pending([pending, Outgoing(EnvelopeCodingTests.bare, to: "audit")]),
            at: time(2), forget: past)
        ledger.record(MessageID("c"), .tombstone, at: time(3), forget: past)
        return ledger
    }

    private static func read(_ bytes: [UInt8]) throws -> Ledger {
        try Ledger(
            Document(
                version: Version(rawValue: "1"), content: Content(body: nil, ledger: bytes)))
    }

    @Test("is read back as it was written")
    func roundTrip() throws {
        let ledger = try Self.full()
        #expect(try Self.read(ledger.encoded()).entries == ledger.entries)
        #expect(try Self.read([]).entries.isEmpty)
    }

    @Test("has the same bytes for ever: stores hold them")
    func golden() throws {
        var ledger = try Ledger(nil)
        ledger.record(
            MessageID(high: 1, low: 2), .dispatched, at: Timestamp(microseconds: 3),
            forget: Timestamp(microseconds: 0))
        let zeros: [UInt8] = Array(repeating: 0, count: 7)
        let expected: [[UInt8]] = [
            [1], [1, 0, 0, 0], [1], zeros, [2], zeros, [3], zeros, [0],
        ]
        #expect(ledger.encoded() == Array(expected.joined()))
    }

    @Test("forgets what was done before the horizon, but nothing that is still to be sent")
    func trimming() throws {
        var ledger = try Self.full()
        ledger.record(MessageID("d"), .dispatched, at: Self.time(9), forget: Self.time(4))
        #expect(ledger[MessageID("a")] == nil)
        #expect(ledger[MessageID("c")] == nil)
        #expect(ledger.entries.map(\.id) == [MessageID("b"), MessageID("d")])
        ledger.dispatched(MessageID("b"))
        #expect(ledger[MessageID("b")] == .dispatched)
        ledger.record(MessageID("e"), .dispatched, at: Self.time(9), forget: Self.time(4))
        #expect(ledger.entries.map(\.id) == [MessageID("d"), MessageID("e")])
    }

    @Test("keeps an id until exactly the end of its time")
    func horizon() throws {
        var ledger = try Self.full()
        ledger.record(MessageID("d"), .dispatched, at: Self.time(8), forget: Self.time(1))
        #expect(ledger[MessageID("a")] == .dispatched)
        let later = Self.time(1) + .microseconds(1)
        ledger.record(MessageID("e"), .dispatched, at: Self.time(8), forget: later)
        #expect(ledger[MessageID("a")] == nil)
    }

    @Test("holds an id once")
    func once() throws {
        var ledger = try Self.full()
        ledger.record(MessageID("c"), .dispatched, at: Self.time(4), forget: Self.time(0))
        #expect(ledger.entries.map(\.id) == ["a", "b", "c"].map { MessageID($0) })
        #expect(ledger[MessageID("c")] == .dispatched)
    }

    @Test("does not come to know an id by its being sent")
    func unknownDispatched() throws {
        var ledger = try Self.full()
        ledger.dispatched(MessageID("x"))
        #expect(ledger[MessageID("x")] == nil)
    }

    @Test("that is cut off, or longer than it says, is refused")
    func cutOff() throws {
        let bytes = try Self.full().encoded()
        for count in 1..<bytes.count {
            let error = #expect(throws: PawlError.self, "after \(count) bytes") {
                try Self.read(Array(bytes[..<count]))
            }
            #expect(error?.code == .malformedDocument)
        }
        #expect(throws: PawlError.self) { try Self.read(bytes + [0]) }
        var newer = bytes
        newer[0] = 2
        #expect(throws: PawlError.self) { try Self.read(newer) }
    }

    @Test("with random damage is refused or read, never the process's end", arguments: 0..<4)
    func fuzzed(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(1000 + seed))
        let original = try Self.full().encoded()
        var refused = 0
        for _ in 0..<1000 {
            let bytes = damaged(original, using: &generator)
            do {
                let ledger = try Self.read(bytes)
                #expect(try Self.read(ledger.encoded()).entries == ledger.entries)
            } catch {
                #expect((error as? PawlError)?.code == .malformedDocument, "\(bytes)")
                refused += 1
            }
        }
        #expect(refused > 100, "seed \(seed) did too little damage")
    }
}
