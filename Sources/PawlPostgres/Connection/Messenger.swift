internal import Pawl
internal import Synchronization

/// Tells other processes that there is something in a queue, and hears it from them.
///
/// On a connection of its own, after the commit, and for a tenth of the time at most, so the more
/// rarely the busier the server is: a transaction that notifies takes a lock at its commit that is
/// the same for all of the server's databases.
final class Messenger: Sendable {
    private struct State {
        var wire: Wire?
        var isConnecting = false
        /// What others have not been told yet.
        var news: Set<String> = []
        var isTelling = false
        var lastTried = Timestamp(microseconds: 0)
    }

    /// How long what happens meanwhile is gathered, at least and at most. Nobody waits for the first.
    private static let pauses: (shortest: Duration, longest: Duration) = (
        .milliseconds(1), .milliseconds(50)
    )

    private let pool: Pool
    private let state = Mutex(State())
    private let heard: @Sendable (String?) -> Void

    /// Creates a messenger that does not listen yet.
    ///
    /// - Parameters:
    ///   - pool: Makes the connection.
    ///   - heard: Called with a queue's name when there is something in it; with `nil` when
    ///     anything may have been missed.
    init(_ pool: Pool, heard: @escaping @Sendable (String?) -> Void) {
        self.pool = pool
        self.heard = heard
    }

    deinit {
        state.withLock { $0.wire?.close() }
    }

    /// Sees to it that this process tells others and hears from them. If that fails, it is tried
    /// again when somebody asks a second later.
    ///
    /// - Returns: Whether it does. If not, whoever waits has to look more often.
    @discardableResult
    func beReady() async -> Bool {
        let now = pool.environment.now()
        let isOurs = state.withLock { state in
            if state.wire != nil || state.isConnecting { return false }
            if state.lastTried <= now, now < state.lastTried + .seconds(1) { return false }
            state.isConnecting = true
            state.lastTried = now
            return true
        }
        if isOurs {
            // Why it fails, those hear whose calls matter.
            let wire = try? await connect()
            state.withLock { state in
                state.isConnecting = false
                if let wire, !wire.isBroken { state.wire = wire }
            }
            // What came between the last look and now.
            if wire != nil { heard(nil) }
        }
        return state.withLock { $0.wire != nil }
    }

    private func connect() async throws(PostgresFailure) -> Wire {
        let wire = try await pool.connect()
        do throws(PostgresFailure) {
            _ = try await wire.run([Bound(.relaxSession), Bound(.listen)])
        } catch {
            wire.close()
            throw error
        }
        wire.listen { [weak self, weak wire] payload in
            if payload == nil { self?.lost(wire) }
            self?.heard(payload)
        }
        return wire
    }

    /// Tells other processes, soon.
    func tell(_ queues: some Sequence<String>) {
        let begins = state.withLock { state in
            state.news.formUnion(queues)
            defer { state.isTelling = true }
            return !state.isTelling
        }
        if begins { tellNow() }
    }

    private func tellNow() {
        let (news, wire) = state.withLock { state -> (Set<String>, Wire?) in
            defer { state.news = [] }
            if state.news.isEmpty || state.wire == nil { state.isTelling = false }
            return (state.news, state.wire)
        }
        guard let wire, !news.isEmpty else { return }
        let environment = pool.environment
        let start = environment.now()
        // Where it fails, others look by themselves after a while.
        wire.post([Bound(.notify) { $0.add(texts: news.sorted()) }]) { [weak self] _ in
            let took = environment.now() - start
            let pause = min(max(took * 9, Self.pauses.shortest), Self.pauses.longest)
            Reactor.shared.after(pause) { [weak self] in self?.tellNow() }
        }
    }

    private func lost(_ wire: Wire?) {
        state.withLock { state in
            if state.wire === wire { state.wire = nil }
        }
    }
}
