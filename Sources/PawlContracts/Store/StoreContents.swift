import Pawl

extension StoreContract {
    static let contents: [Check<StoreSubject>] = [
        storeCheck("a document that was never written is absent") { scene in
            try expect("a document never written", try await scene.read("a"), is: nil)
            try expect("a page of nothing", try await scene.page(), is: [])
        },
        storeCheck("a document reads back as it was written") { scene in
            let expires = scene.now + .days(1) + .microseconds(1)
            let content = Content(
                body: #"{"name":"Jürgen 🐎","text":"a\"b\\c\u0000\n"}"#.bytes,
                ledger: [1, 2, 3], expires: expires)
            let versions = try await scene.committed([.put(scene.key("a"), content, if: .absent)])
            let document = try await scene.read("a").required("the document just written")
            try expect("the content", document.content, is: content)
            try expect("the version", document.version, is: versions[0])
        },
        storeCheck("every byte value survives in a ledger") { scene in
            let ledger = (0...255).map { UInt8($0) } + [0, 0, 255, 0]
            let content = Content(body: "{}".bytes, ledger: ledger)
            try await scene.committed([.put(scene.key("a"), content, if: .absent)])
            try expect("the ledger", try await scene.read("a")?.content.ledger, is: ledger)
        },
        storeCheck("a document without state is not a document whose state is null") { scene in
            let none = Content(body: nil, ledger: [7])
            let null = Content(body: "null".bytes)
            try await scene.committed([
                .put(scene.key("none"), none, if: .absent),
                .put(scene.key("null"), null, if: .absent),
            ])
            try expect("a body of nil", try await scene.read("none")?.content, is: none)
            try expect("a body of null", try await scene.read("null")?.content, is: null)
        },
        storeCheck("a document with neither state nor ledger exists") { scene in
            let empty = Content(body: nil)
            try await scene.committed([.put(scene.key("a"), empty, if: .absent)])
            try expect("the content", try await scene.read("a")?.content, is: empty)
            try await scene.expectConflict(
                [.put(scene.key("a"), empty, if: .absent)], "a put if absent over it")
        },
        storeCheck("a put replaces everything that was there") { scene in
            let first = Content(
                body: "1".bytes, ledger: [1], expires: scene.now + .days(1))
            try await scene.committed([.put(scene.key("a"), first, if: .absent)])
            let second = Content(body: nil, ledger: [])
            try await scene.committed([.put(scene.key("a"), second, if: .any)])
            try expect("the content", try await scene.read("a")?.content, is: second)
        },
        storeCheck("a large document survives") { scene in
            let size = min(300_000, scene.store.limits.largestDocument / 2)
            let body = [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "x"), count: size - 2)
            let ledger = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            let content = Content(body: body + [UInt8(ascii: "\"")], ledger: ledger)
            try await scene.committed([.put(scene.key("a"), content, if: .absent)])
            let isSame = try await scene.read("a")?.content == content
            try expect(isSame, "\(content.size) bytes did not come back as they were written")
        },
        storeCheck("any text is an id, a kind and a partition") { scene in
            let texts = [
                "it's", "a \"quote\"", "line\nbreak", "🐎👩‍🚀", "100%_", "back\\slash", "a/b//c",
                " space ", "tab\t", "{}[];--", "日本語", "?:@#$&", "\u{7f}\u{1}",
            ]
            for (number, text) in texts.enumerated() {
                let key = DocumentKey(kind: scene.kind + text, id: text)
                let partition = PartitionKey(scene.partition.name + text)
                try await scene.committed([.put(key, .number(number), if: .absent)], in: partition)
            }
            for (number, text) in texts.enumerated() {
                let kind = scene.kind + text
                let partition = PartitionKey(scene.partition.name + text)
                let page = try await scene.store.read(
                    kind: kind, in: partition, after: nil, limit: 9)
                try expect("the ids beside \(text)", page.map(\.key.id.bytes), is: [text.bytes])
                let document = try await scene.store.read(
                    DocumentKey(kind: kind, id: text), in: partition)
                try expect("the document \(text)", document?.content.number, is: number)
            }
        },
        storeCheck("ids that only look alike are different ids") { scene in
            let ids = [
                "e\u{301}", "\u{e9}", "E\u{301}", "a", "A", "a ", " a", "ss", "ß", "ﬁ", "fi",
            ]
            for (number, id) in ids.enumerated() {
                try await scene.put(id, number, if: .absent)
            }
            for (number, id) in ids.enumerated() {
                try expect("the document \(id.bytes)", try await scene.number(id), is: number)
            }
            try expect("the number of documents", try await scene.page().count, is: ids.count)
        },
    ]
}
