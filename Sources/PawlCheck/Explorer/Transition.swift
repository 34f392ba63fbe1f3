/// One choice of the explorer: what happens next, and how it ends. It is named by what it does, not
/// by when it came up, so that it is the same choice in all states in which it can be made.
package struct Transition: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        /// A process's call is answered.
        case call
        /// A process dies.
        case crash
        /// A process dies while it sends: some messages are sent.
        case crashPartly
        /// A call hangs while time goes by.
        case hang
        /// The lease of a message ends although its holder lives.
        case leaseEnds
        /// The transport makes another copy of a message.
        case duplicate
        /// Time leaps beyond the retention of records.
        case expire
        /// Time goes by until somebody's wait is over.
        case time
    }

    /// How a call ends.
    enum Ending: UInt8, Sendable {
        case success, stale, failBefore, failLost, failAfter, failPartly
    }

    var kind: Kind
    var process: UInt8 = .max
    var ending: Ending = .success
    /// The call's fingerprint, or the message's content and state.
    var subject: UInt64 = 0
    /// What is received, or how many messages are sent.
    var detail: UInt64 = 0

    /// Which budget it uses up.
    var budget: Budgets.Kind? {
        switch kind {
        case .call:
            switch ending {
            case .success: nil
            case .stale: .staleReads
            case .failBefore, .failLost, .failAfter, .failPartly: .failures
            }
        case .crash, .crashPartly: .crashes
        case .hang: .delays
        case .leaseEnds: .redeliveries
        case .duplicate: .duplicates
        case .expire: .expiries
        case .time: nil
        }
    }

    var isFault: Bool { budget != nil }
}

/// A choice that can be made, with what it touches.
struct Candidate: Sendable {
    let transition: Transition
    let reads: UInt64
    let writes: UInt64

    /// Whether the two lead to the same state in either order, and neither makes the other
    /// impossible: they are made by different processes and touch nothing in common.
    func isIndependent(of other: Candidate) -> Bool {
        transition.process != other.transition.process
            && writes & (other.reads | other.writes) == 0 && other.writes & reads == 0
    }
}
