import Pawl
import PawlContracts
import Synchronization
import Testing

@Suite("the store contract catches", .timeLimit(.minutes(3)))
struct StoreFaultTests {
    @Test("a store that", arguments: StoreFaults.all)
    func fault(_ fault: Fault<StoreSubject>) async {
        #expect(await fault.isCaught(byOneOf: StoreContract.checks))
    }

    @Test("something with every single check", arguments: StoreContract.checks)
    func check(_ check: Check<StoreSubject>) async {
        for fault in StoreFaults.all where await fault.isCaught(by: check) { return }
        Issue.record("no broken store fails this check")
    }
}

enum StoreFaults {
    static let all = writing + keys + reading + handles

    /// A fault of a store in memory that has small limits.
    static func fault(
        _ name: String,
        _ breakIt: @escaping @Sendable (inout BrokenStore, any Store, ManualClock) -> Void
    ) -> Fault<StoreSubject> {
        Fault(name: name) { clock in
            let limits = StoreLimits(largestDocument: 700_000, largestBatch: 100)
            let inner = MemoryStore(limits: limits, environment: clock.environment)
            var store = BrokenStore(inner)
            breakIt(&store, inner, clock)
            return StoreSubject(store, openSecond: { [store] in store }, clock: clock)
        }
    }

    private static let writing: [Fault<StoreSubject>] = [
        fault("ignores conditions") { store, _, _ in
            store.changeWrites { Write($0.key, $0.content, if: .any) }
        },
        fault("takes the version for any") { store, _, _ in
            store.changeWrites { write in
                guard case .version = write.condition else { return write }
                return Write(write.key, write.content, if: .any)
            }
        },
        fault("ignores the conditions of deletions") { store, _, _ in
            store.changeWrites { $0.content == nil ? Write($0.key, nil, if: .any) : $0 }
        },
        fault("never deletes") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                let puts = writes.filter { $0.content != nil }
                if puts.isEmpty { return .committed(writes.map { _ in nil }) }
                return try await inner.write(puts, in: partition)
            }
        },
        fault("deletes only what is there") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                for write in writes where write.content == nil {
                    if try await inner.read(write.key, in: partition) == nil { return .conflict }
                }
                return try await inner.write(writes, in: partition)
            }
        },
        fault("writes the documents of a batch one by one") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                var versions: [Version?] = []
                for write in writes {
                    let result = try await inner.write([write], in: partition)
                    guard case .committed(let one) = result else { return .conflict }
                    versions += one
                }
                return .committed(versions)
            }
        },
        fault("writes the first document of a batch only") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                let result = try await inner.write([writes[0]], in: partition)
                guard case .committed(let one) = result else { return .conflict }
                return .committed(one + writes.dropFirst().map { _ in one[0] })
            }
        },
        fault("says the versions of a batch in another order") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                let result = try await inner.write(writes, in: partition)
                guard case .committed(let versions) = result else { return .conflict }
                return .committed(versions.reversed())
            }
        },
        fault("reports a conflict of its own making") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                _ = try await inner.write(writes, in: partition)
                return .conflict
            }
        },
        fault("compares and sets in two steps") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                for write in writes {
                    let current = try await inner.read(write.key, in: partition)?.version
                    switch write.condition {
                    case .absent: if current != nil { return .conflict }
                    case .version(let version): if current != version { return .conflict }
                    case .any: break
                    }
                }
                for _ in 0..<10 { await Task.yield() }
                let blind = writes.map { Write($0.key, $0.content, if: .any) }
                return try await inner.write(blind, in: partition)
            }
        },
        fault("makes versions from contents") { store, inner, _ in
            store.makeVersionsFromContents(inner)
        },
        fault("checks no limits") { store, _, clock in
            let limits = store.limits
            store = BrokenStore(MemoryStore(environment: clock.environment))
            store.limits = limits
        },
        fault("promises more than it can hold") { store, _, _ in
            store.limits = StoreLimits(
                largestDocument: store.limits.largestDocument + 1,
                largestBatch: store.limits.largestBatch + 1)
        },
    ]

    private static let keys: [Fault<StoreSubject>] = [
        fault("does not tell upper from lower case") { store, inner, _ in
            store.rename(inner) { DocumentKey(kind: $0.kind, id: $0.id.lowercased()) }
        },
        fault("drops what it can't spell") { store, inner, _ in
            store.rename(inner) { key in
                DocumentKey(kind: key.kind, id: String(key.id.filter { $0.isASCII }))
            }
        },
        fault("joins kind and id") { store, inner, _ in
            store.rename(inner) { DocumentKey(kind: "", id: $0.kind + $0.id) }
        },
        fault("has one partition only") { store, inner, _ in
            store.onRead = { (key, _) async throws(BackendError) in
                try await inner.read(key, in: "one")
            }
            store.onRange = { (kind, _, after, limit) async throws(BackendError) in
                try await inner.read(kind: kind, in: "one", after: after, limit: limit)
            }
            store.onWrite = { (writes, _) async throws(BackendError) in
                try await inner.write(writes, in: "one")
            }
        },
    ]
}

extension BrokenStore {
    fileprivate mutating func rename(
        _ inner: any Store, _ rename: @escaping @Sendable (DocumentKey) -> DocumentKey
    ) {
        changeWrites { Write(rename($0.key), $0.content, if: $0.condition) }
        onRead = { (key, partition) async throws(BackendError) in
            try await inner.read(rename(key), in: partition)
        }
    }

    fileprivate mutating func makeVersionsFromContents(_ inner: any Store) {
        @Sendable func derived(_ content: Content) -> Version {
            Version(rawValue: "\(content.body ?? [])\(content.ledger)")
        }
        onRead = { (key, partition) async throws(BackendError) in
            try await inner.read(key, in: partition)
                .map { Document(version: derived($0.content), content: $0.content) }
        }
        onWrite = { (writes, partition) async throws(BackendError) in
            var real: [Write] = []
            for write in writes {
                guard case .version(let version) = write.condition else {
                    real.append(write)
                    continue
                }
                let document = try await inner.read(write.key, in: partition)
                guard let document, derived(document.content) == version else { return .conflict }
                real.append(Write(write.key, write.content, if: .version(document.version)))
            }
            let result = try await inner.write(real, in: partition)
            return result == .conflict
                ? .conflict : .committed(writes.map { $0.content.map(derived) })
        }
    }
}
