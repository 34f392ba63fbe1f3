/// A call to a store or a transport that failed, and what that says about its effect.
///
/// Every backend sorts its failures into the three kinds of ``Effect``. The second one is the one
/// that matters: after ``Effect/mayHaveHappened`` the caller has to find out, never to assume.
public struct BackendError: Error, CustomStringConvertible {
    /// What a failed call did.
    public enum Effect: Sendable, Hashable {
        /// The call certainly had no effect. Trying again is safe and may help.
        case didNotHappen
        /// The call may have taken effect: its answer was lost.
        case mayHaveHappened
        /// The call had no effect and never can have: the same call would fail again.
        case canNeverHappen
    }

    /// What the failed call did.
    public let effect: Effect
    /// What happened, to what, and what to do about it.
    public let message: String
    /// The backend's own error, if there was one.
    public let underlying: (any Error)?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - effect: What the failed call did.
    ///   - message: What happened, to what, and what to do about it.
    ///   - underlying: The backend's own error, if there was one.
    public init(_ effect: Effect, _ message: String, underlying: (any Error)? = nil) {
        self.effect = effect
        self.message = message
        self.underlying = underlying
    }

    /// The message, the kind of failure and the underlying error.
    public var description: String {
        let kind =
            switch effect {
            case .didNotHappen: "it did not happen"
            case .mayHaveHappened: "it may have happened"
            case .canNeverHappen: "it can never happen"
            }
        let cause = underlying.map { " [\($0)]" } ?? ""
        return "\(message) (\(kind))\(cause)"
    }
}
