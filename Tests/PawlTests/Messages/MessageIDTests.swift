import Testing

@testable import Pawl

@Suite("A message's id")
struct MessageIDTests {
    @Test("that follows from a name never changes: stores and queues hold it")
    func goldenNames() {
        #expect(MessageID("submit-cart-42").description == "d58616240ddd44fe947cbbb3328ac8d6")
        #expect(MessageID("").description == "e3b0c44298fc1c149afbf4c8996fb924")
    }

    @Test("that follows from its cause never changes")
    func goldenDerivation() {
        let cause = MessageID(high: 1, low: 2)
        let id = MessageID(cause: cause, endpoint: "billing", ordinal: 3, destination: "orders")
        #expect(id.description == "8a65398ec5b97a7042169b6e91627e9a")
    }

    @Test("depends on cause, endpoint, ordinal and destination, wherever one ends")
    func derivationIsInjective() {
        let one = MessageID(high: 0, low: 1)
        let ids = [
            MessageID(cause: one, endpoint: "ab", ordinal: 0, destination: "c"),
            MessageID(cause: one, endpoint: "a", ordinal: 0, destination: "bc"),
            MessageID(cause: one, endpoint: "ab", ordinal: 1, destination: "c"),
            MessageID(cause: one, endpoint: "ab", ordinal: 0, destination: "d"),
            MessageID(
                cause: MessageID(high: 1, low: 0), endpoint: "ab", ordinal: 0, destination: "c"),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test("is written as 32 digits and read back", arguments: [0, 1, 0xFF, UInt64.max])
    func hexadecimal(half: UInt64) throws {
        let id = MessageID(high: half, low: ~half)
        #expect(id.description.utf8.count == 32)
        #expect(MessageID(hexadecimal: id.description) == id)
        #expect(MessageID(hexadecimal: id.description.uppercased()) == id)
        #expect(try value([MessageID].self, from: json([id])) == [id])
    }

    @Test(
        "is not read from anything but 32 digits",
        arguments: [
            "", "0", "+0000000000000000000000000000001", "-0000000000000000000000000000001",
            "0000000000000000000000000000000g", "000000000000000000000000000000000",
            "0x000000000000000000000000000000", "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠",
        ])
    func notHexadecimal(text: String) throws {
        #expect(MessageID(hexadecimal: text) == nil)
        #expect(throws: DecodingError.self) { try value([MessageID].self, from: json([text])) }
    }

    @Test("has its bytes in the order of its digits, and ids are ordered likewise")
    func bytes() {
        let small = MessageID(high: 1, low: .max)
        let large = MessageID(high: 2, low: 0)
        #expect(small.bytes == [0, 0, 0, 0, 0, 0, 0, 1] + Array(repeating: 0xFF, count: 8))
        #expect(small < large)
        #expect(small.bytes.lexicographicallyPrecedes(large.bytes))
        #expect(small.description < large.description)
    }
}
