import Testing

@testable import Pawl

/// Something that a message does to a value: with the message's id, and nothing else that could
/// differ from copy to copy.
struct Operation<Value: Sendable>: Sendable {
    let name: String
    let apply: @Sendable (inout Value) throws -> Void
}

extension MessageID {
    fileprivate init(number: Int) {
        self.init("message \(number)")
    }
}

@Suite("State in which applying twice is applying once")
struct ConvergentTests {
    static let seeds: [UInt64] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]

    /// Draws operations, each of a message of its own.
    private func draw<Value>(
        _ generator: inout SeededGenerator,
        _ operation: (_ message: Int, inout SeededGenerator) -> Operation<Value>
    ) -> [Operation<Value>] {
        (0..<Int.random(in: 1...12, using: &generator)).map { operation($0, &generator) }
    }

    /// The same operations with copies of them put in, each somewhere after the first one.
    private func withCopies<Value>(
        _ operations: [Operation<Value>], _ generator: inout SeededGenerator
    ) -> [Operation<Value>] {
        var all = operations
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            let place = Int.random(in: 0..<all.count, using: &generator)
            let later = Int.random(in: place + 1...all.count, using: &generator)
            all.insert(all[place], at: later)
        }
        return all
    }

    private func value<Value>(
        _ empty: Value, after operations: [Operation<Value>]
    ) throws -> Value {
        var value = empty
        for operation in operations { try operation.apply(&value) }
        return value
    }

    /// Copies change nothing, wherever they come; if promised, neither does the order; and what is
    /// written is read as the same value and written as the same bytes.
    private func expectLaws<Value: Codable & Hashable & Sendable>(
        _ seed: UInt64, of empty: Value, commuting: Bool = true,
        _ operation: (_ message: Int, inout SeededGenerator) -> Operation<Value>
    ) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let operations = draw(&generator, operation)
            let once = try value(empty, after: operations)
            let copies = withCopies(operations, &generator)
            let names = copies.map(\.name)
            #expect(try value(empty, after: copies) == once, "seed \(seed): \(names)")
            if commuting {
                let others = copies.shuffled(using: &generator)
                #expect(try value(empty, after: others) == once, "seed \(seed): \(names)")
            }
            let bytes = try JSON.encode(once)
            #expect(try JSON.decode(Value.self, from: bytes) == once)
            // Another set with the same elements has them in another order in memory.
            let again = try JSON.decode(Value.self, from: bytes)
            #expect(try JSON.encode(again) == bytes)
        }
    }

    private static func word(_ generator: inout SeededGenerator) -> String {
        ["a", "b", "c"][Int.random(in: 0..<3, using: &generator)]
    }

    @Test("grow-only sets", arguments: seeds)
    func growOnlySet(seed: UInt64) throws {
        try expectLaws(seed, of: GrowOnlySet<String>()) { _, generator in
            let word = Self.word(&generator)
            return Operation(name: "insert \(word)") { $0.insert(word) }
        }
    }

    @Test("observed-remove sets, whatever the messages remove", arguments: seeds)
    func observedRemoveSet(seed: UInt64) throws {
        try expectLaws(seed, of: ObservedRemoveSet<String>(), commuting: false) {
            number, generator in
            let (word, id) = (Self.word(&generator), MessageID(number: number))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return Operation(name: "remove \(word)") { $0.remove(word, by: id) }
            case 1:
                let other = Self.word(&generator)
                return Operation(name: "\(other) for \(word)") { set in
                    set.remove(word, by: id)
                    set.add(other, by: id)
                }
            default: return Operation(name: "add \(word)") { $0.add(word, by: id) }
            }
        }
    }

    @Test("observed-remove sets in any order, if a removal says what it removes", arguments: seeds)
    func observedRemoveSetByTags(seed: UInt64) throws {
        try expectLaws(seed, of: ObservedRemoveSet<String>()) { number, generator in
            let (word, id) = (Self.word(&generator), MessageID(number: number))
            guard Bool.random(using: &generator) else {
                return Operation(name: "add \(word)") { $0.add(word, by: id) }
            }
            // Of messages that may have come, are still to come, or have added something else.
            let tags = (0..<3).map { _ in
                MessageID(number: Int.random(in: 0..<12, using: &generator))
            }
            return Operation(name: "remove \(word) of \(tags)") { $0.remove(word, tags: tags) }
        }
    }

    @Test("last-writer registers", arguments: seeds)
    func lastWriterRegister(seed: UInt64) throws {
        try expectLaws(seed, of: LastWriterRegister("")) { number, generator in
            let word = Self.word(&generator)
            let time = Timestamp(microseconds: Int64.random(in: 0..<4, using: &generator))
            return Operation(name: "\(word) at \(time)") {
                $0.assign(word, at: time, by: MessageID(number: number))
            }
        }
    }

    @Test("max registers", arguments: seeds)
    func maxRegister(seed: UInt64) throws {
        try expectLaws(seed, of: MaxRegister(0)) { _, generator in
            let number = Int.random(in: -5...5, using: &generator)
            return Operation(name: "\(number)") { $0.raise(to: number) }
        }
    }

    @Test("counters keyed by message", arguments: seeds)
    func messageCounter(seed: UInt64) throws {
        try expectLaws(seed, of: MessageCounter()) { number, generator in
            let amount = Int.random(in: -5...5, using: &generator)
            return Operation(name: "\(amount)") {
                try $0.add(amount, by: MessageID(number: number))
            }
        }
    }

    @Test("facts", arguments: seeds)
    func facts(seed: UInt64) throws {
        try expectLaws(seed, of: Facts<Int, String>()) { _, generator in
            let id = Int.random(in: 0..<5, using: &generator)
            return Operation(name: "\(id)") { try $0.record("fact \(id)", as: id) }
        }
    }

    // MARK: What they say

    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }

    @Test("a late copy of an add brings nothing back, and another add does")
    func trap() throws {
        var set = ObservedRemoveSet<String>()
        let (first, removal, second) = (
            MessageID("first"), MessageID("removal"), MessageID("second")
        )
        set.add("book", by: first)
        #expect(set.elements == ["book"] && set.tags(of: "book") == [first])
        set.remove("book", by: removal)
        set.add("book", by: first)
        #expect(set.isEmpty && !set.contains("book"))
        set.add("book", by: second)
        set.remove("book", by: removal)
        #expect(set.contains("book") && set.count == 1)
        #expect(
            try text(set)
                == #"[{"added":["\#(second)"],"element":"book","removals":["\#(removal)"],"#
                + #""removed":["\#(first)"]}]"#)
    }

    @Test("a removal of what has not come yet is kept for it")
    func removalFirst() {
        var set = ObservedRemoveSet<String>()
        let (first, second) = (MessageID("first"), MessageID("second"))
        set.remove("book", tags: [first])
        set.add("book", by: first)
        #expect(set.isEmpty)
        set.add("book", by: second)
        #expect(set.elements == ["book"])
    }

    @Test("what a set remembers can be forgotten, and no more than that")
    func forgetting() throws {
        var set = ObservedRemoveSet<String>()
        let (first, removal, second) = (
            MessageID("first"), MessageID("removal"), MessageID("second")
        )
        set.add("book", by: first)
        set.add("pen", by: second)
        set.remove("book", by: removal)
        #expect(set.remembered == [first, removal].sorted())
        set.forget([first, removal, second])
        #expect(set.remembered.isEmpty && set.elements == ["pen"])
        #expect(try text(set) == #"[{"added":["\#(second)"],"element":"pen"}]"#)
        // It is as if it had never been, which is what the caller has promised nobody will see.
        set.add("book", by: first)
        #expect(set.elements == ["book", "pen"])
    }

    @Test("are written as one would write them by hand")
    func readable() throws {
        #expect(try text(GrowOnlySet(["b", "a"])) == #"["a","b"]"#)
        #expect(try text(MaxRegister([1: 2].count)) == "1")
        var counter = MessageCounter()
        let id = MessageID("m")
        try counter.add(5, by: id)
        #expect(try text(counter) == #"{"\#(id)":5}"#)
        #expect(counter.total == 5 && counter.count == 1)
        var facts = Facts<String, Int>()
        try facts.record(2, as: "b")
        try facts.record(1, as: "a")
        #expect(try text(facts) == #"[{"fact":1,"id":"a"},{"fact":2,"id":"b"}]"#)
        #expect(facts["a"] == 1 && facts["c"] == nil && facts.ids == ["a", "b"])
        #expect(facts.all == [1, 2] && facts.count == 2 && !facts.isEmpty)
        var register = LastWriterRegister("x")
        #expect(try text(register) == #"{"value":"x"}"#)
        register.assign("y", at: Timestamp(microseconds: 7), by: id)
        #expect(try text(register) == #"{"time":7,"value":"y","writer":"\#(id)"}"#)
    }

    @Test("two facts under one id, and two amounts of one message, are errors that say so")
    func contradictions() throws {
        var facts = Facts<String, Int>()
        try facts.record(1, as: "a")
        let fact = #expect(throws: PawlError.self) { try facts.record(2, as: "a") }
        #expect(fact?.code == .contradiction)
        #expect(
            fact?.message.contains("2 can't be recorded as a: under that id there is 1") == true)
        #expect(facts["a"] == 1)
        var counter = MessageCounter()
        let id = MessageID("m")
        try counter.add(1, by: id)
        let amount = #expect(throws: PawlError.self) { try counter.add(2, by: id) }
        #expect(amount?.code == .contradiction)
        #expect(amount?.message.contains("Message \(id) can't add 2: it has added 1") == true)
        #expect(counter.total == 1)
    }

    @Test("of several values of one message the last one counts, in every attempt")
    func severalValues() {
        var register = LastWriterRegister("")
        let (time, id) = (Timestamp(microseconds: 1), MessageID("m"))
        for _ in 0..<2 {
            register.assign("first", at: time, by: id)
            register.assign("last", at: time, by: id)
            #expect(register.value == "last")
        }
    }

    @Test("a document that was written before a property was there is laid over its default")
    func evolution() throws {
        struct Grown: Entity {
            var name = ""
            var tags = GrowOnlySet<String>()
            var items = ObservedRemoveSet<String>()
            var highest = MaxRegister(0)
        }
        let key = DocumentKey(kind: "Grown", id: "1")
        let grown = try Grown(storedAs: Array(#"{"name":"x"}"#.utf8), at: key)
        #expect(grown.name == "x" && grown.tags.isEmpty && grown.highest.value == 0)
    }
}
