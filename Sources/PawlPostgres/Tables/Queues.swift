internal import Pawl
internal import Synchronization

/// The queues of a database: a `Transport`, for whoever has the database.
final class Queues: Sendable {
    let pool: Pool
    let changing: Changing
    private let names: QueueNames
    private let desks: Desks
    private let messenger: Messenger
    private let acknowledging: Gathering<Hold, Hold, Bool>

    /// After which time a receiver looks even though it has heard nothing.
    private static let slowLook: Duration = .seconds(3)
    /// The same while nothing could be heard.
    private static let deafLook: Duration = .milliseconds(250)
    /// How many messages one transaction inserts, so that none grows too long.
    private static let largestInsert = 500

    init(_ pool: Pool) {
        self.pool = pool
        names = QueueNames(pool)
        let desks = Desks()
        let messenger = Messenger(pool) { desks.ring($0) }
        self.desks = desks
        self.messenger = messenger
        changing = Changing(pool) { messages in
            let queues = Set(messages.map { ExactText($0.name) })
            for queue in queues { desks.ring(queue.text) }
            messenger.tell(queues.map(\.text))
        }
        acknowledging = Gathering(
            pool, limits: BatchLimits(calls: 500, bytes: .max), atOnce: 1, keys: { [$0] }
        ) {
            [pool] holds, wire in await Self.acknowledge(holds, on: wire, of: pool)
        }
    }

    func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        try await names.register(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await names.directory(fresh: fresh)
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        var part: [EncodedMessage] = []
        var size = 0
        for message in try await encode(messages, isLocal: false) {
            part.append(message)
            size += message.bytes.count
            if part.count >= Self.largestInsert || size >= Changing.largestBatch {
                _ = try await changing(Change(messages: part))
                (part, size) = ([], 0)
            }
        }
        if !part.isEmpty { _ = try await changing(Change(messages: part)) }
    }

    /// Encodes messages, and refuses what is too large or has no queue.
    func encode(
        _ messages: [Outgoing], isLocal: Bool
    ) async throws(BackendError) -> [EncodedMessage] {
        let largest = pool.options.largestMessage
        if !messages.isEmpty { await messenger.beReady() }
        var encoded: [EncodedMessage] = []
        encoded.reserveCapacity(messages.count)
        for message in messages {
            let bytes = message.envelope.encoded()
            guard bytes.count <= largest else {
                throw BackendError(
                    .canNeverHappen,
                    "\(pool.place): message \(message.envelope.id) of type "
                        + "\(message.envelope.type) has \(bytes.count) bytes, more than the "
                        + "option `largestMessage`, \(largest).")
            }
            encoded.append(
                EncodedMessage(
                    queue: try await names.id(of: message.queue), name: message.queue,
                    notBefore: message.notBefore, isLocal: isLocal, bytes: bytes))
        }
        return encoded
    }

    func receive(
        from name: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        let queue = try await names.id(of: name)
        let desk = desks[name]
        while !Task.isCancelled {
            let rings = desk.door.rings
            let taken = try await take(from: queue, at: desk, named: name, max: max, lease: lease)
            if !taken.isEmpty { return taken }
            let isListening = await messenger.beReady()
            // Before the first time that it listens, what was sent meanwhile has rung no bell.
            if desk.door.rings != rings { continue }
            // What is due and was not taken is locked by somebody, who will be done in a moment.
            let pause = Swift.max(try await pause(until: queue), .milliseconds(20))
            let longest = isListening ? Self.slowLook : Self.deafLook
            await desk.door.wait(
                after: rings, atMost: min(pause, longest), in: pool.environment)
        }
        return []
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        guard let hold = Hold(receipt) else { return false }
        return try await acknowledging(hold)
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        guard let hold = Hold(receipt) else { return false }
        let release = Bound(delay > .zero ? .postpone : .release) { parameters in
            parameters.add(pool.now)
            parameters.add(small: hold.queue)
            parameters.add(hold.seq)
            parameters.add(hold.lease)
            if delay > .zero { parameters.add(delay.microseconds) }
        }
        let isHeld = try await pool.run(release).changed == 1
        if isHeld {
            desks.ring(receipt.queue)
            messenger.tell([receipt.queue])
        }
        return isHeld
    }

    func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        let holds = receipts.map(Hold.init)
        let known = holds.compactMap(\.self).sorted()
        if known.isEmpty { return receipts }
        let extend = Bound(.extend) { parameters in
            parameters.add(pool.now)
            parameters.add(holds: known)
            parameters.add(lease.microseconds)
        }
        let answer = try await pool.run([Bound(.relax), extend])[1]
        let extended = Set(answer.rows.map { known[Int($0.integer(0)) - 1] })
        return zip(receipts, holds).compactMap { receipt, hold in
            hold.map(extended.contains) == true ? nil : receipt
        }
    }

    private static func acknowledge(
        _ holds: [Hold], on wire: Wire, of pool: Pool
    ) async -> [Result<Bool, BackendError>] {
        let sorted = holds.indices.sorted { holds[$0] < holds[$1] }
        do throws(PostgresFailure) {
            let answers = try await wire.run([
                Bound(.relax), Bound(.acknowledge) { $0.add(holds: sorted.map { holds[$0] }) },
            ])
            var outcomes = [Result<Bool, BackendError>](
                repeating: .success(false), count: holds.count)
            for row in answers[1].rows {
                outcomes[sorted[Int(row.integer(0)) - 1]] = .success(true)
            }
            return outcomes
        } catch {
            let failure = error.backendError(at: pool.place)
            return holds.map { _ in .failure(failure) }
        }
    }

    /// Takes what is there.
    ///
    /// In a backlog it goes on behind what it took last, rather than pass again by what it and
    /// others hold. Ten times a second it looks from the start, and so it does whenever it found
    /// less than it wanted: messages become visible in another order than they are numbered.
    private func take(
        from queue: Int32, at desk: Desk, named name: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        if let start = desk.startInBacklog(now: pool.environment.now()) {
            let taken = try await claim(
                from: queue, after: start, at: desk, named: name, max: max, lease: lease)
            if !taken.isEmpty { return taken }
        }
        desk.looksFromStart(now: pool.environment.now())
        return try await claim(
            from: queue, after: -1, at: desk, named: name, max: max, lease: lease)
    }

    private func claim(
        from queue: Int32, after start: Int64, at desk: Desk, named name: String, max: Int,
        lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        // Half of the range, so that it is never negative; fresh for every claim.
        let token = Int64(pool.environment.random() >> 1)
        var steps = [Bound(.relax)]
        if start < 0 {
            steps.append(
                Bound(.promote) { parameters in
                    parameters.add(pool.now)
                    parameters.add(small: queue)
                    parameters.add(Int64(max))
                })
        }
        steps.append(
            Bound(.claim) { parameters in
                parameters.add(pool.now)
                parameters.add(small: queue)
                parameters.add(start)
                parameters.add(Int64(max))
                parameters.add(lease.microseconds)
                parameters.add(token)
            })
        guard let answer = try await pool.run(steps).last else { return [] }
        var highest = start
        let taken = answer.rows.map { row in
            let seq = row.integer(0)
            highest = Swift.max(highest, seq)
            let hold = Hold(queue: queue, seq: seq, lease: token, isLocal: row.flag(2))
            return Delivery(
                receipt: hold.receipt(for: name), attempt: Int(row.small(1)),
                message: row.bytes(3) ?? [])
        }
        desk.took(upTo: highest, isBacklog: taken.count == max)
        return taken
    }

    /// For how long there is nothing to take; long if the queue is empty.
    private func pause(until queue: Int32) async throws(BackendError) -> Duration {
        let answer = try await pool.run(
            Bound(.nextVisible) { parameters in
                parameters.add(pool.now)
                parameters.add(small: queue)
            })
        guard let row = answer.first, !row.isNull(0) else { return Self.slowLook }
        return .microseconds(row.integer(0) - row.integer(1))
    }
}
