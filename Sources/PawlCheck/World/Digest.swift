/// A hash of 128 bits over what is mixed into it, in order.
///
/// States are told apart by their digests alone, so a weak one would merge different states and
/// prove nothing: at 128 well-mixed bits, two of a billion states share one with a chance of about
/// one in 10²⁰. The folded multiplication is that of wyhash (Wang Yi, public domain).
package struct Digest: Hashable, Sendable {
    private(set) var high: UInt64 = 0x243F_6A88_85A3_08D3
    private(set) var low: UInt64 = 0x1319_8A2E_0370_7344

    package init() {}

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    mutating func mix(_ value: UInt64) {
        let mixed = Self.fold(high ^ value, 0x9E37_79B9_7F4A_7C15) &+ low
        low = Self.fold(low &+ value ^ 0xA409_3822_299F_31D0, 0xE703_7ED1_A0B4_28DB) ^ high
        high = mixed
    }

    mutating func mix(_ value: Int) {
        mix(UInt64(bitPattern: Int64(value)))
    }

    mutating func mix(_ digest: Digest) {
        mix(digest.high)
        mix(digest.low)
    }

    mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        mix(UInt64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        guard offset < bytes.count else { return }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        mix(rest)
    }

    mutating func mix(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { mix($0) }
    }

    mutating func mix(_ text: String) {
        var text = text
        text.withUTF8 { mix(UnsafeRawBufferPointer($0)) }
    }

    /// The digest with its last values mixed through, fit to be added to others.
    var finished: Digest {
        var digest = self
        digest.mix(0x082E_FA98_EC4E_6C89 as UInt64)
        digest.mix(0x4528_21E6_38D0_1377 as UInt64)
        return digest
    }

    /// Combines digests whose order does not matter, but their number does. Both have to be
    /// ``finished``.
    static func &+= (left: inout Digest, right: Digest) {
        left.high &+= right.high
        left.low &+= right.low
    }

    /// The sum of no digests.
    static let zero: Digest = {
        var digest = Digest()
        digest.high = 0
        digest.low = 0
        return digest
    }()

    /// Some bits of it, for a name.
    var short: UInt64 { high ^ low }
}
