internal import Pawl

/// What is explored: the processes, the messages, what may go wrong, and what must hold. It is made
/// once; every execution begins from it anew.
package struct Plan: Sendable {
    /// What a process does. Processes with the same role are alike.
    package struct Role: Sendable {
        /// The name of the process in reports; a number follows if there are several.
        package var name: String
        /// How many processes have this role.
        package var instances = 1
        /// Whether it is started again when it has died.
        package var restarts = true
        /// Whether it keeps nothing in memory from one message to the next, so that its state is
        /// what it has seen since the last one came.
        package var forgets = false
        /// Whether the processes that have it may change places; not if their names show.
        package var isSymmetric = true
        /// Whether its tasks may be cancelled while they wait.
        package var isCancellable = true
        /// What it does. When it returns, the process has ended.
        package var body: @Sendable (SimulatedProcess) async -> Void
        /// What it does if it handles one message after the other; `nil` if it is no endpoint.
        package var alone: (@Sendable (SimulatedProcess) async -> Void)?
    }

    /// A message that is in its queue at the beginning.
    struct Message: Sendable {
        var envelope: Envelope
        var queue: String
        var copies: Int
        /// Whether a commit of the same database has sent it, so that there is no other copy.
        var isLocal: Bool
    }

    /// A document that is in the store at the beginning.
    struct Placed: Sendable {
        var key: DocumentKey
        var partition: PartitionKey
        var content: Content
    }

    /// A property of the user's.
    struct Property: Sendable {
        let name: String
        let holds: @Sendable (Snapshot) throws -> Bool
    }

    var roles: [Role] = []
    var messages: [Message] = []
    var documents: [Placed] = []
    /// The types that each queue's endpoint handles.
    var endpoints: [String: Set<String>] = [:]
    /// The queues that some process receives from.
    var consumed: Set<String> = []
    /// The queues whose messages handlers apply, under watch.
    var watched: Set<String> = []
    var budgets = Budgets()
    var limits = StoreLimits(largestDocument: 16 << 20, largestBatch: 1_000)
    var transportLimits = TransportLimits(largestMessage: 16 << 20)
    /// How far time leaps for an expiry.
    var retention: Duration = .days(7)
    /// A wait that is not longer may end although others have something to do.
    var patience: Duration = .seconds(1)
    /// Whether a call that fails without effect says so in one execution and can't tell in another,
    /// and whether receiving fails too. Otherwise what fails without effect can't tell: whoever is
    /// right then is right when he is told more. And a failed receipt is only a later one.
    var failsInAllWays = false
    /// How long a call hangs at most: as long as it takes until a submission is given up, and more.
    /// Without an end time could go by for ever.
    var longestHang: Duration = .seconds(90)
    /// Whether the properties that come for free are checked.
    var checksMessages = true
    /// Whether copies of a message are told apart while nobody holds them, so that a state says
    /// which is which. It makes more states of it, that a spec can be compared with.
    var tellsCopiesApart = false
    /// Whether each delivery has a time of its own, so that the time says whose attempt it is.
    var tellsTimesApart = false
    /// The ends that executions may come to, where handlers have to be idempotent.
    var reference: Reference?
    /// Gathers the ends that they come to.
    var endings: EndingCollector?
    /// Whether nothing goes wrong in an endpoint.
    var sparesEndpoints = false
    var always: [Property] = []
    var finally: [Property] = []
    /// The longest execution, in steps; what comes to no rest by then never will.
    var longest = 2_000

    /// The moment at which every execution begins.
    static let beginning = Timestamp(microseconds: 1_767_225_600_000_000)

    package init() {}

    /// Puts a message into its queue, with the token that its sender would have made.
    mutating func add(_ message: Message, hasToken: Bool) {
        var message = message
        if hasToken {
            let token = Token(ofSenderOf: "\(message.envelope.id) to \(message.queue)")
            message.envelope.carry(token)
            documents.append(
                Placed(key: token.key, partition: token.partition, content: Content(body: nil)))
        }
        messages.append(message)
    }
}

/// What an execution has shown to be wrong.
package struct Violation: Sendable, Equatable {
    package let property: String
    package let explanation: String
}
