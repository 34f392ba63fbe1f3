import Testing

@testable import Pawl

@Suite("An encoded envelope")
struct EnvelopeCodingTests {
    static let full = Envelope(
        id: MessageID(high: 1, low: 2), type: "Größe", body: [0, 255, 7],
        headers: ["b": "2", "a": "1"], cause: MessageID(high: 3, low: 4),
        conversation: MessageID(high: 5, low: 6), sender: "billing",
        sentAt: Timestamp(microseconds: -7))
    static let bare = Envelope(
        id: MessageID(high: 8, low: 9), type: "", body: [], sentAt: Timestamp(microseconds: 10))

    @Test("has the same bytes for ever: queues hold them")
    func golden() {
        func number(_ low: UInt8, _ size: Int) -> [UInt8] {
            [low] + Array(repeating: 0, count: size - 1)
        }
        func text(_ text: String) -> [UInt8] { number(UInt8(text.utf8.count), 4) + text.utf8 }
        let full: [[UInt8]] = [
            [1],
            number(1, 8), number(2, 8),
            number(5, 8), number(6, 8),
            [1], number(3, 8), number(4, 8),
            [249] + Array(repeating: 255, count: 7),
            text("Größe"),
            [1], text("billing"),
            number(2, 4), text("a"), text("1"), text("b"), text("2"),
            number(3, 4), [0, 255, 7],
        ]
        #expect(Self.full.encoded() == Array(full.joined()))
        let bare: [[UInt8]] = [
            [1], number(8, 8), number(9, 8), number(8, 8), number(9, 8), [0], number(10, 8),
            number(0, 4), [0], number(0, 4), number(0, 4),
        ]
        #expect(Self.bare.encoded() == Array(bare.joined()))
    }

    @Test("is read back as it was", arguments: [full, bare])
    func roundTrip(envelope: Envelope) throws {
        #expect(try Envelope(decoding: envelope.encoded()) == envelope)
    }

    @Test("is refused when it is cut off anywhere, or has something behind it")
    func cutOff() throws {
        let bytes = Self.full.encoded()
        for count in 0..<bytes.count {
            let error = #expect(throws: PawlError.self, "after \(count) bytes") {
                try Envelope(decoding: Array(bytes[..<count]))
            }
            #expect(error?.code == .malformedMessage)
        }
        let error = #expect(throws: PawlError.self) { try Envelope(decoding: bytes + [0]) }
        #expect(error?.message.contains("1 bytes too many") == true)
    }

    @Test("of a coding that is not known yet is refused, naming the coding")
    func newerCoding() throws {
        var bytes = Self.bare.encoded()
        bytes[0] = 2
        let error = #expect(throws: PawlError.self) { try Envelope(decoding: bytes) }
        #expect(error?.message.contains("coding version 2") == true)
    }

    @Test("that promises more than it has is refused without asking for memory")
    func hugeLengths() throws {
        // Every position once as the low byte of a length of four gigabytes.
        let bytes = Self.full.encoded()
        for start in 0..<bytes.count - 4 {
            var mutated = bytes
            mutated.replaceSubrange(start..<start + 4, with: [255, 255, 255, 255])
            check(mutated)
        }
    }

    @Test("with random damage is refused or read, never the process's end", arguments: 0..<8)
    func fuzzed(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let originals = [Self.full.encoded(), Self.bare.encoded()]
        var refused = 0
        for _ in 0..<1000 {
            let bytes = damaged(originals[seed % 2], using: &generator)
            if !check(bytes) { refused += 1 }
        }
        #expect(refused > 100, "seed \(seed) did too little damage")
    }

    /// Reads the bytes; if they are an envelope, it must survive the way there and back.
    @discardableResult
    private func check(_ bytes: [UInt8]) -> Bool {
        do {
            let envelope = try Envelope(decoding: bytes)
            #expect(try Envelope(decoding: envelope.encoded()) == envelope, "\(bytes)")
            return true
        } catch {
            #expect((error as? PawlError)?.code == .malformedMessage, "\(bytes)")
            return false
        }
    }
}

/// The bytes with a few random changes: flipped bits, other bytes, pieces left out or repeated.
func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: bytes.indices, using: &generator)
        let end = min(bytes.count, index + Int.random(in: 1...9, using: &generator))
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 2: bytes.removeSubrange(index..<end)
        case 3: bytes.insert(contentsOf: bytes[index..<end], at: index)
        default: bytes.removeSubrange(index...)
        }
    }
    return bytes
}
