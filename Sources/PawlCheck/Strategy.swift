/// How a check goes about its work, and what may go wrong in the executions that it tries.
public struct Strategy: Sendable {
    enum Kind: Sendable {
        case exhaustive
        case sampled(seed: UInt64, cores: Int)
    }

    let kind: Kind
    let budgets: Budgets
    package let executions: Int

    /// The same with other budgets.
    package func with(_ budgets: Budgets) -> Strategy {
        Strategy(kind: kind, budgets: budgets, executions: executions)
    }

    /// Tries every order of events and every place for each fault, up to equivalence. Fit for small
    /// scopes: two or three processes, one or two messages, one or two faults. It uses one core.
    ///
    /// - Parameters:
    ///   - crashes: Processes that die, in each execution.
    ///   - failures: Calls that fail: before their effect, after it, or in the middle of it.
    ///   - redeliveries: Leases that end while the message is still being handled.
    ///   - duplicates: Messages that the transport delivers once more than it should.
    ///   - expiries: Leaps in time by which records expire.
    ///   - staleReads: Reads that answer what was there before the last change.
    ///   - delays: Calls that hang while time goes by.
    ///   - executions: After so many executions the check gives up, and fails.
    /// - Returns: The strategy.
    public static func exhaustive(
        crashes: Int = 1, failures: Int = 1, redeliveries: Int = 0, duplicates: Int = 0,
        expiries: Int = 0, staleReads: Int = 0, delays: Int = 0, executions: Int = 5_000_000
    ) -> Strategy {
        Strategy(
            kind: .exhaustive,
            budgets: Budgets(
                crashes: crashes, failures: failures, redeliveries: redeliveries,
                duplicates: duplicates, expiries: expiries, staleReads: staleReads, delays: delays),
            executions: executions)
    }

    /// Tries executions drawn at random, the odd ones more often than chance would. Fit for scopes
    /// that are too large to be exhausted; it never claims that they are. Each execution is made
    /// once, so code that depends on real time or on the order of a `Set` is not found out.
    ///
    /// - Parameters:
    ///   - executions: How many executions are tried, over all cores.
    ///   - seed: What the draws follow from: with the same seed and number of cores, the same
    ///     executions.
    ///   - cores: How many threads explore, each other executions.
    ///   - crashes: Processes that die, in each execution.
    ///   - failures: Calls that fail: before their effect, after it, or in the middle of it.
    ///   - redeliveries: Leases that end while the message is still being handled.
    ///   - duplicates: Messages that the transport delivers once more than it should.
    ///   - expiries: Leaps in time by which records expire.
    ///   - staleReads: Reads that answer what was there before the last change.
    ///   - delays: Calls that hang while time goes by.
    /// - Returns: The strategy.
    public static func sampled(
        _ executions: Int, seed: UInt64 = 1, cores: Int = 1, crashes: Int = 1, failures: Int = 1,
        redeliveries: Int = 0, duplicates: Int = 0, expiries: Int = 0, staleReads: Int = 0,
        delays: Int = 0
    ) -> Strategy {
        Strategy(
            kind: .sampled(seed: seed, cores: max(1, cores)),
            budgets: Budgets(
                crashes: crashes, failures: failures, redeliveries: redeliveries,
                duplicates: duplicates, expiries: expiries, staleReads: staleReads, delays: delays),
            executions: executions)
    }

    /// Whether it tries all executions.
    package var isExhaustive: Bool {
        if case .exhaustive = kind { true } else { false }
    }

    var name: String {
        switch kind {
        case .exhaustive: "exhaustive: depth first, sleep sets, states, symmetry"
        case .sampled(let seed, let cores):
            "sampled: priorities with few changes, seed \(seed), \(cores) threads"
        }
    }
}
