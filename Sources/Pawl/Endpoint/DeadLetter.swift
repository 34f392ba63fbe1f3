internal import FoundationEssentials

/// A message that was given up: what it was, what went wrong, how often and when.
///
/// It lies in the store of the endpoint that gave it up, until somebody retries or discards it;
/// see ``DeadLetters``.
public struct DeadLetter: Codable, Sendable {
    /// One failed attempt.
    public struct Failure: Codable, Hashable, Sendable {
        /// When it failed.
        public let time: Timestamp
        /// What was thrown, in words; the first 4,000 characters of them.
        public let error: String

        /// Some errors quote their whole input; a dead letter has to fit into a document.
        init(_ error: any Error, at time: Timestamp) {
            self.time = time
            self.error = String("\(error)".prefix(4000))
        }
    }

    /// The id of the dead letter: that of the message, or if that can't be read, one that follows
    /// from the bytes.
    public let id: MessageID
    /// The endpoint that gave it up.
    public let endpoint: String
    /// The wire name of the message's type; `nil` if it can't be read.
    public let type: String?
    /// What was thrown last, in words.
    public let error: String
    /// The number of failed attempts, by immediate retries too.
    public let attempts: Int
    /// The last failures before each delay, oldest first.
    public let failures: [Failure]
    /// When it was given up.
    public let time: Timestamp
    /// Until when the endpoint remembers whether a copy of it was processed; `nil` for ever. Later
    /// it is retried only if that is forced.
    public let retryBefore: Timestamp?
    /// The encoded envelope, as it came, in Base64.
    public let message: String

    /// The version of the document, so that a letter that was written anew is not removed with
    /// this one.
    var version: Version?

    private enum CodingKeys: String, CodingKey {
        case id, endpoint, type, error, attempts, failures, time, retryBefore, message
    }

    /// The message, if it can be read.
    public var envelope: Envelope? {
        bytes.flatMap { try? Envelope(decoding: $0) }
    }

    var bytes: [UInt8]? {
        Data(base64Encoded: message).map { Array($0) }
    }
}

/// What is remembered of a message that has failed and will be tried again.
struct Trouble: Codable {
    /// The failures before each delay, oldest first.
    var failures: [DeadLetter.Failure] = []
    /// All failed attempts, by immediate retries too.
    var attempts = 0
    /// How often handling it was begun with nothing else in flight, and not ended.
    var trials = 0
}
