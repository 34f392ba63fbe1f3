@testable import Pawl
import Testing

@Suite("values sorted by name")
struct MemorySortedTests {
    @Test("names come in order, without those that are gone, however often they change")
    func order() {
        var sorted = MemorySorted<Int>()
        var expected: [String: Int] = [:]
        var state: UInt64 = 1
        for step in 0..<5_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let name = String((state >> 33) % 300)
            let isRemoved = (state >> 20).isMultiple(of: 3)
            expected[name] = isRemoved ? nil : step
            sorted.update(ExactText(name)) { $0 = isRemoved ? nil : step }
            guard step.isMultiple(of: 97) else { continue }
            let seen = sorted.names(after: nil).map(\.text).filter { expected[$0] != nil }
            #expect(seen == expected.keys.sorted())
            let after = sorted.names(after: ExactText("15")).map(\.text)
            #expect(after.filter { expected[$0] != nil } == seen.filter { $0 > "15" })
            for (name, value) in expected { #expect(sorted[ExactText(name)] == value) }
        }
    }

    @Test("documents in memory forget what has expired, and only that")
    func dropExpired() {
        var documents = MemoryDocuments()
        let now = Timestamp(microseconds: 1_000_000)
        for number in 0..<10 {
            let expires = number < 5 ? now + .seconds(number) : nil
            let key = DocumentKey(kind: "Token", id: "\(number)")
            let content = Content(body: nil, expires: expires)
            _ = documents.write([.put(key, content, if: .any)], in: "a", at: now)
        }
        documents.dropExpired(at: now + .seconds(2))
        // Looked at with the clock of before: what was dropped is gone from memory.
        let left = documents.read(
            kind: "Token", in: "a", after: nil, limit: 100, at: now - .seconds(9))
        #expect(left.map(\.key.id) == ["3", "4", "5", "6", "7", "8", "9"])
    }
}
