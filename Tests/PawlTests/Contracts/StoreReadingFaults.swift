import Pawl
import PawlContracts

extension StoreFaults {
    static let reading: [Fault<StoreSubject>] = [
        fault("forgets the ledger") { store, _, _ in
            store.changeContents { Content(body: $0.body, expires: $0.expires) }
        },
        fault("takes null for nothing") { store, _, _ in
            store.changeContents { content in
                var content = content
                if content.body == Array("null".utf8) { content.body = nil }
                return content
            }
        },
        fault("takes nothing for null") { store, _, _ in
            store.changeContents { content in
                var content = content
                content.body = content.body ?? Array("null".utf8)
                return content
            }
        },
        fault("cuts off what is long") { store, _, _ in
            store.changeContents { content in
                var content = content
                content.body = content.body.map { Array($0.prefix(65_536)) }
                return content
            }
        },
        fault("keeps what a put does not mention") { store, inner, _ in
            store.onWrite = { (writes, partition) async throws(BackendError) in
                var merged: [Write] = []
                for write in writes {
                    let old = try await inner.read(write.key, in: partition)?.content
                    let content = write.content.map {
                        Content(
                            body: $0.body ?? old?.body,
                            ledger: $0.ledger.isEmpty ? old?.ledger ?? [] : $0.ledger,
                            expires: $0.expires ?? old?.expires)
                    }
                    merged.append(Write(write.key, content, if: write.condition))
                }
                return try await inner.write(merged, in: partition)
            }
        },
        fault("never lets anything expire") { store, _, clock in
            store.stopTime(at: clock.now - .days(1))
        },
        fault("lets documents expire a moment too late") { store, _, clock in
            store.setTime { clock.now - .microseconds(1) }
        },
        fault("lets documents expire when they are written") { store, _, _ in
            store.changeContents { content in
                var content = content
                content.expires = content.expires.map { $0 - .days(9) }
                return content
            }
        },
        fault("orders ids as UTF-16") { store, inner, _ in
            store.onRange = { (kind, partition, after, limit) async throws(BackendError) in
                let all = try await inner.read(
                    kind: kind, in: partition, after: nil, limit: 1_000)
                let sorted = all.sorted {
                    $0.key.id.utf16.lexicographicallyPrecedes($1.key.id.utf16)
                }
                let start = sorted.firstIndex { $0.key.id == after }.map { $0 + 1 } ?? 0
                return Array(sorted[start...].prefix(limit))
            }
        },
        fault("begins a page with the last document of the one before") { store, inner, _ in
            store.onRange = { (kind, partition, after, limit) async throws(BackendError) in
                let all = try await inner.read(
                    kind: kind, in: partition, after: nil, limit: 1_000)
                return Array(all.filter { $0.key.id >= (after ?? "") }.prefix(limit))
            }
            store.onList = { (kind, after, limit) async throws(BackendError) in
                let page = try await inner.list(kind: kind, after: after, limit: limit)
                return Array(((after.map { [$0] } ?? []) + page).prefix(limit))
            }
        },
        fault("returns short pages") { store, inner, _ in
            store.onRange = { (kind, partition, after, limit) async throws(BackendError) in
                let page = try await inner.read(
                    kind: kind, in: partition, after: after, limit: limit)
                return Array(page.prefix(max(1, limit - 1)))
            }
        },
        fault("filters pages after cutting them") { store, inner, clock in
            var all = BrokenStore(inner)
            all.stopTime(at: clock.now - .days(1))
            let (range, list, now) = (all.onRange, all.onList, clock.environment.now)
            store.onWrite = all.onWrite
            store.onRange = { (kind, partition, after, limit) async throws(BackendError) in
                try await range(kind, partition, after, limit).filter { $0.isLive(at: now()) }
            }
            store.onList = { (kind, after, limit) async throws(BackendError) in
                try await list(kind, after, limit).filter { $0.isLive(at: now()) }
            }
        },
        fault("forgets the rest of a partition in lists") { store, inner, _ in
            store.onList = { (kind, after, limit) async throws(BackendError) in
                let all = try await inner.list(kind: kind, after: nil, limit: 1_000)
                guard let after else { return Array(all.prefix(limit)) }
                return Array(all.filter { $0.partition > after.partition }.prefix(limit))
            }
        },
        fault("lists nothing") { store, _, _ in
            store.onList = { (_, _, _) async throws(BackendError) in [] }
        },
        fault("lists all kinds that begin alike") { store, inner, _ in
            store.onList = { (kind, after, limit) async throws(BackendError) in
                let page = try await inner.list(kind: kind, after: after, limit: limit)
                guard page.isEmpty else { return page }
                return try await inner.list(kind: kind + "x", after: nil, limit: 1)
            }
        },
        fault("loses its place when a document is gone") { store, inner, _ in
            store.onList = { (kind, after, limit) async throws(BackendError) in
                guard let after else {
                    return try await inner.list(kind: kind, after: nil, limit: limit)
                }
                let isThere = try await inner.read(after.key, in: after.partition) != nil
                return try await inner.list(
                    kind: kind, after: isThere ? after : nil, limit: limit)
            }
            store.onRange = { (kind, partition, after, limit) async throws(BackendError) in
                let key = DocumentKey(kind: kind, id: after ?? "")
                let isThere = try await inner.read(key, in: partition) != nil
                return try await inner.read(
                    kind: kind, in: partition, after: isThere ? after : nil, limit: limit)
            }
        },
        fault("makes up documents") { store, _, _ in
            store.onRead = { (_, _) async throws(BackendError) in
                Document(version: Version(rawValue: "1"), content: Content(body: nil))
            }
        },
    ]

    static let handles: [Fault<StoreSubject>] = [
        Fault(name: "does not share its data with a second handle") { clock in
            let environment = clock.environment
            return StoreSubject(
                MemoryStore(environment: environment),
                openSecond: { MemoryStore(environment: environment) }, clock: clock)
        }
    ]
}

extension BrokenStore {
    /// Keeps documents by another clock.
    fileprivate mutating func setTime(_ now: @escaping @Sendable () -> Timestamp) {
        let limits = limits
        let system = Environment.system
        let environment = Environment(now: now, sleep: system.sleep, random: system.random)
        self = BrokenStore(MemoryStore(limits: limits, environment: environment))
    }

    fileprivate mutating func stopTime(at time: Timestamp) {
        setTime { time }
    }
}

extension LocatedDocument {
    fileprivate func isLive(at now: Timestamp) -> Bool {
        document.content.expires.map { now < $0 } ?? true
    }
}
