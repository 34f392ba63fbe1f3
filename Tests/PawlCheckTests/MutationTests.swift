import Pawl
import PawlCheck
import Testing

@testable import PawlMutants

/// A database in memory, what is seen of it from outside, and one mutated run over it.
private struct Bench {
    static let key = DocumentKey(kind: "Counter", id: "a")
    static let partition: PartitionKey = "a"

    let memory = MemoryDatabase()
    let seen: RecordingDatabase
    let mutated: MutatedDatabase

    init(_ mutation: Mutation?, memory readMemory: ReadMemory = ReadMemory()) async throws {
        seen = RecordingDatabase(base: memory)
        mutated = MutatedDatabase(base: seen, mutation: mutation, memory: readMemory)
        for queue in ["own", "other"] {
            _ = try await memory.register(Registration(endpoint: queue, types: [queue]))
        }
    }

    static func content(_ value: UInt8) -> Content { Content(body: [value]) }

    /// Puts a value, behind the back of the run.
    func put(_ value: UInt8) async throws -> Version? {
        let result = try await memory.write(
            [.put(Self.key, Self.content(value), if: .any)], in: Self.partition)
        guard case .committed(let versions) = result else { return nil }
        return versions[0]
    }

    /// The value that is there.
    func value() async throws -> UInt8? {
        try await memory.read(Self.key, in: Self.partition)?.content.body?[0]
    }

    /// Writes in the run.
    func write(_ value: UInt8, if condition: Write.Condition) async throws -> WriteResult {
        try await mutated.write(
            [.put(Self.key, Self.content(value), if: condition)], in: Self.partition)
    }

    /// Reads in the run.
    func read() async throws -> UInt8? {
        try await mutated.read(Self.key, in: Self.partition)?.content.body?[0]
    }

    func outgoing(_ id: String, to queue: String) -> Outgoing {
        Outgoing(
            Envelope(
                id: MessageID(id), type: queue, body: [], sentAt: Timestamp(microseconds: 0)),
            to: queue)
    }

    /// A delivery of a message that came from outside.
    func deliver() async throws -> Receipt {
        try await memory.send([outgoing("message", to: "own")])
        let deliveries = try await memory.receive(from: "own", max: 1, lease: .seconds(30))
        return deliveries[0].receipt
    }

    func commit(_ receipt: Receipt?, if condition: Write.Condition) async throws
        -> TransactionResult
    {
        try await mutated.commit(
            Transaction(
                receipt: receipt, id: MessageID("message"), endpoint: "own",
                partition: Self.partition,
                writes: [.put(Self.key, Self.content(9), if: condition)], messages: []))
    }
}

private func call(_ number: Int, _ kind: Mutation.CallKind) -> Mutation.Call {
    Mutation.Call(.process, number, kind)
}

@Suite("A mutation")
struct MutationTests {
    @Test("that skips a write leaves no effect, and answers as if it had one")
    func skipWrite() async throws {
        let bench = try await Bench(.skip(call(2, .write)))
        let version = try #require(await bench.put(1))
        _ = try await bench.read()
        #expect(try await bench.write(2, if: .version(version)) == .committed([version]))
        #expect(try await bench.value() == 1)
        await bench.mutated.finish()
        #expect(bench.seen.calls == [.read])
        #expect(try await bench.write(3, if: .version(version)) != .conflict, "only that call")
        #expect(try await bench.value() == 3)
    }

    @Test("that skips writes answers with a version for each but a deletion")
    func skippedVersions() async throws {
        let bench = try await Bench(.skip(call(1, .write)))
        let other = DocumentKey(kind: "Counter", id: "b")
        let result = try await bench.mutated.write(
            [
                .put(Bench.key, Bench.content(1), if: .absent), .delete(other, if: .any),
            ], in: Bench.partition)
        guard case .committed(let versions) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(versions.map { $0 != nil } == [true, false])
    }

    @Test("that skips another call leaves no effect either", arguments: [true, false])
    func skipOthers(isSkipped: Bool) async throws {
        let sending = try await Bench(isSkipped ? .skip(call(1, .send)) : nil)
        try await sending.mutated.send([sending.outgoing("x", to: "other")])
        #expect(sending.seen.calls == (isSkipped ? [] : [.send]))
        let removing = try await Bench(isSkipped ? .skip(call(1, .acknowledge)) : nil)
        let receipt = try await removing.deliver()
        #expect(try await removing.mutated.acknowledge(receipt))
        #expect(try await removing.memory.acknowledge(receipt) == isSkipped)
        let releasing = try await Bench(isSkipped ? .skip(call(1, .release)) : nil)
        let held = try await releasing.deliver()
        #expect(try await releasing.mutated.release(held, after: .zero))
        #expect(try await releasing.memory.acknowledge(held) == isSkipped)
        let committing = try await Bench(isSkipped ? .skip(call(1, .commit)) : nil)
        #expect(try await committing.commit(nil, if: .absent) == .committed)
        #expect(try await committing.value() == (isSkipped ? nil : 9))
    }

    @Test("of a call that is of another kind on this path changes nothing")
    func otherKind() async throws {
        let bench = try await Bench(.skip(call(1, .send)))
        _ = try await bench.write(1, if: .absent)
        #expect(try await bench.value() == 1)
    }

    @Test("drops the condition of that write, and of no other")
    func unconditional() async throws {
        let bench = try await Bench(.unconditional(call(2, .write)))
        _ = try await bench.put(1)
        #expect(try await bench.write(2, if: .absent) == .conflict)
        #expect(try await bench.write(3, if: .absent) != .conflict)
        #expect(try await bench.value() == 3)
        #expect(try await bench.write(4, if: .absent) == .conflict)
    }

    @Test("drops the conditions of a commit, but not its delivery")
    func unconditionalCommit() async throws {
        let bench = try await Bench(.unconditional(call(1, .commit)))
        _ = try await bench.put(1)
        let receipt = try await bench.deliver()
        #expect(try await bench.commit(receipt, if: .absent) == .committed)
        #expect(try await bench.value() == 9)
        #expect(try await !bench.memory.acknowledge(receipt), "it is gone")
    }

    @Test("drops the delivery of a commit, but not its conditions")
    func withoutReceipt() async throws {
        let bench = try await Bench(.withoutReceipt(call(2, .commit)))
        let receipt = try await bench.deliver()
        _ = try await bench.put(1)
        _ = try await bench.read()
        #expect(try await bench.commit(receipt, if: .absent) == .conflict)
        let other = try await Bench(.withoutReceipt(call(1, .commit)))
        let kept = try await other.deliver()
        #expect(try await other.commit(kept, if: .absent) == .committed)
        #expect(try await other.value() == 9)
        #expect(try await other.memory.acknowledge(kept), "it is still there")
    }

    @Test("answers a read with the document before the current one, and only once")
    func staleRead() async throws {
        let memory = ReadMemory()
        let bench = try await Bench(.staleRead(call(1, .read)), memory: memory)
        /// Another run of the same process.
        func next() -> MutatedDatabase {
            MutatedDatabase(
                base: bench.seen, mutation: .staleRead(call(1, .read)), memory: memory)
        }
        func value(_ database: MutatedDatabase) async throws -> UInt8? {
            try await database.read(Bench.key, in: Bench.partition)?.content.body?[0]
        }
        _ = try await bench.put(1)
        #expect(try await bench.read() == nil, "it has not read anything before")
        #expect(try await bench.read() == 1, "the second read is not mutated")
        _ = try await bench.put(2)
        #expect(try await value(next()) == 1)
        #expect(try await value(next()) == 2, "a replica catches up")
        _ = try await bench.put(3)
        _ = try await bench.put(4)
        #expect(try await value(next()) == 2)
        // Another process has not read anything.
        let other = MutatedDatabase(
            base: bench.seen, mutation: .staleRead(call(1, .read)), memory: ReadMemory())
        #expect(try await value(other) == nil)
    }

    @Test("makes two calls change places")
    func swap() async throws {
        let bench = try await Bench(.swap(call(1, .send)))
        try await bench.mutated.send([bench.outgoing("x", to: "other")])
        #expect(bench.seen.calls == [])
        #expect(try await bench.write(1, if: .absent) != .conflict)
        #expect(bench.seen.calls == [.write, .send])
        _ = try await bench.read()
        await bench.mutated.finish()
        #expect(bench.seen.calls == [.write, .send, .read], "and neither of them twice")
    }

    @Test("makes the first of two calls even if the second fails")
    func swapBeforeFailure() async throws {
        let bench = try await Bench(.swap(call(1, .write)))
        _ = try await bench.write(1, if: .absent)
        await #expect(throws: BackendError.self) {
            try await bench.mutated.send([bench.outgoing("x", to: "nowhere")])
        }
        #expect(bench.seen.calls == [.send, .write])
        #expect(try await bench.value() == 1)
    }

    @Test("makes the call at the end of the run if no other follows")
    func swapAtTheEnd() async throws {
        let bench = try await Bench(.swap(call(1, .write)))
        _ = try await bench.write(1, if: .absent)
        #expect(bench.seen.calls == [])
        await bench.mutated.finish()
        #expect(bench.seen.calls == [.write])
        #expect(try await bench.value() == 1)
    }

    @Test("takes place in its own phase, in every run of it", arguments: Mutation.Phase.allCases)
    func phases(phase: Mutation.Phase) async throws {
        for mutant in try await Mutants.generated(from: .outbox)
        where mutant.name.hasPrefix("outbox/\(phase) skip") {
            let mutated = try await CallRecorder.calls(of: mutant.algorithm)
            let calls = try await CallRecorder.calls(of: .outbox)
            for other in Mutation.Phase.allCases {
                // A submission that is saved, or not sent, otherwise is completed otherwise.
                if phase == .submit, other == .complete { continue }
                #expect((mutated[other] == calls[other]) == (other != phase), "\(mutant.name)")
            }
        }
    }

    @Test("of the outbox's step 2 and 3 makes it send before it saves")
    func algorithm() async throws {
        let mutants = try await Mutants.generated(from: .outbox)
        let swap = try #require(mutants.first { $0.name == "outbox/process swap 2 write" })
        let run = try await CallRecorder.run(swap.algorithm, on: .newMessage)
        #expect(run.calls.prefix(3) == [.read, .send, .write])
        #expect(run.entity != nil)
        let last = try #require(mutants.first { $0.name == "outbox/process swap 4 write" })
        #expect(
            try await CallRecorder.run(last.algorithm, on: .newMessage).calls
                == [.read, .write, .send, .acknowledge, .write])
    }
}
