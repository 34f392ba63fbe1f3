/// How often each kind of fault may happen in one execution.
///
/// The faults of a kind are tried at every place where they can happen; what an execution has used
/// up does not come back.
public struct Budgets: Hashable, Sendable {
    /// Processes that die in the middle of something, perhaps while they send. They are started
    /// again with nothing in memory, except those that say otherwise, such as sessions.
    public var crashes: Int
    /// Calls that fail: before they take effect, or after it (“took effect, but reported
    /// failure”), or, where a call sends several messages, in between.
    public var failures: Int
    /// Leases that end although whoever holds them is still at work, so that the message is
    /// delivered again.
    public var redeliveries: Int
    /// Messages that the transport delivers once more than it should, however late.
    public var duplicates: Int
    /// Leaps in time longer than processed messages are remembered, so that records expire, and
    /// whatever waits for time goes on.
    public var expiries: Int
    /// Reads of one document that are answered with what it held before its last change, as
    /// eventually consistent stores do.
    public var staleReads: Int
    /// Calls that hang while time goes by and others go on, for 90 seconds at most.
    public var delays: Int

    /// Creates budgets; nothing goes wrong unless it is said here.
    ///
    /// - Parameters:
    ///   - crashes: Processes that die.
    ///   - failures: Calls that fail.
    ///   - redeliveries: Leases that end too early.
    ///   - duplicates: Messages that come once more.
    ///   - expiries: Leaps in time beyond the retention of records.
    ///   - staleReads: Reads that answer what was there before.
    ///   - delays: Calls that hang while time goes by.
    public init(
        crashes: Int = 0, failures: Int = 0, redeliveries: Int = 0, duplicates: Int = 0,
        expiries: Int = 0, staleReads: Int = 0, delays: Int = 0
    ) {
        self.crashes = crashes
        self.failures = failures
        self.redeliveries = redeliveries
        self.duplicates = duplicates
        self.expiries = expiries
        self.staleReads = staleReads
        self.delays = delays
    }

    /// The kinds of faults, each with a bit of its own in a footprint.
    enum Kind: Int, CaseIterable {
        case crashes, failures, redeliveries, duplicates, expiries, staleReads, delays
    }

    subscript(kind: Kind) -> Int {
        get {
            switch kind {
            case .crashes: crashes
            case .failures: failures
            case .redeliveries: redeliveries
            case .duplicates: duplicates
            case .expiries: expiries
            case .staleReads: staleReads
            case .delays: delays
            }
        }
        set {
            switch kind {
            case .crashes: crashes = newValue
            case .failures: failures = newValue
            case .redeliveries: redeliveries = newValue
            case .duplicates: duplicates = newValue
            case .expiries: expiries = newValue
            case .staleReads: staleReads = newValue
            case .delays: delays = newValue
            }
        }
    }

    /// All budgets packed into one number, for a state's key.
    var packed: UInt64 {
        Kind.allCases.reduce(0) { $0 << 9 | UInt64(min(self[$1], 511)) }
    }
}

extension Budgets: CustomStringConvertible {
    /// The budgets that are not zero, for example `1 crash, 1 failure`.
    public var description: String {
        let names: [(Kind, String, String)] = [
            (.crashes, "crash", "crashes"), (.failures, "failure", "failures"),
            (.redeliveries, "redelivery", "redeliveries"),
            (.duplicates, "duplicate", "duplicates"), (.expiries, "expiry", "expiries"),
            (.staleReads, "stale read", "stale reads"), (.delays, "delay", "delays"),
        ]
        let parts = names.compactMap { kind, one, many -> String? in
            let count = self[kind]
            return count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
        }
        return parts.isEmpty ? "no faults" : parts.joined(separator: ", ")
    }
}
