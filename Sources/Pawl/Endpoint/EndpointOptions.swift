/// How an endpoint runs.
public struct EndpointOptions: Sendable {
    /// How many messages one process handles at once, which is also how many it holds in memory.
    /// 64 by default.
    public var concurrency: Int
    /// For how long a received message is this process's; extended while it is handled. After a
    /// crash, what was in flight waits for this long. 30 seconds by default.
    public var lease: Duration
    /// What happens to a message that failed.
    public var retries: RetryPolicy
    /// How often a process may die while it handles one message and nothing else, before that
    /// message is given up. 3 by default.
    public var deathsAlone: Int

    /// Creates options.
    ///
    /// - Parameters:
    ///   - concurrency: How many messages one process handles at once.
    ///   - lease: For how long a received message is this process's.
    ///   - retries: What happens to a message that failed.
    ///   - deathsAlone: How often a process may die of one message.
    public init(
        concurrency: Int = 64, lease: Duration = .seconds(30), retries: RetryPolicy = RetryPolicy(),
        deathsAlone: Int = 3
    ) {
        precondition(concurrency > 0 && lease > .zero && deathsAlone > 0)
        self.concurrency = concurrency
        self.lease = lease
        self.retries = retries
        self.deathsAlone = deathsAlone
    }
}
