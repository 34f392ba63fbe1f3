public import Pawl

/// A transport to be checked, and how to look at it from outside.
public struct TransportSubject: ContractSubject {
    /// The transport.
    public let transport: any Transport
    /// Opens a second handle on the same queues, as another process would; `nil` if that can't be.
    public let openSecond: (@Sendable () async throws -> any Transport)?
    /// Where the transport's time comes from.
    public let environment: Environment
    /// Moves the transport's time forward; `nil` if that can't be.
    public let advance: (@Sendable (Duration) async -> Void)?
    /// The lease that checks ask for. Where time can't be moved but has to be waited for, choose
    /// a short one.
    public let lease: Duration
    /// Whether the transport knows, and says, when a lease was no longer the caller's. Without
    /// that, a late acknowledgement has to be harmless, and that is all.
    public let hasFencing: Bool

    /// Creates a subject.
    ///
    /// - Parameters:
    ///   - transport: The transport.
    ///   - openSecond: Opens a second handle on the same queues, as another process would.
    ///   - environment: Where the transport's time comes from.
    ///   - advance: Moves the transport's time forward; for one on a clock of its own, waits.
    ///   - lease: The lease that checks ask for.
    ///   - hasFencing: Whether the transport says when a lease was no longer the caller's.
    public init(
        _ transport: any Transport,
        openSecond: (@Sendable () async throws -> any Transport)? = nil,
        environment: Environment, advance: (@Sendable (Duration) async -> Void)? = nil,
        lease: Duration = .seconds(30), hasFencing: Bool = true
    ) {
        self.transport = transport
        self.openSecond = openSecond
        self.environment = environment
        self.advance = advance
        self.lease = lease
        self.hasFencing = hasFencing
    }

    /// Creates a subject whose time a manual clock moves.
    ///
    /// - Parameters:
    ///   - transport: The transport, created with the clock's environment.
    ///   - openSecond: Opens a second handle on the same queues, as another process would.
    ///   - clock: The clock.
    public init(
        _ transport: any Transport,
        openSecond: (@Sendable () async throws -> any Transport)? = nil, clock: ManualClock
    ) {
        self.init(transport, openSecond: openSecond, environment: clock.environment) {
            await clock.advance(by: $0)
        }
    }

    /// What this transport, run in this way, offers.
    public var capabilities: Set<Capability> {
        var capabilities: Set<Capability> = []
        if openSecond != nil { capabilities.insert(.secondHandle) }
        if advance != nil { capabilities.insert(.clock) }
        if hasFencing { capabilities.insert(.fencing) }
        if transport.transportLimits.largestMessage <= 64 << 20 {
            capabilities.insert(.reachableLimits)
        }
        return capabilities
    }
}

/// What a transport must do.
public enum TransportContract {
    /// Every check, each independent of the others; they may share one transport.
    public static let checks: [Check<TransportSubject>] =
        sending + leases + releases + extensions + delays + waiting + sharing
        + registrations + transportHandles
}

/// A check of a transport, given a scene of its own.
func transportCheck(
    _ name: String, requires: Set<Capability> = [],
    body: @escaping @Sendable (TransportScene) async throws -> Void
) -> Check<TransportSubject> {
    Check(name, requires: requires) { try await body(try await TransportScene($0)) }
}
