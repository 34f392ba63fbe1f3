package import PawlCheck

/// An algorithm with one mistake, which a checker has to find.
package struct Mutant: Sendable {
    /// Its id in the catalogue and its name, for example `1 publish-first`; of a generated one the
    /// algorithm and the change, for example `outbox/process skip 4 write`.
    package let name: String
    /// What is done wrong, in one sentence.
    package let mistake: String
    /// What that leads to.
    package let failure: String
    /// What it is a mutant of: an algorithm that ships, or `session`.
    package let base: String
    /// The algorithm with the mistake in it.
    package let algorithm: AlgorithmUnderCheck
    /// Where the mistake shows with the least effort, as far as that is known.
    package let scope: Scope
    /// Whether it keeps something in memory from one message to the next, so that what a process
    /// has read before matters for what it does now.
    package let keepsMemory: Bool
    /// The change, of a generated one; `nil` for what is in the catalogue.
    package let mutation: Mutation?

    package init(
        name: String, mistake: String, failure: String, base: String,
        algorithm: AlgorithmUnderCheck, scope: Scope = Scope(), keepsMemory: Bool = false,
        mutation: Mutation? = nil
    ) {
        self.name = name
        self.mistake = mistake
        self.failure = failure
        self.base = base
        self.algorithm = algorithm
        self.scope = scope
        self.keepsMemory = keepsMemory
        self.mutation = mutation
    }

    /// The first word of its name: `1`, `t1`.
    package var id: String { String(name.prefix { $0 != " " }) }

    /// What has to be there, and to go wrong, for a mistake to show.
    package struct Scope: Hashable, Sendable {
        /// The number of processes that work on the queue.
        package var consumers: Int
        /// The number of copies of the message in the queue.
        package var copies: Int
        /// The number of other messages for the same entity.
        package var others: Int
        /// The number of processes that crash.
        package var crashes: Int
        /// The number of calls that fail.
        package var failures: Int
        /// The number of messages that the handler sends.
        package var outputs: Int
        /// The number of processes that receive what is sent.
        package var receivers = 0
        /// Whether a lease has to end while its owner goes on.
        package var needsLeaseEnd: Bool
        /// Whether the handler turns the message down, so that the state stays as it is.
        package var rejects: Bool
        /// Whether the message has to be sent by a transaction of the same database, so that
        /// nothing is remembered of it. It has no copies then.
        package var isLocal: Bool
        /// Whether it takes a session: a submission, and the message that has it finished.
        package var needsSession: Bool
        /// Whether a submission has to be given up while its process stands still.
        package var needsGivingUp: Bool
        /// Whether a read has to answer what was there before.
        package var needsStaleRead: Bool
        /// Whether time has to leap.
        package var needsExpiry: Bool
        /// How far it leaps then.
        package var leap: Duration
        /// Whether it takes long until it shows where everything is explored in turn.
        package var isLarge = false

        package init(
            consumers: Int = 2, copies: Int = 2, others: Int = 1, crashes: Int = 1,
            failures: Int = 1, outputs: Int = 1, needsLeaseEnd: Bool = false,
            rejects: Bool = false, isLocal: Bool = false, needsSession: Bool = false,
            needsGivingUp: Bool = false,
            needsStaleRead: Bool = false, needsExpiry: Bool = false,
            leap: Duration = .seconds(7 * 86_400)
        ) {
            self.consumers = consumers
            self.copies = copies
            self.others = others
            self.crashes = crashes
            self.failures = failures
            self.outputs = outputs
            self.needsLeaseEnd = needsLeaseEnd
            self.rejects = rejects
            self.isLocal = isLocal
            self.needsSession = needsSession
            self.needsGivingUp = needsGivingUp
            self.needsStaleRead = needsStaleRead
            self.needsExpiry = needsExpiry
            self.leap = leap
        }
    }
}

extension Mutant.Scope {
    /// One process, one copy, nothing goes wrong: every scope of a known mutant starts from here.
    static let alone = Mutant.Scope(consumers: 1, copies: 1, others: 0, crashes: 0, failures: 0)

    /// One process that crashes, and comes back.
    static let crash = alone.with { $0.crashes = 1 }

    /// One process that gets the same message twice.
    static let duplicate = alone.with { $0.copies = 2 }

    /// Two processes, each with a copy of one message.
    static let copies = alone.with {
        $0.consumers = 2
        $0.copies = 2
    }

    /// Two processes, each with another message for the same entity.
    static let rivals = alone.with {
        $0.consumers = 2
        $0.others = 1
    }

    /// A submission whose process crashes, and one process that finishes it.
    static let session = crash.with {
        $0.copies = 0
        $0.needsSession = true
    }

    /// A submission that is given up while its process stands still, and goes on then.
    static let givenUp = session.with {
        $0.crashes = 0
        $0.needsGivingUp = true
    }

    func with(_ change: (inout Mutant.Scope) -> Void) -> Mutant.Scope {
        var scope = self
        change(&scope)
        return scope
    }
}
