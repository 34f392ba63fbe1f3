internal import Pawl

/// How a SQLite file is used.
public struct SQLiteOptions: Sendable {
    /// What a commit waits for.
    public enum Synchronous: Sendable, Hashable {
        /// The disk. What was answered survives a power cut.
        case full
        /// The operating system. What was answered survives the death of the process; a power cut
        /// can take back the last commits, though never a part of one.
        case normal
    }

    /// What a commit waits for; ``Synchronous/full`` unless said otherwise.
    public var synchronous: Synchronous
    /// For how long a call waits while other processes write to the file.
    public var busyTimeout: Duration
    /// The largest document, in bytes.
    public var largestDocument: Int
    /// The largest encoded message, in bytes.
    public var largestMessage: Int
    /// For how long a ``SQLiteDatabase`` remembers the ids of messages that came from outside of
    /// it; a copy that comes later is processed again. `nil`, the default, is for ever.
    public var processedRetention: Duration?
    /// Whether the file is only looked at: nothing is created or changed, and what would write
    /// throws.
    public var isReadOnly: Bool

    /// Creates options.
    ///
    /// - Parameters:
    ///   - synchronous: What a commit waits for.
    ///   - busyTimeout: For how long a call waits while other processes write to the file.
    ///   - largestDocument: The largest document, in bytes.
    ///   - largestMessage: The largest encoded message, in bytes.
    ///   - processedRetention: For how long the ids of messages from outside are remembered;
    ///     `nil` for ever.
    ///   - isReadOnly: Whether the file is only looked at.
    public init(
        synchronous: Synchronous = .full, busyTimeout: Duration = .seconds(10),
        largestDocument: Int = 16 << 20, largestMessage: Int = 1 << 20,
        processedRetention: Duration? = nil, isReadOnly: Bool = false
    ) {
        self.synchronous = synchronous
        self.busyTimeout = busyTimeout
        self.largestDocument = largestDocument
        self.largestMessage = largestMessage
        self.processedRetention = processedRetention
        self.isReadOnly = isReadOnly
    }

    /// Only looks at the file, for operators' tools.
    public static let readOnly = SQLiteOptions(isReadOnly: true)

    var storeLimits: StoreLimits {
        StoreLimits(largestDocument: largestDocument, largestBatch: 500)
    }

    var transportLimits: TransportLimits { TransportLimits(largestMessage: largestMessage) }
}
