internal import Pawl

/// A call of a process to what lies outside of it, as it waits for the explorer's decision.
indirect enum Call {
    case read(address: Int)
    case scan(Scan)
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

/// A list of documents that is asked for.
struct Scan {
    enum Range {
        case partition(PartitionKey, after: String?)
        case all(after: LocatedDocument?)
    }

    let kind: String
    let range: Range
    let limit: Int
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
    /// Has the calling task wait until the explorer has decided on its call and carried it out.
    ///
    /// - Parameters:
    ///   - process: The process that calls.
    ///   - call: What it calls.
    /// - Returns: What the caller gets.
    /// - Throws: `BackendError`: the fault that was chosen.
    @inline(__always)
    func perform(
        _ process: SimulatedProcess.Identity, _ call: Call
    ) async throws(BackendError) -> CallAnswer {
        switch await suspend(process, call) {
        case .answer(let answer): return answer
        case .failure(let error): throw error
        case .cancelled:
            world.processes[process.index].local.mix(99)
            world.processes[process.index].local.mix(world.now.microseconds)
            return .deliveries([])
        case .dead: throw Self.death
        }
    }

    /// Waits for the explorer.
    @inline(__always)
    func suspend(_ process: SimulatedProcess.Identity, _ call: Call) async -> CallReply {
        guard isLive(process) else {
            // What runs elsewhere can't be led to its end here; it must not keep a thread busy.
            await holdElsewhere()
            await holdIfEndless()
            return .dead
        }
        guard world.processes[process.index].isCancellable else {
            return await withUnsafeContinuation { register(process, call, $0) }
        }
        lastCall += 1
        let number = lastCall
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
        _ continuation: UnsafeContinuation<CallReply, Never>, number: Int = 0
    ) {
        let index = process.index
        var fingerprint = fingerprint(of: call)
        while world.processes[index].pending.contains(where: { $0.fingerprint == fingerprint }) {
            fingerprint &+= 1
        }
        lives[index]?.waits.append(Life.Wait(continuation: continuation, number: number))
        act(.call(call, fingerprint: fingerprint), by: process)
    }

    private func cancel(_ number: Int, of process: SimulatedProcess.Identity) {
        guard executor.isOnOwnThread, isLive(process), let life = lives[process.index] else {
            return
        }
        let place = life.waits.firstIndex { $0.number == number }
        guard let place, world.processes[process.index].pending[place].call.endsByCancellation
        else { return }
        let wait = life.waits.remove(at: place)
        act(.cancel(place), by: process)
        wait.continuation.resume(returning: .cancelled)
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

    static let death = BackendError(.mayHaveHappened, "the process is dead")
    static let failure = BackendError(.didNotHappen, "a simulated failure")
    static let lost = BackendError(.mayHaveHappened, "a simulated failure; the answer was lost")

    private func fingerprint(of call: Call) -> UInt64 {
        var digest = Digest()
        switch call {
        case .read(let address):
            digest.mix(1)
            digest.mix(interner.addresses[address].digest)
        case .scan(let scan):
            digest.mix(2)
            digest.mix(scan.kind)
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

    func footprint(of call: Call) -> (reads: UInt64, writes: UInt64) {
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
    var hashValueInOrder: Int {
        switch self {
        case .didNotHappen: 101
        case .mayHaveHappened: 102
        case .canNeverHappen: 103
        }
    }
}

extension Digest {
    mutating func mix(_ content: Content) {
        mix(content.body == nil ? 0 : 1)
        if let body = content.body { mix(body) }
        mix(content.ledger)
        mix(content.expires?.microseconds ?? 0)
    }
}
