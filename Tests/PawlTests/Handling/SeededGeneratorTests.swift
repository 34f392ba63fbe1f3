import Pawl
import Testing

@Suite("The seeded generator")
struct SeededGeneratorTests {
    @Test(
        "gives the numbers of SplitMix64 for ever: handlers draw from them",
        arguments: [
            (0, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]),
            (1, [0x910A_2DEC_8902_5CC1, 0xBEEB_8DA1_658E_EC67, 0xF893_A2EE_FB32_555E]),
        ] as [(UInt64, [UInt64])])
    func golden(seed: UInt64, numbers: [UInt64]) {
        var generator = SeededGenerator(seed: seed)
        #expect((0..<3).map { _ in generator.next() } == numbers)
    }
}
