/// Where time, waiting and randomness come from.
///
/// Nothing in Pawl reads a clock, sleeps or draws a random number except through a value of this
/// type. Production uses ``system``; a test or a checker passes its own and so controls them all.
///
/// An environment stands for a process: endpoints that share one count as running in one process.
public struct Environment: Sendable {
    /// The current wall-clock time.
    public let now: @Sendable () -> Timestamp
    /// Waits for a duration; throws `CancellationError` when the task is cancelled meanwhile.
    public let sleep: @Sendable (Duration) async throws -> Void
    /// Draws 64 random bits.
    public let random: @Sendable () -> UInt64
    /// Shared by all endpoints of a process, which are those that have the same environment.
    let gate = ProcessGate()

    /// Creates an environment.
    ///
    /// - Parameters:
    ///   - now: Reads the wall clock.
    ///   - sleep: Waits for a duration, or throws `CancellationError`.
    ///   - random: Draws 64 random bits.
    public init(
        now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.sleep = sleep
        self.random = random
    }

    /// A duration between 75 % and 125 % of `duration`, so that what failed together does not
    /// come back together.
    package func jittered(_ duration: Duration) -> Duration {
        let share = 75 + Int64(random() % 51)
        return .microseconds(duration.microseconds / 100 * share)
    }
}
