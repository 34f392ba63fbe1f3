/// How often and when a message that failed is tried again, before it goes to the dead letters.
///
/// First at once, since many failures are over by then; then after delays that double and double
/// again, each between 75 % and 125 % of its length. The delays survive a restart.
public struct RetryPolicy: Sendable {
    /// How often it is tried again at once, after each delay anew. 2 by default.
    public var immediate: Int
    /// How often it is tried again after a delay. 5 by default.
    public var delayed: Int
    /// The first delay. 1 second by default.
    public var firstDelay: Duration
    /// How many times as long each delay is as the one before. 4 by default.
    public var factor: Int
    /// No delay is longer than this. 1 hour by default.
    public var longestDelay: Duration

    /// Creates a policy; by default some six minutes go by before a message is given up.
    ///
    /// - Parameters:
    ///   - immediate: How often it is tried again at once, after each delay anew.
    ///   - delayed: How often it is tried again after a delay.
    ///   - firstDelay: The first delay.
    ///   - factor: How many times as long each delay is as the one before, at least 1.
    ///   - longestDelay: No delay is longer than this.
    public init(
        immediate: Int = 2, delayed: Int = 5, firstDelay: Duration = .seconds(1),
        factor: Int = 4, longestDelay: Duration = .seconds(3600)
    ) {
        precondition(immediate >= 0 && delayed >= 0 && factor >= 1)
        self.immediate = immediate
        self.delayed = delayed
        self.firstDelay = firstDelay
        self.factor = factor
        self.longestDelay = longestDelay
    }

    /// What is to be done after a failure.
    enum Action: Equatable {
        case retryNow
        case retryLater(Duration)
        case deadLetter
    }

    /// Decides what is to be done after a failure.
    ///
    /// - Parameters:
    ///   - error: What was thrown.
    ///   - retriesNow: How often it was tried again at once since it was delivered.
    ///   - retriesLater: How often it was tried again after a delay.
    /// - Returns: What is to be done.
    func action(after error: any Error, retriesNow: Int, retriesLater: Int) -> Action {
        if error.isPermanent { return .deadLetter }
        if retriesNow < immediate, !error.isUnknownType { return .retryNow }
        guard retriesLater < delayed else { return .deadLetter }
        var delay = firstDelay
        for _ in 0..<retriesLater where delay < longestDelay { delay *= factor }
        return .retryLater(min(delay, longestDelay))
    }
}

extension Error {
    /// Whether trying again is useless.
    fileprivate var isPermanent: Bool {
        switch self {
        case is any PermanentError: true
        case let error as BackendError: error.effect == .canNeverHappen
        case let error as PawlError:
            [
                .malformedMessage, .messageTooLarge, .documentTooLarge, .sameEntityTwice,
                .diedAlone, .notDeterministic, .storeUnfit,
            ].contains(error.code)
        default: false
        }
    }

    /// Whether only another process, with newer code, can help.
    fileprivate var isUnknownType: Bool { (self as? PawlError)?.code == .unknownType }

    /// Whether a store or a transport is out of reach: not the message's fault.
    var isOutage: Bool {
        guard let error = self as? BackendError else { return false }
        return error.effect != .canNeverHappen
    }
}
