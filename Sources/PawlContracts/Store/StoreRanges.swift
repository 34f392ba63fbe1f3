import Pawl

extension StoreContract {
    static let ranges: [Check<StoreSubject>] = [
        storeCheck("a range is read in the order of the ids' bytes") { scene in
            // U+FFFD comes after the emoji in UTF-16, and before it in UTF-8.
            let ids = [
                "b", "a", "Z", "z", "10", "9", "é", "e\u{301}", "\u{FFFD}", "🐎", "ab", "a b",
                "A", "_", "日",
            ]
            for id in ids { try await scene.put(id) }
            let expected = ids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }
            let seen = try await scene.page().map(\.key.id.bytes)
            try expect("the ids", seen, is: expected)
        },
        storeCheck("a range says where each document is and what it holds") { scene in
            var expected: [LocatedDocument] = []
            for number in 0..<5 {
                let version = try await scene.put("\(number)", number)
                let document = Document(version: version, content: .number(number))
                expected.append(
                    LocatedDocument(
                        partition: scene.partition, key: scene.key("\(number)"),
                        document: document))
            }
            try expect("the page", try await scene.page(), is: expected)
        },
        storeCheck("pages continue after the last id, without gap or overlap") { scene in
            let ids = (10..<35).map { "\($0)" }
            for id in ids { try await scene.put(id) }
            for limit in [1, 4, 5, 24, 25, 26] {
                var seen: [String] = []
                // A store that never ends its pages must not keep the check from ending.
                while seen.count <= ids.count {
                    let page = try await scene.page(after: seen.last, limit: limit)
                    seen += page.map(\.key.id)
                    try expect(page.count <= limit, "a page of \(limit) has \(page.count)")
                    if page.count < limit { break }
                }
                try expect("the ids in pages of \(limit)", seen, is: ids)
            }
        },
        storeCheck("a page may start after an id that does not exist") { scene in
            for id in ["a", "c", "e"] { try await scene.put(id) }
            let middle = try await scene.page(after: "b").map(\.key.id)
            try expect("the ids after b", middle, is: ["c", "e"])
            try await scene.committed([.delete(scene.key("c"), if: .any)])
            let rest = try await scene.page(after: "c").map(\.key.id)
            try expect("the ids after a deleted one", rest, is: ["e"])
            try expect("the ids after the last", try await scene.page(after: "e"), is: [])
            let all = try await scene.page(after: "A").map(\.key.id)
            try expect("the ids after one before the first", all, is: ["a", "e"])
        },
        storeCheck("an id and its continuations are told apart") { scene in
            let ids = ["a", "a/", "a/b", "a/b/c", "aa", "ab"].shuffled(by: scene)
            for id in ids { try await scene.put(id) }
            let after = try await scene.page(after: "a", limit: 3).map(\.key.id)
            try expect("the three ids after a", after, is: ["a/", "a/b", "a/b/c"])
        },
        storeCheck("a range holds one kind only") { scene in
            let kinds = ["", "-a", "a", "/a"].map { scene.kind + $0 }
            for (number, kind) in kinds.enumerated() {
                let key = DocumentKey(kind: kind, id: "a")
                try await scene.committed([.put(key, .number(number), if: .absent)])
            }
            for (number, kind) in kinds.enumerated() {
                let page = try await scene.store.read(
                    kind: kind, in: scene.partition, after: nil, limit: 100)
                let numbers = page.map(\.document.content.number)
                try expect("what is of kind \(kind)", numbers, is: [number])
            }
        },
        storeCheck("a kind and an id never run into each other") { scene in
            let keys = [("ab", "c"), ("a", "bc"), ("a/b", "c"), ("a", "b/c"), ("abcd", "e")]
                .map { DocumentKey(kind: scene.kind + $0, id: $1) }
            for (number, key) in keys.enumerated() {
                try await scene.committed([.put(key, .number(number), if: .absent)])
            }
            for (number, key) in keys.enumerated() {
                let document = try await scene.store.read(key, in: scene.partition)
                try expect("the number in \(key)", document?.content.number, is: number)
            }
        },
        storeCheck("partitions are separate") { scene in
            let names = ["", "/a", "a", " "].map { PartitionKey(scene.partition.name + $0) }
            for (number, partition) in names.enumerated() {
                try await scene.put("a", number, if: .absent, in: partition)
            }
            try await scene.committed([.delete(scene.key("a"), if: .any)], in: names[2])
            for (number, partition) in names.enumerated() {
                let expected = number == 2 ? nil : number
                let document = try await scene.store.read(scene.key("a"), in: partition)
                try expect("what \(partition) holds", document?.content.number, is: expected)
                let page = try await scene.store.read(
                    kind: scene.kind, in: partition, after: nil, limit: 100)
                let numbers = page.map(\.document.content.number)
                try expect("a page of \(partition)", numbers, is: expected.map { [$0] } ?? [])
            }
        },
        storeCheck("a range sees every write at once") { scene in
            for number in 0..<30 {
                try await scene.put("a", number)
                try await scene.put("b\(number)", number)
                if number > 0 {
                    try await scene.committed([.delete(scene.key("b\(number - 1)"), if: .any)])
                }
                let page = try await scene.page()
                try expect("the ids", page.map(\.key.id), is: ["a", "b\(number)"])
                let numbers = page.map(\.document.content.number)
                try expect("the numbers", numbers, is: [number, number])
            }
        },
    ]

    static let lists: [Check<StoreSubject>] = [
        storeCheck("a list goes through all partitions, then ids, by their bytes") { scene in
            let located = try await scene.spread()
            try await scene.expectList(located)
        },
        storeCheck("a list continues after its last document, without gap or overlap") { scene in
            let located = try await scene.spread()
            for limit in [1, 2, 3, 7] { try await scene.expectList(located, limit: limit) }
        },
        storeCheck("a list holds one kind only") { scene in
            try await scene.put("a")
            let other = DocumentKey(kind: scene.kind + "x", id: "b")
            try await scene.committed([.put(other, .number(1), if: .any)])
            try await scene.expectList([(scene.partition, "a")])
            let none = try await scene.store.list(
                kind: scene.kind + "none", after: nil, limit: 5)
            try expect("a kind that nothing has", none, is: [])
        },
        storeCheck("a list continues after a document that is gone") { scene in
            let located = try await scene.spread()
            try await scene.expectList(located)
            let page = try await scene.store.list(kind: scene.kind, after: nil, limit: 3)
            for document in page {
                try await scene.committed(
                    [.delete(document.key, if: .any)], in: document.partition)
            }
            try await scene.expectList(Array(located[3...]), after: page.last)
        },
    ]
}

extension StoreScene {
    /// Writes documents to several partitions.
    ///
    /// - Returns: Where they are, in the order in which a list has them.
    fileprivate func spread() async throws -> [(PartitionKey, String)] {
        let partitions = ["b", "a", "A", "é", "\u{FFFD}", "🐎", "a/"]
            .map { PartitionKey(partition.name + $0) }
        let ids = ["2", "10", "é"]
        for partition in partitions {
            for id in ids { try await put(id, in: partition) }
        }
        func inOrder(_ left: String, _ right: String) -> Bool {
            left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        return partitions.sorted { inOrder($0.name, $1.name) }
            .flatMap { partition in ids.sorted(by: inOrder).map { (partition, $0) } }
    }

    /// Expects a list to hold exactly these, at the latest when some seconds have passed.
    fileprivate func expectList(
        _ expected: [(PartitionKey, String)], after start: LocatedDocument? = nil,
        limit: Int = 100
    ) async throws {
        let expected = expected.map { [$0.name.bytes, $1.bytes] }
        var seen: [[[UInt8]]] = []
        for _ in 0..<20 {
            seen = []
            var last = start
            while seen.count <= expected.count {
                try Task.checkCancellation()
                let page = try await store.list(kind: kind, after: last, limit: limit)
                try expect(page.count <= limit, "a page of \(limit) has \(page.count) documents")
                if page.isEmpty { break }
                last = page.last
                seen += page.map { [$0.partition.name.bytes, $0.key.id.bytes] }
            }
            if seen == expected { return }
            await subject.advance?(.milliseconds(500))
        }
        func text(_ places: [[[UInt8]]]) -> [String] {
            places.map { $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") }
        }
        throw ContractViolation(
            "a list in pages of \(limit): expected \(text(expected)), saw \(text(seen))")
    }
}

extension [String] {
    /// The same texts in an order that the subject's seed decides.
    fileprivate func shuffled(by scene: StoreScene) -> [String] {
        map { ($0, scene.subject.environment.random()) }.sorted { $0.1 < $1.1 }.map(\.0)
    }
}
