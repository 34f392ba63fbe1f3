internal import Pawl

/// How a PostgreSQL database is used.
public struct PostgresOptions: Sendable {
    /// What happens to the tables when the database is opened.
    public enum Setup: Sendable, Hashable {
        /// They are made, or brought to what this version needs. Any number of processes may do
        /// so at the same time.
        case migrate
        /// They have to be there already, made by `pawl migrate`: for a role that may not create
        /// tables.
        case verify
    }

    /// The schema that Pawl's tables are in.
    public var schema: String
    /// The largest number of connections that do the work. One more listens for messages of other
    /// processes.
    public var connections: Int
    /// For how long a statement may run before the server ends it.
    public var statementTimeout: Duration
    /// For how long an attempt to connect may take.
    public var connectTimeout: Duration
    /// The largest document, in bytes.
    public var largestDocument: Int
    /// The largest encoded message, in bytes.
    public var largestMessage: Int
    /// For how long a ``PostgresDatabase`` remembers the ids of messages that came from outside
    /// of it; a copy that comes later is processed again. `nil`, the default, is for ever.
    public var processedRetention: Duration?
    /// What happens to the tables when the database is opened.
    public var setup: Setup

    /// Where leases, delays and expiry get the time from. On several machines it must be the
    /// server, as clocks differ; tests move the time themselves.
    package var clock: Clock

    package enum Clock: Sendable {
        case server
        case environment
    }

    /// Creates options.
    ///
    /// - Parameters:
    ///   - schema: The schema that Pawl's tables are in.
    ///   - connections: The largest number of connections that do the work, at least 1.
    ///   - statementTimeout: For how long a statement may run before the server ends it.
    ///   - connectTimeout: For how long an attempt to connect may take.
    ///   - largestDocument: The largest document, in bytes.
    ///   - largestMessage: The largest encoded message, in bytes.
    ///   - processedRetention: For how long the ids of messages from outside are remembered;
    ///     `nil` for ever.
    ///   - setup: What happens to the tables when the database is opened.
    public init(
        schema: String = "pawl", connections: Int = 4, statementTimeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(10), largestDocument: Int = 16 << 20,
        largestMessage: Int = 1 << 20, processedRetention: Duration? = nil,
        setup: Setup = .migrate
    ) {
        precondition(connections >= 1, "PostgresOptions.connections must be at least 1.")
        self.schema = schema
        self.connections = connections
        self.statementTimeout = statementTimeout
        self.connectTimeout = connectTimeout
        self.largestDocument = largestDocument
        self.largestMessage = largestMessage
        self.processedRetention = processedRetention
        self.setup = setup
        clock = .server
    }

    var storeLimits: StoreLimits {
        StoreLimits(largestDocument: largestDocument, largestBatch: 500)
    }

    var transportLimits: TransportLimits { TransportLimits(largestMessage: largestMessage) }
}
