import Pawl

extension StoreContract {
    static let expiry: [Check<StoreSubject>] = [
        storeCheck("a document is there until it expires, and not after", requires: [.clock]) {
            scene in
            try await scene.put("a", 1, expires: scene.now + .seconds(10))
            try await scene.put("stays", 2)
            try expect("before it expires", try await scene.number("a"), is: 1)
            try await scene.advance(by: .seconds(5))
            try expect("half way", try await scene.number("a"), is: 1)
            try await scene.advance(by: .seconds(5))
            try expect("at the moment at which it expires", try await scene.read("a"), is: nil)
            try await scene.advance(by: .days(1))
            try expect("a day later", try await scene.read("a"), is: nil)
            try expect("what does not expire", try await scene.number("stays"), is: 2)
        },
        storeCheck("a document that has expired when it is written is absent") { scene in
            try await scene.put("a", 1, expires: scene.now - .seconds(1))
            try expect("the document", try await scene.read("a"), is: nil)
            try expect("the page", try await scene.page(), is: [])
            try await scene.put("a", 2, if: .absent)
            try expect("the number", try await scene.number("a"), is: 2)
        },
        storeCheck("ranges and lists have no expired documents", requires: [.clock]) { scene in
            for id in ["a", "c", "e"] {
                try await scene.put(id, expires: scene.now + .seconds(10))
            }
            for id in ["b", "d"] { try await scene.put(id) }
            try await scene.advance(by: .seconds(10))
            try expect("the page", try await scene.page().map(\.key.id), is: ["b", "d"])
            let listed = try await scene.store.list(kind: scene.kind, after: nil, limit: 10)
            try expect("the list", listed.map(\.key.id), is: ["b", "d"])
        },
        storeCheck("expired documents take no room in a page", requires: [.clock]) { scene in
            for number in 10..<40 {
                let expires = number < 35 ? scene.now + .seconds(10) : nil
                try await scene.put("\(number)", expires: expires)
            }
            try await scene.advance(by: .seconds(10))
            let page = try await scene.page(limit: 3)
            try expect("the page", page.map(\.key.id), is: ["35", "36", "37"])
            let listed = try await scene.store.list(kind: scene.kind, after: nil, limit: 3)
            try expect("the list", listed.map(\.key.id), is: ["35", "36", "37"])
        },
        storeCheck("an expired document counts as absent in conditions", requires: [.clock]) {
            scene in
            var versions: [Version] = []
            for id in ["absent", "version", "any", "delete"] {
                let expires = scene.now + .seconds(10)
                versions.append(try await scene.put(id, 1, expires: expires))
            }
            try await scene.advance(by: .seconds(10))
            try await scene.expectConflict(
                [.put(scene.key("version"), .number(2), if: .version(versions[1]))],
                "a put at the version of an expired document")
            try await scene.expectConflict(
                [.delete(scene.key("delete"), if: .version(versions[3]))],
                "a deletion at the version of an expired document")
            try await scene.put("absent", 2, if: .absent)
            try await scene.put("any", 2, if: .any)
            try await scene.committed([.delete(scene.key("delete"), if: .absent)])
            let numbers = try await scene.page().map(\.document.content.number)
            try expect("the numbers", numbers, is: [2, 2])
        },
        storeCheck("a later expiry takes the place of the earlier", requires: [.clock]) { scene in
            try await scene.put("later", 1, expires: scene.now + .seconds(10))
            try await scene.put("never", 1, expires: scene.now + .seconds(10))
            try await scene.put("sooner", 1, expires: scene.now + .seconds(100))
            try await scene.put("later", 2, expires: scene.now + .seconds(20))
            try await scene.put("never", 2)
            try await scene.put("sooner", 2, expires: scene.now + .seconds(10))
            try await scene.advance(by: .seconds(10))
            let first = try await scene.page().map(\.key.id)
            try expect("after ten seconds", first, is: ["later", "never"])
            try await scene.advance(by: .seconds(90))
            try expect("at last", try await scene.page().map(\.key.id), is: ["never"])
        },
        storeCheck("a batch that creates what has expired is whole", requires: [.clock]) { scene in
            try await scene.put("a", 1, expires: scene.now + .seconds(10))
            try await scene.advance(by: .seconds(10))
            try await scene.expectConflict(
                [
                    .put(scene.key("a"), .number(2), if: .absent),
                    .delete(scene.key("b"), if: .version(Version(rawValue: "1"))),
                ], "a batch with a failing deletion")
            try expect("the expired document", try await scene.read("a"), is: nil)
        },
    ]
}
