import Pawl
import PawlContracts
import Testing

@Suite("the database contract catches", .timeLimit(.minutes(3)))
struct DatabaseFaultTests {
    @Test("a database that", arguments: DatabaseFaults.all)
    func fault(_ fault: Fault<DatabaseSubject>) async {
        #expect(await fault.isCaught(byOneOf: DatabaseContract.checks))
    }

    @Test("something with every single check", arguments: DatabaseContract.checks)
    func check(_ check: Check<DatabaseSubject>) async {
        for fault in DatabaseFaults.all where await fault.isCaught(by: check) { return }
        Issue.record("no broken database fails this check")
    }
}

/// A database that does what another one does, but for how it commits.
private struct BrokenDatabase: Database {
    let inner: any Database
    let limits: StoreLimits
    let transportLimits: TransportLimits
    let onCommit: @Sendable (Transaction) async throws(BackendError) -> TransactionResult

    func commit(
        _ transaction: Transaction
    ) async throws(BackendError) -> TransactionResult {
        try await onCommit(transaction)
    }

    func isProcessed(
        _ id: MessageID, by endpoint: String
    ) async throws(BackendError) -> Bool {
        try await inner.isProcessed(id, by: endpoint)
    }

    func read(
        _ key: DocumentKey, in partition: PartitionKey
    ) async throws(BackendError) -> Document? {
        try await inner.read(key, in: partition)
    }

    func read(
        kind: String, in partition: PartitionKey, after: String?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await inner.read(kind: kind, in: partition, after: after, limit: limit)
    }

    func write(
        _ writes: [Write], in partition: PartitionKey
    ) async throws(BackendError) -> WriteResult {
        try await inner.write(writes, in: partition)
    }

    func list(
        kind: String, after: LocatedDocument?, limit: Int
    ) async throws(BackendError) -> [LocatedDocument] {
        try await inner.list(kind: kind, after: after, limit: limit)
    }

    func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        try await inner.register(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await inner.directory(fresh: fresh)
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await inner.send(messages)
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await inner.receive(from: queue, max: max, lease: lease)
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await inner.acknowledge(receipt)
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        try await inner.release(receipt, after: delay)
    }

    func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try await inner.extend(receipts, by: lease)
    }
}

enum DatabaseFaults {
    static let all = results + effects

    private static func fault(
        _ name: String,
        _ commit:
            @escaping @Sendable (Transaction, any Database, ManualClock) async throws(BackendError)
            -> TransactionResult
    ) -> Fault<DatabaseSubject> {
        Fault(name: name) { clock in
            let inner = MemoryDatabase(environment: clock.environment)
            let database = BrokenDatabase(
                inner: inner, limits: inner.limits, transportLimits: inner.transportLimits
            ) { (transaction) async throws(BackendError) in
                try await commit(transaction, inner, clock)
            }
            return DatabaseSubject(database, openSecond: { database }, clock: clock)
        }
    }

    private static let results: [Fault<DatabaseSubject>] = [
        fault("takes a duplicate for committed") {
            (transaction, inner, _) async throws(BackendError) in
            let result = try await inner.commit(transaction)
            return result == .duplicate ? .committed : result
        },
        fault("takes a lost lease for a duplicate") {
            (transaction, inner, _) async throws(BackendError) in
            let result = try await inner.commit(transaction)
            return result == .leaseLost ? .duplicate : result
        },
        fault("forgets processed ids") { (transaction, inner, clock) async throws(BackendError) in
            var transaction = transaction
            transaction.id = MessageID(from: clock.environment)
            return try await inner.commit(transaction)
        },
        fault("forgets processed ids after a month") {
            (transaction, inner, clock) async throws(BackendError) in
            var transaction = transaction
            let month = clock.now.microseconds / (30 * 86_400_000_000)
            transaction.id = MessageID("\(transaction.id) \(month)")
            return try await inner.commit(transaction)
        },
        fault("shares processed ids among endpoints") {
            (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            transaction.endpoint = "all"
            return try await inner.commit(transaction)
        },
        fault("remembers ids that met a conflict") {
            (transaction, inner, _) async throws(BackendError) in
            let result = try await inner.commit(transaction)
            if result == .conflict {
                _ = try await inner.commit(transaction.without(writes: true, messages: true))
            }
            return result
        },
        fault("takes what a commit has sent for a duplicate") {
            (transaction, inner, _) async throws(BackendError) in
            let key = DocumentKey(kind: "sent", id: "\(transaction.id)")
            if try await inner.read(key, in: "sent") != nil { return .duplicate }
            for outgoing in transaction.messages {
                let sent = DocumentKey(kind: "sent", id: "\(outgoing.envelope.id)")
                _ = try await inner.write([.put(sent, Content(body: nil), if: .any)], in: "sent")
            }
            return try await inner.commit(transaction)
        },
        fault("leaves duplicates in their queue") {
            (transaction, inner, _) async throws(BackendError) in
            let result = try await inner.commit(transaction)
            if result == .duplicate, let receipt = transaction.receipt {
                let message = Envelope(
                    id: transaction.id, type: "Ping", body: [],
                    sentAt: Timestamp(microseconds: 0))
                try await inner.send([Outgoing(message, to: receipt.queue)])
            }
            return result
        },
        fault("reports every failure as a conflict") {
            (transaction, inner, _) async throws(BackendError) in
            do throws(BackendError) {
                return try await inner.commit(transaction)
            } catch {
                return .conflict
            }
        },
    ]

    private static let effects: [Fault<DatabaseSubject>] = [
        fault("does not acknowledge") { (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            transaction.receipt = nil
            return try await inner.commit(transaction)
        },
        fault("ignores conditions") { (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            transaction.writes = transaction.writes.map { Write($0.key, $0.content, if: .any) }
            return try await inner.commit(transaction)
        },
        fault("ignores lost leases") { (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            let result = try await inner.commit(transaction)
            guard result == .leaseLost else { return result }
            transaction.receipt = nil
            return try await inner.commit(transaction)
        },
        fault("sends before it commits") { (transaction, inner, _) async throws(BackendError) in
            try await inner.send(transaction.messages)
            return try await inner.commit(transaction.without(messages: true))
        },
        fault("writes before it commits") { (transaction, inner, _) async throws(BackendError) in
            if !transaction.writes.isEmpty {
                let result = try await inner.write(
                    transaction.writes, in: transaction.partition)
                if result == .conflict { return .conflict }
            }
            return try await inner.commit(transaction.without(writes: true))
        },
        fault("forgets to send") { (transaction, inner, _) async throws(BackendError) in
            try await inner.commit(transaction.without(messages: true))
        },
        fault("forgets to write") { (transaction, inner, _) async throws(BackendError) in
            try await inner.commit(transaction.without(writes: true))
        },
        fault("forgets deletions") { (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            transaction.writes.removeAll { $0.content == nil }
            return try await inner.commit(transaction)
        },
        fault("sends at once what has to wait") {
            (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            for index in transaction.messages.indices {
                transaction.messages[index].notBefore = nil
            }
            return try await inner.commit(transaction)
        },
        fault("sends messages without their bodies") {
            (transaction, inner, _) async throws(BackendError) in
            var transaction = transaction
            for index in transaction.messages.indices {
                transaction.messages[index].envelope.body = []
            }
            return try await inner.commit(transaction)
        },
        fault("acknowledges whatever else is in the queue") {
            (transaction, inner, _) async throws(BackendError) in
            let result = try await inner.commit(transaction)
            guard let handle = transaction.receipt?.handle, let queue = transaction.receipt?.queue
            else { return result }
            let numbers = handle.split(separator: ".").compactMap { UInt64($0) }
            for message in 1...20 {
                for lease in numbers[1]...numbers[1] + 4 {
                    let other = Receipt(queue: queue, handle: "\(message).\(lease)")
                    try await inner.acknowledge(other)
                }
            }
            return result
        },
        Fault(name: "does not share its data with a second handle") { clock in
            let environment = clock.environment
            return DatabaseSubject(
                MemoryDatabase(environment: environment),
                openSecond: { MemoryDatabase(environment: environment) }, clock: clock)
        },
    ]
}

extension Transaction {
    fileprivate func without(writes: Bool = false, messages: Bool = false) -> Transaction {
        var transaction = self
        if writes { transaction.writes = [] }
        if messages { transaction.messages = [] }
        return transaction
    }
}
