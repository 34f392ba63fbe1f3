internal import Pawl

/// A call of a process to what lies outside of it, as it waits for the explorer's decision.
enum Call {
    case read(address: Int)
    case scan(kind: String)
    case write([Write], addresses: [Int], PartitionKey)
    case send([Outgoing], contents: [Int])
    case receive(queue: String, max: Int, lease: Duration)
    case acknowledge(Receipt)
    case release(Receipt, Duration)
    case extend([Receipt], Duration)
    case commit(Transaction, addresses: [Int], contents: [Int])
    case isProcessed(MessageID, endpoint: String)
    case wait(until: Timestamp)

    /// Whether the call changes anything but the process itself.
    var hasEffect: Bool {
        switch self {
        case .write, .send, .acknowledge, .release, .extend, .commit: true
        case .read, .scan, .receive, .isProcessed, .wait: false
        }
    }
}

/// How a call ends.
enum Verdict {
    /// It does what it should.
    case succeed
    /// It receives this entry.
    case receive(entry: Int)
    /// It is answered with what was there before the last change.
    case stale
    /// It fails without effect, and says so.
    case failBefore
    /// It fails without effect, but can't tell.
    case failLost
    /// It takes effect and fails.
    case failAfter
    /// It has sent so many of its messages, and fails.
    case failPartly(Int)
    /// The process is dead.
    case dead
    /// The task was cancelled while it waited.
    case cancelled
}

/// A call that waits.
struct Pending {
    let call: Call
    /// What it asks for, as a number: the same whenever the code does the same.
    let fingerprint: UInt64
    let continuation: UnsafeContinuation<Verdict, Never>
    /// Names it within its process.
    let number: Int
    /// Until when time may go by at the most without its being answered; `nil` if it does not hang.
    var hangsUntil: Timestamp?
    /// The documents and messages that it reads and writes.
    let reads: UInt64
    let writes: UInt64
}

/// The bits of a footprint.
enum Footprint {
    static func document(_ address: Int) -> UInt64 { 1 << UInt64(address % 24) }
    /// That a message is sent, and that its id is remembered.
    static func message(_ identity: Int) -> UInt64 { slot(3 * identity) }
    /// That copies of a message become visible: any number may, but not while one is received,
    /// since copies that can't be told apart are one choice.
    static func visibility(_ identity: Int) -> UInt64 { slot(3 * identity + 1) }
    /// One copy of a message.
    static func copy(_ copy: Int, of identity: Int) -> UInt64 {
        slot(3 * identity + 2 + 5 * copy)
    }
    private static func slot(_ number: Int) -> UInt64 { 1 << UInt64(24 + number % 24) }
    static func budget(_ kind: Budgets.Kind) -> UInt64 { 1 << UInt64(48 + kind.rawValue) }
    static let allDocuments: UInt64 = 1 << 24 - 1
    static let time: UInt64 = 1 << 60
    /// Which endpoints there are.
    static let directory: UInt64 = 1 << 61
}

extension Simulation {
    /// Has the calling task wait until the explorer decides on its call, then carries it out.
    ///
    /// - Parameters:
    ///   - process: The process that calls.
    ///   - call: What it calls.
    ///   - effect: Carries it out; the verdict says how far.
    ///   - observe: Mixes the answer into what the process has seen.
    /// - Returns: What the caller gets.
    /// - Throws: `BackendError`: the fault that was chosen, or the effect's own refusal.
    @inline(__always)
    func perform<Answer>(
        _ process: SimulatedProcess.Identity, _ call: Call,
        effect: (Verdict) throws(BackendError) -> Answer,
        observe: (Answer, inout Digest) -> Void
    ) async throws(BackendError) -> Answer {
        let verdict = await suspend(process, call)
        if case .dead = verdict { throw Self.death }
        let index = process.index
        if case .cancelled = verdict {
            processes[index].local.mix(99)
        } else {
            processes[index].local.mix(resumedFingerprint)
        }
        processes[index].local.mix(now.microseconds)
        do throws(BackendError) {
            switch verdict {
            case .failBefore: throw Self.failure
            case .failLost: throw Self.lost
            case .failAfter, .failPartly:
                _ = try effect(verdict)
                processes[index].hasLeftTraces = true
                throw Self.lost
            case .succeed, .stale, .receive, .cancelled:
                let answer = try effect(verdict)
                if call.hasEffect { processes[index].hasLeftTraces = true }
                observe(answer, &processes[index].local)
                if isTracing { lastAnswer = Describing.answer(answer) }
                return answer
            case .dead: throw Self.death
            }
        } catch {
            processes[index].local.mix(UInt64(error.effect.hashValueInOrder))
            if isTracing { lastAnswer = nil }
            throw error
        }
    }

    /// Waits for the explorer.
    @inline(__always)
    func suspend(_ process: SimulatedProcess.Identity, _ call: Call) async -> Verdict {
        guard isLive(process) else {
            // What runs elsewhere can't be led to its end here; it must not keep a thread busy.
            await holdElsewhere()
            await holdIfEndless()
            return .dead
        }
        guard processes[process.index].isCancellable else {
            return await withUnsafeContinuation { register(process, call, $0) }
        }
        lastPendingNumber += 1
        let number = lastPendingNumber
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled || !call.endsByCancellation else {
                    return continuation.resume(returning: .cancelled)
                }
                register(process, call, continuation, number: number)
            }
        } onCancel: {
            cancel(number, of: process)
        }
    }

    private func register(
        _ process: SimulatedProcess.Identity, _ call: Call,
        _ continuation: UnsafeContinuation<Verdict, Never>, number: Int = 0
    ) {
        let index = process.index
        var fingerprint = fingerprint(of: call)
        while processes[index].pending.contains(where: { $0.fingerprint == fingerprint }) {
            fingerprint &+= 1
        }
        let (reads, writes) = footprint(of: call)
        processes[index].pending.append(
            Pending(
                call: call, fingerprint: fingerprint, continuation: continuation, number: number,
                reads: reads, writes: writes))
    }

    private func cancel(_ number: Int, of process: SimulatedProcess.Identity) {
        guard executor.isOnOwnThread, isLive(process) else { return }
        let index = processes[process.index].pending.firstIndex {
            $0.number == number && $0.call.endsByCancellation
        }
        guard let index else { return }
        let pending = processes[process.index].pending.remove(at: index)
        pending.continuation.resume(returning: .cancelled)
    }

    /// Stops a task for good that goes on and on although it was cancelled and whatever it calls
    /// fails: it would never let go of the thread.
    func holdIfEndless() async {
        guard executor.isOnOwnThread, isReaping else { return }
        callsOfTheDead += 1
        guard callsOfTheDead > 10_000 else { return }
        await Self.standStill()
    }

    /// Stops a task that runs on another thread: nothing here can lead it to its end.
    func holdElsewhere() async {
        if !executor.isOnOwnThread { await Self.standStill() }
    }

    /// Never returns; the task is left behind.
    private static func standStill() async {
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }

    /// Whether the caller is where it should be; notes it if not.
    func isOnOwnThread() -> Bool {
        if executor.isOnOwnThread { return true }
        executor.noteEscape(
            """
            The store, the transport or the environment was called from another thread. Code under \
            check must not start threads, use Dispatch or run on the main actor.
            """)
        return false
    }

    /// Whether a process may still do anything.
    func isLive(_ process: SimulatedProcess.Identity) -> Bool {
        guard isOnOwnThread() else { return false }
        return !isReaping && processes[process.index].incarnation == process.incarnation
            && run == process.run
    }

    static let death = BackendError(.mayHaveHappened, "the process is dead")
    static let failure = BackendError(.didNotHappen, "a simulated failure")
    static let lost = BackendError(.mayHaveHappened, "a simulated failure; the answer was lost")

    private func fingerprint(of call: Call) -> UInt64 {
        var digest = Digest()
        switch call {
        case .read(let address):
            digest.mix(1)
            digest.mix(interner.addresses[address].digest)
        case .scan(let kind):
            digest.mix(2)
            digest.mix(kind)
        case .write(let writes, let addresses, _):
            digest.mix(3)
            mix(writes, addresses, into: &digest)
        case .send(_, let contents):
            digest.mix(4)
            for content in contents { digest.mix(interner.contents[content].digest) }
        case .receive(let queue, let max, _):
            digest.mix(5)
            digest.mix(queue)
            digest.mix(max)
        case .acknowledge(let receipt):
            digest.mix(6)
            digest.mix(receipt.handle)
        case .release(let receipt, let delay):
            digest.mix(7)
            digest.mix(receipt.handle)
            digest.mix(delay.microseconds)
        case .extend(let receipts, _):
            digest.mix(8)
            for receipt in receipts { digest.mix(receipt.handle) }
        case .commit(let transaction, let addresses, let contents):
            digest.mix(9)
            digest.mix(transaction.receipt?.handle ?? "")
            digest.mix(transaction.id)
            mix(transaction.writes, addresses, into: &digest)
            for content in contents { digest.mix(interner.contents[content].digest) }
        case .isProcessed(let id, let endpoint):
            digest.mix(10)
            digest.mix(id)
            digest.mix(endpoint)
        case .wait(let time):
            digest.mix(11)
            digest.mix(time.microseconds)
        }
        return digest.finished.short
    }

    private func mix(_ writes: [Write], _ addresses: [Int], into digest: inout Digest) {
        for (write, address) in zip(writes, addresses) {
            digest.mix(interner.addresses[address].digest)
            switch write.condition {
            case .absent: digest.mix(1)
            case .version(let version):
                digest.mix(2)
                digest.mix(version.rawValue)
            case .any: digest.mix(3)
            }
            guard let content = write.content else { continue }
            digest.mix(content)
        }
    }

    private func footprint(of call: Call) -> (reads: UInt64, writes: UInt64) {
        switch call {
        case .read(let address): (Footprint.document(address), 0)
        case .scan: (Footprint.allDocuments, 0)
        case .write(_, let addresses, _): (0, addresses.footprint)
        case .send(_, let contents): (0, footprint(ofMessages: contents))
        case .receive, .wait: (0, 0)
        case .acknowledge(let receipt), .release(let receipt, _): (0, footprint(of: [receipt]))
        case .extend(let receipts, _): (0, footprint(of: receipts))
        case .commit(let transaction, let addresses, let contents):
            (
                0,
                addresses.footprint | footprint(ofMessages: contents)
                    | footprint(of: transaction.receipt.map { [$0] } ?? [])
                    | Footprint.message(identity(transaction.id, in: transaction.endpoint))
            )
        case .isProcessed(let id, let endpoint):
            (Footprint.message(identity(id, in: endpoint)), 0)
        }
    }
}

extension Call {
    /// Whether a cancelled task stops waiting for it.
    var endsByCancellation: Bool {
        switch self {
        case .receive, .wait: true
        default: false
        }
    }
}

extension [Int] {
    /// The footprint of documents at these addresses.
    fileprivate var footprint: UInt64 { reduce(0) { $0 | Footprint.document($1) } }
}

extension BackendError.Effect {
    /// A number that is the same in every run, unlike a hash value.
    fileprivate var hashValueInOrder: Int {
        switch self {
        case .didNotHappen: 101
        case .mayHaveHappened: 102
        case .canNeverHappen: 103
        }
    }
}

extension Digest {
    mutating func mix(_ content: Content) {
        if let body = content.body { mix(body) } else { mix(0) }
        mix(content.ledger)
        mix(content.expires?.microseconds ?? 0)
    }
}
