internal import Pawl
internal import Synchronization

/// The queues of a file: a `Transport`, for whoever has the file.
final class Queues: Sendable {
    let file: SQLiteFile
    private let cached = Mutex<(directory: Directory, read: Timestamp)?>(nil)

    /// For how long a directory may be answered from memory.
    private static let directoryLife: Duration = .seconds(1)
    /// After which time a receiver looks even though it has heard nothing.
    private static let slowLook: Duration = .seconds(3)
    /// How many messages one operation inserts, so that no round grows too long.
    private static let largestInsert = 500

    init(_ file: SQLiteFile) {
        self.file = file
    }

    func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        let endpoint = registration.endpoint
        let result = try await file.write { connection in
            let known = try connection.all(.subscriptions, endpoint) { row in
                (row.text(0), row.timestamp(1) ?? connection.now)
            }
            let (result, forget) = registration.decide(
                known: Dictionary(known) { first, _ in first }, now: connection.now)
            guard case .registered = result else { return result }
            try connection.run(.insertQueue, endpoint)
            for type in forget.sorted() { try connection.run(.forgetSubscription, endpoint, type) }
            for type in registration.types.sorted() {
                try connection.run(.subscribe, endpoint, type, connection.now)
            }
            return result
        }
        cached.withLock { $0 = nil }
        return result
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        let now = file.environment.now()
        if !fresh, let (directory, read) = cached.withLock({ $0 }), read <= now,
            now < read + Self.directoryLife
        {
            return directory
        }
        let rows = try await file.read { connection in
            try connection.all(.directory) { row in
                (endpoint: row.text(0), type: row.isNull(1) ? nil : row.text(1))
            }
        }
        var endpoints: [String: Set<String>] = [:]
        for row in rows {
            var types = endpoints[row.endpoint] ?? []
            if let type = row.type { types.insert(type) }
            endpoints[row.endpoint] = types
        }
        let directory = Directory(endpoints: endpoints)
        cached.withLock { $0 = (directory, now) }
        return directory
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        let encoded = try encode(messages)
        var start = 0
        while start < encoded.count {
            let part = Array(encoded[start..<min(start + Self.largestInsert, encoded.count)])
            try await file.write { connection in
                let queues = try self.ids(of: part, on: connection)
                try self.insert(part, into: queues, isLocal: false, on: connection)
            }
            start += part.count
        }
    }

    func receive(
        from name: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        let queue: Int64
        if let known = file.shared.queues[name] {
            queue = known
        } else {
            queue = try await file.read { try self.id(of: name, on: $0) }
        }
        let bell = file.shared.bells[queue]
        // At first without a look, unless the queue was empty a moment ago: taking nothing is a
        // transaction all the same, and the message just taken would wait for it.
        var isWorthTaking = !bell.isDrained.load(ordering: .relaxed)
        while !Task.isCancelled {
            let rings = bell.door.rings
            let sendings = bell.sendingsHere
            if isWorthTaking {
                let taken = try await claim(from: queue, named: name, max: max, lease: lease)
                bell.isDrained.store(taken.count < max, ordering: .relaxed)
                if !taken.isEmpty { return taken }
            }
            let next: Timestamp?
            if let known = bell.takeOutlook(after: rings) {
                next = known
            } else {
                // On the connection that reads, so idle processes lock nobody out.
                next = try await file.glance { try $0.nextVisible(in: queue) }
            }
            let now = file.environment.now()
            let pause = next.map { $0 - now } ?? Self.slowLook
            isWorthTaking = pause <= .zero
            if isWorthTaking { continue }
            let standing = StandingClaim(max: max, lease: lease, token: newToken())
            bell.stand(standing)
            await file.wait(for: bell.door, after: rings, atMost: min(pause, Self.slowLook))
            if let taken = await bell.withdraw(standing) {
                bell.isDrained.store(taken.count < max, ordering: .relaxed)
                return taken
            }
            isWorthTaking = bell.sendingsHere != sendings
        }
        return []
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        guard let hold = Hold(receipt) else { return false }
        return try await file.write { try $0.run(.deleteMessage, hold.seq, hold.lease) == 1 }
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        guard let hold = Hold(receipt) else { return false }
        return try await file.write { connection in
            let queue = try connection.first(
                .releaseMessage, connection.now + delay, hold.seq, hold.lease
            ) { $0.integer(0) }
            guard let queue else { return false }
            connection.queuesToRing.insert(queue)
            return true
        }
    }

    func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        if receipts.isEmpty { return [] }
        return try await file.write { connection in
            let until = connection.now + lease
            return try receipts.filter { receipt in
                guard let hold = Hold(receipt) else { return true }
                return try connection.run(.extendMessage, until, hold.seq, hold.lease) == 0
            }
        }
    }

    private func claim(
        from queue: Int64, named name: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        let token = newToken()
        return try await file.write { connection in
            try connection.all(
                .claim, connection.now + lease, token, queue, connection.now, max
            ) { row in
                Delivery(
                    receipt: Hold(seq: row.integer(0), lease: token).receipt(for: name),
                    attempt: Int(row.integer(1)), message: row.bytes(2) ?? [])
            }
        }
    }

    /// Half of the range, so that it is never negative; fresh for every claim.
    private func newToken() -> Int64 {
        Int64(file.environment.random() >> 1)
    }
}

extension Connection {
    /// When the next message of a queue can be taken; `nil` if the queue is empty.
    func nextVisible(in queue: Int64) throws(SQLiteFailure) -> Timestamp? {
        try first(.nextVisible, queue) { Timestamp(microseconds: $0.integer(0)) }
    }
}

/// A claimed message: its row, and the token of the claim.
struct Hold {
    let seq: Int64
    let lease: Int64

    init(seq: Int64, lease: Int64) {
        self.seq = seq
        self.lease = lease
    }

    /// Reads a receipt; `nil` if it is not one of ours.
    init?(_ receipt: Receipt) {
        // By hand, as every message comes through here: splitting text costs a microsecond.
        var numbers: (Int64, Int64) = (0, 0)
        var dots = 0
        for byte in receipt.handle.utf8 {
            if byte == UInt8(ascii: "."), dots == 0 {
                dots = 1
                (numbers.0, numbers.1) = (numbers.1, 0)
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (tens, isTooLarge) = numbers.1.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            if isTooLarge || isLarger { return nil }
            numbers.1 = sum
        }
        if dots == 0 { return nil }
        self.init(seq: numbers.0, lease: numbers.1)
    }

    func receipt(for queue: String) -> Receipt {
        Receipt(queue: queue, handle: String(seq) + "." + String(lease))
    }
}
