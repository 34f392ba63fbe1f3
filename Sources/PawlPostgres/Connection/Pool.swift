internal import Pawl
internal import Synchronization

/// A bounded number of connections, made when they are needed and shared by all calls.
final class Pool: Sendable {
    private struct State {
        var idle: [Wire] = []
        /// How many there are or are being made.
        var count = 0
        /// Who waits for one; they get `nil` where they may make a new one.
        var waiting: [CheckedContinuation<Wire?, Never>] = []
    }

    let url: String
    let options: PostgresOptions
    let environment: Environment
    /// The database in messages to people: without a password.
    let place: String
    private let texts: StatementTexts
    private let state = Mutex(State())

    /// Creates a pool without a connection.
    ///
    /// - Throws: `BackendError` if the connection string is not understood.
    init(
        url: String, options: PostgresOptions, environment: Environment
    ) throws(BackendError) {
        self.url = url
        self.options = options
        self.environment = environment
        place = try Place.name(url)
        // With `.wake` behind it, it is the name of a channel, which has 63 bytes at most.
        guard (1...58).contains(options.schema.utf8.count), !options.schema.contains("'") else {
            throw BackendError(
                .canNeverHappen,
                "\(place): the option `schema` is `\(options.schema)`. It must have 1 to 58 bytes, "
                    + "and no apostrophe.")
        }
        texts = StatementTexts(schema: options.schema)
    }

    deinit {
        state.withLock { state in
            for wire in state.idle { wire.close() }
        }
    }

    /// What statements take for the time: `nil` for the server's own.
    var now: Int64? {
        switch options.clock {
        case .server: nil
        case .environment: environment.now().microseconds
        }
    }

    /// Runs statements in one transaction.
    ///
    /// - Returns: An answer for each.
    func run(_ steps: [Bound]) async throws(BackendError) -> [Answer] {
        try await use { (wire) throws(PostgresFailure) in try await wire.run(steps) }
    }

    /// Runs a statement and returns its answer.
    func run(_ step: Bound) async throws(BackendError) -> Answer {
        try await run([step])[0]
    }

    /// Lends a connection.
    func use<Value: Sendable>(
        _ body: (Wire) async throws(PostgresFailure) -> Value
    ) async throws(BackendError) -> Value {
        do throws(PostgresFailure) {
            let wire = try await take()
            defer { giveBack(wire) }
            return try await body(wire)
        } catch {
            throw error.backendError(at: place)
        }
    }

    /// Makes a connection that is not one of the pool's.
    func connect() async throws(PostgresFailure) -> Wire {
        let connection = try await Connecting.connect(to: url, timeout: options.connectTimeout)
        // The server ends a statement that takes too long; only if it does not, we do.
        let wire = Wire(
            connection.value, texts: texts, patience: options.statementTimeout + .seconds(10))
        do throws(PostgresFailure) {
            _ = try await wire.run([
                Bound(.setUp) { $0.add(options.statementTimeout.microseconds / 1000) }
            ])
            return wire
        } catch {
            wire.close()
            throw error
        }
    }

    /// Closes what is idle.
    func closeIdle() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            state.count -= state.idle.count
            return state.idle
        }
        for wire in idle { wire.close() }
    }

    func take() async throws(PostgresFailure) -> Wire {
        while true {
            let found = await withCheckedContinuation { continuation in
                let (isNow, wire) = state.withLock { state -> (Bool, Wire?) in
                    if let wire = state.idle.popLast() { return (true, wire) }
                    if state.count < options.connections {
                        state.count += 1
                        return (true, nil)
                    }
                    state.waiting.append(continuation)
                    return (false, nil)
                }
                if isNow { continuation.resume(returning: wire) }
            }
            guard let found else { break }
            if !found.isBroken { return found }
            // It broke while nobody used it.
            dropped()
        }
        do {
            return try await connect()
        } catch {
            dropped()
            throw error
        }
    }

    func giveBack(_ wire: Wire) {
        if wire.isBroken { return dropped() }
        let next = state.withLock { state -> CheckedContinuation<Wire?, Never>? in
            if state.waiting.isEmpty {
                state.idle.append(wire)
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: wire)
    }

    /// There is one connection less; whoever waits may make another.
    private func dropped() {
        let next = state.withLock { state -> CheckedContinuation<Wire?, Never>? in
            if state.waiting.isEmpty {
                state.count -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: nil)
    }
}
