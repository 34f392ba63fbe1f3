/// An error of Pawl's own: what went wrong, and what to do about it.
public struct PawlError: Error, Sendable, CustomStringConvertible {
    /// Tells errors apart.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Base: String {
            case malformedMessage, malformedDocument, unknownType, missingEntity, entityExists
            case noDestination, ambiguousDestination, messageTooLarge, documentTooLarge
            case nameTaken, sameEntityTwice, diedAlone, noSuchDeadLetter, deadLetterTooOld
            case contention, notDeterministic, storeUnfit, unsupportedMessage, contradiction
        }
        private let base: Base

        /// A message's bytes or its body can't be read.
        public static let malformedMessage = Code(base: .malformedMessage)
        /// A stored document can't be read as the type that is asked for.
        public static let malformedDocument = Code(base: .malformedDocument)
        /// No handler of this endpoint knows the message's type.
        public static let unknownType = Code(base: .unknownType)
        /// The handler's entity must exist, but doesn't.
        public static let missingEntity = Code(base: .missingEntity)
        /// The handler creates its entity, but there is one already.
        public static let entityExists = Code(base: .entityExists)
        /// There is no endpoint that handles the message, or no queue of that name.
        public static let noDestination = Code(base: .noDestination)
        /// Several endpoints handle the same command.
        public static let ambiguousDestination = Code(base: .ambiguousDestination)
        /// A message is larger than the transport can carry.
        public static let messageTooLarge = Code(base: .messageTooLarge)
        /// A document is larger than the store can hold.
        public static let documentTooLarge = Code(base: .documentTooLarge)
        /// Another endpoint of the same name handles other messages.
        public static let nameTaken = Code(base: .nameTaken)
        /// A handler that changes several entities was given the same one twice.
        public static let sameEntityTwice = Code(base: .sameEntityTwice)
        /// The process died several times while it handled this message and nothing else.
        public static let diedAlone = Code(base: .diedAlone)
        /// There is no dead letter with that id.
        public static let noSuchDeadLetter = Code(base: .noSuchDeadLetter)
        /// A dead letter is older than what the endpoint remembers.
        public static let deadLetterTooOld = Code(base: .deadLetterTooOld)
        /// Others changed the entity again and again between a read and the write.
        public static let contention = Code(base: .contention)
        /// A handler made something else of the same state and the same message than before.
        public static let notDeterministic = Code(base: .notDeterministic)
        /// The store can't write as many documents at once as the algorithm has to.
        public static let storeUnfit = Code(base: .storeUnfit)
        /// Under one key, which has one value for ever, there are to be two.
        public static let contradiction = Code(base: .contradiction)

        /// A message needs something that this endpoint's algorithm does not have: the store of its
        /// token, or of its body.
        public static let unsupportedMessage = Code(base: .unsupportedMessage)

        /// The code's name.
        public var description: String { base.rawValue }
    }

    /// Which error it is.
    public let code: Code
    /// What went wrong, and what to do about it.
    public let message: String
    /// The error behind it, if there is one.
    public let underlying: (any Error)?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: Which error it is.
    ///   - message: What went wrong, and what to do about it.
    ///   - underlying: The error behind it, if there is one.
    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The code, the message and the underlying error.
    public var description: String {
        let cause = underlying.map { " [\($0)]" } ?? ""
        return "\(code): \(message)\(cause)"
    }
}

/// An error after which trying again is useless: the message goes to the dead letters at once.
///
/// ```swift
/// struct NoSuchCurrency: PermanentError { let currency: String }
/// ```
public protocol PermanentError: Error {}
