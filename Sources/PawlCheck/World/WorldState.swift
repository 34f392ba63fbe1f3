internal import Pawl

/// Everything of an execution that is plain data: what is saved, what is in the queues, what was
/// noted, and where each process is. It can be kept and taken up again; tasks can't.
struct WorldState {
    var documents: [Slot] = []
    var entries: [Entry] = []
    var published: [Published] = []
    /// The attempts whose effect was saved at some time.
    var committed: Set<Int> = []
    var attempts: [Int: AttemptNote] = [:]
    /// What was noted about attempts and can't be seen in the world: whose effect was saved, what
    /// they were to send, and which messages were rejected.
    var notes = Digest.zero
    /// The submissions that somebody was told are saved.
    var answered: Set<MessageID> = []
    /// The commits of a database, by identity of the message, that changed no document.
    var processedRows: [Int] = []
    var directory = Directory(endpoints: [:])
    var registered: [String: [String: Timestamp]] = [:]
    var now = Plan.beginning
    var budgets = Budgets()
    var processes: [ProcessState] = []
    var violation: Violation?
    /// Whether a document has changed or a message was published since the user's properties were
    /// last looked at.
    var isChanged = true
}

extension WorldState {
    /// A document of the simulated store.
    struct Slot {
        let address: Int
        /// How often it was written; a deletion counts. 0 if it never was.
        var writes = 0
        var content: Content?
        /// What it held before its last change.
        var previous: (writes: Int, content: Content?)?
        var digest = Digest.zero
    }

    /// A copy of a message in a queue.
    struct Entry {
        let content: Int
        /// Which copy with this content it is.
        let copy: Int
        let isLocal: Bool
        var visibleFrom: Timestamp
        /// How many leases were begun.
        var leases = 0
        /// How many leases ended by themselves.
        var endedLeases = 0
        /// The current lease, until the next one begins.
        var receipt: String?
        var leaseUntil: Timestamp?
        var holder: Int?
        var isGone = false
        /// Whether the transport has made another copy of it.
        var isDuplicated = false
    }

    /// A process, over all of its lives.
    struct ProcessState {
        let role: Int
        let name: String
        let isCancellable: Bool
        /// Whether it keeps nothing in memory from one message to the next.
        let forgets: Bool
        var incarnation = 0
        var pending: [Pending] = []
        /// What its tasks have seen since it was started, or, if it forgets, since it has waited
        /// for its next message.
        var local = Digest()
        var hasEnded = false
        /// By message: the delivery in hand.
        var deliveries: [MessageID: InHand] = [:]
        /// The handle of the delivery that it was made last.
        var received: String?
        /// The attempts by idempotent handlers that its memory can still have to do with.
        var unmarked: [Int] = []
        /// Whether it has made an attempt at a submission that was not answered yet.
        var isSubmitting = false
        /// Whether it has changed anything since it has received its last message.
        var hasLeftTraces = false
        /// How its code has come to where it is.
        var past: Stride?
        /// Names where its code is; see ``Simulation/place(of:)``.
        var place = Digest.zero

        /// Whether it has ended, or waits for work and does nothing else. What waits for time beside
        /// that only looks after something.
        var isIdle: Bool {
            var isWaiting = hasEnded
            for pending in pending {
                switch pending.call {
                case .receive: isWaiting = true
                case .wait: continue
                default: return false
                }
            }
            return isWaiting
        }

        func isWaiting(for queue: String) -> Bool {
            pending.contains { pending in
                if case .receive(queue, _, _) = pending.call { true } else { false }
            }
        }
    }

    /// A delivery that a process has, or has had last.
    struct InHand {
        let handle: String
        /// How often it was tried.
        var tries = 0
        /// The last try, unless it was saved or given up.
        var attempt: Int?
    }

    /// A call that waits.
    struct Pending {
        let call: Call
        /// What it asks for, as a number: the same whenever the code does the same.
        let fingerprint: UInt64
        /// Until when time may go by at the most without its being answered; `nil` if it does not
        /// hang.
        var hangsUntil: Timestamp?
        /// The documents and messages that it reads and writes.
        let reads: UInt64
        let writes: UInt64
    }

    /// What an attempt is about to send, noted when the handler has run.
    struct AttemptNote {
        let message: MessageID
        let address: Int
        /// For each ordinal, the number of queues that it goes to.
        let destinations: [Int]
        let isRejected: Bool
        /// Whether the document that it saves carries its mark.
        let carriesMark: Bool
        /// The document that replay saves with it even where there is no entity to be saved.
        let witness: Int
        /// Whether its name follows from what it was given, and not from who makes it.
        let isDerived: Bool
        /// What it has made, if its handler has to be idempotent: then nothing carries its mark.
        var unmarked: Unmarked?
        /// How many attempts at the message were made before it, in this execution.
        var earlier = 0
    }

    /// What an attempt has made that carries no mark: an idempotent handler's copies are alike.
    struct Unmarked {
        /// The endpoint that has made it.
        let endpoint: String
        /// The documents that it has changed, as they are to be.
        let changes: [(address: Int, body: [UInt8]?)]
    }

    /// A message that was put into a queue at some time.
    struct Published {
        let content: Int
        let digest: Digest
    }
}
