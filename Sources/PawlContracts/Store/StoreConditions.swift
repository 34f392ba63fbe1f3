import Pawl

extension StoreContract {
    static let conditions: [Check<StoreSubject>] = [
        storeCheck("a put if absent creates a document once") { scene in
            let version = try await scene.put("a", 1, if: .absent)
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(2), if: .absent)], "the second put if absent")
            try expect("the number", try await scene.number("a"), is: 1)
            try expect("the version", try await scene.read("a")?.version, is: version)
        },
        storeCheck("a put at the document's version replaces it") { scene in
            let first = try await scene.put("a", 1, if: .absent)
            let second = try await scene.put("a", 2, if: .version(first))
            try expect("the number", try await scene.number("a"), is: 2)
            try expect("the version", try await scene.read("a")?.version, is: second)
        },
        storeCheck("a put at a past version is a conflict and changes nothing") { scene in
            let first = try await scene.put("a", 1, if: .absent)
            let second = try await scene.put("a", 2, if: .version(first))
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(3), if: .version(first))], "a put at a past version")
            try expect("the number", try await scene.number("a"), is: 2)
            try expect("the version", try await scene.read("a")?.version, is: second)
        },
        storeCheck("a put at a version of an absent document is a conflict") { scene in
            let version = try await scene.put("other", 1)
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(3), if: .version(version))],
                "a put at another document's version")
            try expect("the document", try await scene.read("a"), is: nil)
        },
        storeCheck("a put at another document's version is a conflict") { scene in
            let other = try await scene.put("other", 1)
            try await scene.put("a", 2)
            try await scene.put("a", 3)
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(4), if: .version(other))],
                "a put at another document's version")
            try expect("the number", try await scene.number("a"), is: 3)
        },
        storeCheck("a put under any condition creates and replaces") { scene in
            let first = try await scene.put("a", 1, if: .any)
            try expect("the number created", try await scene.number("a"), is: 1)
            let second = try await scene.put("a", 2, if: .any)
            try expect("the number replaced", try await scene.number("a"), is: 2)
            try expect(first != second, "both writes have the version \(first.rawValue)")
        },
        storeCheck("a deletion at the document's version removes it") { scene in
            let version = try await scene.put("a")
            let versions = try await scene.committed([
                .delete(scene.key("a"), if: .version(version))
            ])
            try expect("the version of a deletion", versions, is: [nil])
            try expect("the document", try await scene.read("a"), is: nil)
            try expect("the page", try await scene.page(), is: [])
        },
        storeCheck("a deletion at a past version is a conflict and deletes nothing") { scene in
            let first = try await scene.put("a", 1)
            try await scene.put("a", 2)
            try await scene.expectConflict(
                [.delete(scene.key("a"), if: .version(first))], "a deletion at a past version")
            try expect("the number", try await scene.number("a"), is: 2)
        },
        storeCheck("a deletion at a version of an absent document is a conflict") { scene in
            let version = try await scene.put("a")
            try await scene.committed([.delete(scene.key("a"), if: .version(version))])
            try await scene.expectConflict(
                [.delete(scene.key("a"), if: .version(version))], "the second deletion")
        },
        storeCheck("a deletion under any condition works whether there is something or not") {
            scene in
            try await scene.committed([.delete(scene.key("a"), if: .any)])
            try await scene.put("a")
            try await scene.committed([.delete(scene.key("a"), if: .any)])
            try expect("the document", try await scene.read("a"), is: nil)
        },
        storeCheck("a deletion if absent asserts that nothing is there") { scene in
            try await scene.committed([.delete(scene.key("a"), if: .absent)])
            try await scene.put("a", 1)
            try await scene.expectConflict(
                [.delete(scene.key("a"), if: .absent)], "a deletion if absent of a document")
            try expect("the number", try await scene.number("a"), is: 1)
        },
        storeCheck("a deleted document can be created again") { scene in
            try await scene.put("a", 1)
            try await scene.committed([.delete(scene.key("a"), if: .any)])
            try await scene.put("a", 2, if: .absent)
            try expect("the number", try await scene.number("a"), is: 2)
        },
    ]

    static let versions: [Check<StoreSubject>] = [
        storeCheck("every write has a new version, even of the same content") { scene in
            var seen: Set<Version> = []
            for number in 0..<20 {
                let version = try await scene.put("a", 1)
                let isNew = seen.insert(version).inserted
                try expect(isNew, "write \(number) has the used version \(version.rawValue)")
            }
        },
        storeCheck("a version never comes back after a deletion") { scene in
            var seen: Set<Version> = []
            for round in 0..<10 {
                for number in 0..<3 {
                    let version = try await scene.put("a", number)
                    let isNew = seen.insert(version).inserted
                    try expect(
                        isNew, "in round \(round) the version \(version.rawValue) came back")
                }
                try await scene.committed([.delete(scene.key("a"), if: .any)])
            }
        },
        storeCheck("a version from before a deletion is a conflict after it") { scene in
            let old = try await scene.put("a", 1, if: .absent)
            try await scene.committed([.delete(scene.key("a"), if: .version(old))])
            try await scene.put("a", 2, if: .absent)
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(3), if: .version(old))],
                "a put at the version of the deleted document")
            try expect("the number", try await scene.number("a"), is: 2)
        },
        storeCheck("a version never comes back after an expiry", requires: [.clock]) { scene in
            let expires = scene.now + .seconds(10)
            let old = try await scene.put("a", 1, expires: expires, if: .absent)
            try await scene.advance(by: .seconds(10))
            let new = try await scene.put("a", 2, if: .absent)
            try expect(new != old, "the version \(old.rawValue) came back")
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(3), if: .version(old))],
                "a put at the version of the expired document")
        },
    ]
}
