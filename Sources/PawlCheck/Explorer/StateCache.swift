/// The states that were met, each with the choices that were left out there.
///
/// Sleep sets and remembered states don't go together by themselves: a choice that was left out at
/// the first visit, since an earlier sibling had taken care of it, may have to be made at the
/// second one, which has other siblings. Source: P. Godefroid, "Partial-Order Methods for the
/// Verification of Concurrent Systems", 1996, section 5.4.
struct StateCache {
    private var asleep: [Digest: [Transition]] = [:]

    var count: Int { asleep.count }

    /// What is to be explored at a visit.
    enum Visit {
        /// The state is new.
        case new
        /// These choices were left out at all visits so far.
        case only([Transition])
    }

    /// Whether a state was met, and something was left out at all visits.
    func hasSleeping(at key: Digest) -> Bool {
        asleep[key]?.isEmpty == false
    }

    /// Notes a visit.
    ///
    /// - Parameters:
    ///   - key: The state.
    ///   - sleeping: The choices that are left out this time.
    /// - Returns: What has to be explored from here.
    mutating func visit(_ key: Digest, sleeping: [Transition]) -> Visit {
        guard let stored = asleep[key] else {
            asleep[key] = sleeping
            return .new
        }
        if stored.isEmpty { return .only([]) }
        asleep[key] = stored.filter { sleeping.contains($0) }
        return .only(stored.filter { !sleeping.contains($0) })
    }
}
