import Pawl

extension StoreContract {
    static let concurrency: [Check<StoreSubject>] = [
        storeCheck("fifty tasks that compare and set lose no update") { scene in
            try await scene.put("a", 0, if: .absent)
            let steps = try await concurrently(50) { _ in
                try await scene.increment("a", on: scene.store)
            }
            try expect("the sum", try await scene.number("a"), is: 50)
            try scene.expectChain(steps)
        },
        storeCheck("of fifty tasks that create a document, one wins") { scene in
            let results = try await concurrently(50) { number in
                try await scene.store.write(
                    [.put(scene.key("a"), .number(number), if: .absent)], in: scene.partition)
            }
            let winners = results.filter { $0 != .conflict }
            try expect("the number of winners", winners.count, is: 1)
            let version = try await scene.read("a").required("the document").version
            try expect("the winner's version", winners, is: [.committed([version])])
        },
        storeCheck("of fifty tasks that delete a version, one wins") { scene in
            let version = try await scene.put("a")
            let results = try await concurrently(50) { _ in
                try await scene.store.write(
                    [.delete(scene.key("a"), if: .version(version))], in: scene.partition)
            }
            try expect(
                "the number of winners", results.filter { $0 != .conflict }.count, is: 1)
        },
        storeCheck("batches of many tasks stay whole") { scene in
            try await scene.put("from", 100)
            try await scene.put("to", 0)
            _ = try await concurrently(30) { _ in try await scene.moveOne() }
            try expect("what is left", try await scene.number("from"), is: 70)
            try expect("what has arrived", try await scene.number("to"), is: 30)
        },
    ]

    static let secondHandles: [Check<StoreSubject>] = [
        storeCheck("a second handle sees every write at once", requires: [.secondHandle]) {
            scene in
            let second = try await scene.openSecond()
            for number in 0..<20 {
                let version = try await scene.put("a", number)
                let document = try await second.read(scene.key("a"), in: scene.partition)
                try expect("the number", document?.content.number, is: number)
                try expect("the version", document?.version, is: version)
                let page = try await second.read(
                    kind: scene.kind, in: scene.partition, after: nil, limit: 5)
                try expect("the page", page.map(\.document), is: document.map { [$0] } ?? [])
            }
            try await scene.committed([.delete(scene.key("a"), if: .any)])
            let gone = try await second.read(scene.key("a"), in: scene.partition)
            try expect("a deleted document", gone, is: nil)
        },
        storeCheck("a version holds on every handle", requires: [.secondHandle]) { scene in
            let second = try await scene.openSecond()
            let first = try await scene.put("a", 1, if: .absent)
            let write = Write.put(scene.key("a"), .number(2), if: .version(first))
            let result = try await second.write([write], in: scene.partition)
            try expect(result != .conflict, "a put on the second handle: expected commit")
            try await scene.expectConflict(
                [.put(scene.key("a"), .number(3), if: .version(first))],
                "a put on the first handle at a version from before the second one's write")
            try expect("the number", try await scene.number("a"), is: 2)
        },
        storeCheck("a version never comes back on another handle", requires: [.secondHandle]) {
            scene in
            let second = try await scene.openSecond()
            var seen: Set<Version> = []
            for round in 0..<5 {
                for store in [scene.store, second] {
                    let put = Write.put(scene.key("a"), .number(round), if: .absent)
                    let result = try await store.write([put], in: scene.partition)
                    let document = try await store.read(scene.key("a"), in: scene.partition)
                    let version = try document.required("the document").version
                    try expect("the result", result, is: .committed([version]))
                    let isNew = seen.insert(version).inserted
                    try expect(isNew, "the version \(version.rawValue) came back")
                    try await scene.committed([.delete(scene.key("a"), if: .version(version))])
                }
            }
        },
        storeCheck(
            "tasks on two handles that compare and set lose no update", requires: [.secondHandle]
        ) { scene in
            let second = try await scene.openSecond()
            try await scene.put("a", 0, if: .absent)
            let steps = try await concurrently(40) { number in
                let store = number.isMultiple(of: 2) ? scene.store : second
                return try await scene.increment("a", on: store)
            }
            try expect("the sum", try await scene.number("a"), is: 40)
            try scene.expectChain(steps)
        },
    ]
}

extension StoreScene {
    /// One successful compare-and-set: from which version to which.
    fileprivate struct Step: Sendable {
        let from: Version
        let to: Version
    }

    /// Adds one to a number, again and again until no one else was faster.
    fileprivate func increment(_ id: String, on store: any Store) async throws -> Step {
        while true {
            try Task.checkCancellation()
            let document = try await store.read(key(id), in: partition).required("the number")
            let number = try document.content.number.required("a number")
            let write = Write.put(key(id), .number(number + 1), if: .version(document.version))
            let result = try await store.write([write], in: partition)
            if case .committed(let versions) = result, let version = versions[0] {
                return Step(from: document.version, to: version)
            }
        }
    }

    /// Expects that every version was left once and reached once.
    fileprivate func expectChain(_ steps: [Step]) throws {
        try expect("the winners a version", Set(steps.map(\.from)).count, is: steps.count)
        try expect("the versions a winner", Set(steps.map(\.to)).count, is: steps.count)
    }

    /// Moves one from one document to another, with one batch.
    fileprivate func moveOne() async throws {
        while true {
            try Task.checkCancellation()
            let from = try await read("from").required("the one document")
            let to = try await read("to").required("the other document")
            let writes: [Write] = [
                .put(
                    key("from"), .number((from.content.number ?? 0) - 1),
                    if: .version(from.version)),
                .put(key("to"), .number((to.content.number ?? 0) + 1), if: .version(to.version)),
            ]
            if try await store.write(writes, in: partition) != .conflict { return }
        }
    }
}
