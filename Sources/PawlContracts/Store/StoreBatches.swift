import Pawl

extension StoreContract {
    static let batches: [Check<StoreSubject>] = [
        storeCheck("a batch writes all its documents and says their versions in order") { scene in
            let ids = ["b", "c", "a"]
            let versions = try await scene.committed(
                ids.enumerated().map { .put(scene.key($1), .number($0), if: .absent) })
            for (number, id) in ids.enumerated() {
                let document = try await scene.read(id).required("the document \(id)")
                try expect("the number in \(id)", document.content.number, is: number)
                try expect("the version of \(id)", document.version, is: versions[number])
            }
        },
        storeCheck("a batch may create, replace and delete at once") { scene in
            let old = try await scene.put("old", 1)
            let gone = try await scene.put("gone", 1)
            let versions = try await scene.committed([
                .delete(scene.key("gone"), if: .version(gone)),
                .put(scene.key("new"), .number(2), if: .absent),
                .put(scene.key("old"), .number(3), if: .version(old)),
            ])
            try expect("the deletion's version", versions[0], is: nil)
            try expect("the deleted document", try await scene.read("gone"), is: nil)
            try expect("the new document", try await scene.number("new"), is: 2)
            try expect("the replaced document", try await scene.number("old"), is: 3)
        },
        storeCheck("a batch may mix kinds") { scene in
            let other = DocumentKey(kind: scene.kind + "-other", id: "a")
            try await scene.committed([
                .put(scene.key("a"), .number(1), if: .absent),
                .put(other, .number(2), if: .absent),
            ])
            let document = try await scene.store.read(other, in: scene.partition)
            try expect("the first kind", try await scene.number("a"), is: 1)
            try expect("the second kind", document?.content.number, is: 2)
        },
        storeCheck("one failing condition of a batch leaves nothing, wherever it stands") { scene in
            // A version means something only for the document that it is of.
            let old = try await scene.put("present", 2)
            let current = try await scene.put("changed", 2)
            let good: [Write] = [
                .put(scene.key("new"), .number(9), if: .absent),
                .put(scene.key("any"), .number(9), if: .any),
                .put(scene.key("changed"), .number(9), if: .version(current)),
            ]
            let present = try await scene.put("present", 3)
            let bad: [Write] = [
                .put(scene.key("present"), .number(9), if: .absent),
                .put(scene.key("present"), .number(9), if: .version(old)),
                .put(scene.key("missing"), .number(9), if: .version(old)),
                .delete(scene.key("present"), if: .version(old)),
                .delete(scene.key("present"), if: .absent),
                .delete(scene.key("missing"), if: .version(old)),
            ]
            for failing in bad {
                for place in 0...good.count {
                    var writes = good
                    writes.insert(failing, at: place)
                    try await scene.expectConflict(
                        writes, "a batch with \(failing) at place \(place)")
                }
            }
            let page = try await scene.page()
            try expect("the ids", page.map(\.key.id), is: ["changed", "present"])
            try expect("the versions", page.map(\.document.version), is: [current, present])
        },
        storeCheck("a deletion in a failing batch deletes nothing") { scene in
            try await scene.put("a", 1)
            try await scene.put("b", 2)
            try await scene.expectConflict(
                [
                    .delete(scene.key("a"), if: .any),
                    .put(scene.key("b"), .number(3), if: .absent),
                ], "a batch with a failing put")
            try expect("the number in a", try await scene.number("a"), is: 1)
        },
    ]

    static let limits: [Check<StoreSubject>] = [
        storeCheck("the largest batch is written", requires: [.reachableLimits]) { scene in
            let count = scene.store.limits.largestBatch
            try await scene.committed(
                (0..<count).map { .put(scene.key("\($0)"), .number($0), if: .absent) })
            for number in [0, count / 2, count - 1] {
                try expect("a number", try await scene.number("\(number)"), is: number)
            }
        },
        storeCheck("a batch that is too large can never happen", requires: [.reachableLimits]) {
            scene in
            let count = scene.store.limits.largestBatch + 1
            try await expectImpossible("a batch of \(count) writes") {
                _ = try await scene.store.write(
                    (0..<count).map { .put(scene.key("\($0)"), .number($0), if: .absent) },
                    in: scene.partition)
            }
            try expect("what was written", try await scene.page(), is: [])
        },
        storeCheck("the largest document is written", requires: [.reachableLimits]) { scene in
            let content = Content(
                body: "{}".bytes,
                ledger: Array(repeating: 0, count: scene.store.limits.largestDocument - 2))
            try await scene.committed([.put(scene.key("a"), content, if: .absent)])
            let size = try await scene.read("a")?.content.size
            try expect("the size", size, is: scene.store.limits.largestDocument)
        },
        storeCheck("a document that is too large can never happen", requires: [.reachableLimits]) {
            scene in
            let version = try await scene.put("a", 1)
            let large = Content(
                body: "{}".bytes,
                ledger: Array(repeating: 0, count: scene.store.limits.largestDocument - 1))
            try await expectImpossible("a document of \(large.size) bytes") {
                _ = try await scene.store.write(
                    [
                        .put(scene.key("b"), .number(2), if: .absent),
                        .put(scene.key("a"), large, if: .any),
                    ], in: scene.partition)
            }
            try expect("the version", try await scene.read("a")?.version, is: version)
            try expect("what was written beside", try await scene.read("b"), is: nil)
        },
    ]
}
