import Dispatch
import Foundation
import Pawl
import PawlCheck
import Synchronization
import Testing

/// Whatever code under check does, either it is under control or it is said that it is not.
@Suite("Code is under control, or it is said that it is not", .timeLimit(.minutes(2)))
struct ControlTests {
    typealias Body = @Sendable (World.Process) async throws -> Void

    /// Checks one process that runs this code, without faults.
    private func checked(instances: Int = 1, _ body: @escaping Body) throws -> CheckSummary {
        try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.queue("orders")
            world.process("code", instances: instances, body)
            world.finally("both are written") {
                try $0.find(Number.self, "a") != nil && $0.find(Number.self, "b") != nil
            }
        }
    }

    // MARK: What is under control

    struct Way: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// How many orders of its two writes there are.
        let orders: Int
        let body: Body
    }

    static let ways = [
        Way(testDescription: "one after the other", orders: 1) {
            try await $0.put("a")
            try await $0.put("b")
        },
        Way(testDescription: "async let", orders: 2) { process in
            async let a: Void = process.put("a")
            async let b: Void = process.put("b")
            _ = try await (a, b)
        },
        Way(testDescription: "Task {}", orders: 2) { process in
            let task = Task { try await process.put("a") }
            try await process.put("b")
            try await task.value
        },
        Way(testDescription: "Task.detached", orders: 2) { process in
            let task = Task.detached { try await process.put("a") }
            try await process.put("b")
            try await task.value
        },
        Way(testDescription: "the global executor", orders: 2) { process in
            let task = Task.detached(executorPreference: globalConcurrentExecutor) {
                try await process.put("a")
            }
            try await process.put("b")
            try await task.value
        },
        Way(testDescription: "a task group", orders: 2) { process in
            try await withThrowingTaskGroup { group in
                for id in ["a", "b"] { group.addTask { try await process.put(id) } }
                try await group.waitForAll()
            }
        },
        Way(testDescription: "an AsyncStream", orders: 1) { process in
            let (stream, continuation) = AsyncStream.makeStream(of: String.self)
            let reader = Task { for await id in stream { try await process.put(id) } }
            for id in ["a", "b"] { continuation.yield(id) }
            continuation.finish()
            try await reader.value
        },
        Way(testDescription: "actors", orders: 1) { process in
            let turns = Turns()
            for id in ["a", "b"] { try await process.put(await turns.next(id)) }
        },
        Way(testDescription: "a continuation", orders: 1) { process in
            let waiting = Mutex<CheckedContinuation<String, Never>?>(nil)
            let task = Task {
                let id = await withCheckedContinuation { continuation in
                    waiting.withLock { $0 = continuation }
                }
                try await process.put(id)
            }
            try await process.put("a")
            waiting.withLock { $0 }?.resume(returning: "b")
            try await task.value
        },
        Way(testDescription: "Task.yield", orders: 1) { process in
            for id in ["a", "b"] {
                for _ in 0..<5 { await Task.yield() }
                try await process.put(id)
            }
        },
    ]

    @Test("all of Swift's concurrency is explored", arguments: ways)
    func explored(way: Way) throws {
        let summary = try checked(way.body)
        #expect(summary.isExhausted)
        #expect(summary.executions == way.orders)
        #expect(try checked(way.body).states == summary.states)
    }

    @Test("waiting for an hour by the environment takes no time")
    func virtualTime() throws {
        let clock = ContinuousClock()
        let duration = try clock.measure {
            let summary = try checked { process in
                let start = process.environment.now()
                try await process.put("a")
                try await process.environment.sleep(.seconds(3_600))
                guard process.environment.now() - start == .seconds(3_600) else { return }
                try await process.put("b")
            }
            #expect(summary.isExhausted)
        }
        #expect(duration < .seconds(10))
    }

    // MARK: What is not

    struct Escape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What the message says to do about it.
        let advice: String
        let body: Body
    }

    static let escapes = [
        Escape(testDescription: "a Dispatch queue", advice: "Dispatch") { process in
            try await process.put("a")
            // Later: what is resumed before it waits has never been elsewhere.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { continuation.resume() }
            }
            try await process.put("b")
        },
        Escape(testDescription: "a thread", advice: "thread") { process in
            try await process.put("a")
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    Thread.sleep(forTimeInterval: 0.05)
                    continuation.resume()
                }
            }
            try await process.put("b")
        },
        Escape(testDescription: "a thread that takes its time", advice: "thread") { process in
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    Thread.sleep(forTimeInterval: 0.1)
                    continuation.resume()
                }
            }
            try await process.put("b")
        },
        Escape(testDescription: "the store on another thread", advice: "thread") {
            process in
            let task = Task.detached(executorPreference: Elsewhere()) {
                try await process.put("a")
            }
            try await process.put("b")
            try await task.value
        },
        Escape(testDescription: "the time on another thread", advice: "another thread") { process in
            onAnotherThread { _ = process.environment.now() }
            try await process.put("a")
            try await process.put("b")
        },
        Escape(testDescription: "Task.sleep", advice: "environment") { process in
            try await process.put("a")
            try await Task.sleep(for: .milliseconds(1))
            try await process.put("b")
        },
        Escape(testDescription: "a clock", advice: "environment") { process in
            try await process.put("a")
            try await ContinuousClock().sleep(for: .milliseconds(1))
            try await process.put("b")
        },
        Escape(testDescription: "the main actor", advice: "thread") { process in
            try await process.put("a")
            await MainActor.run {}
            try await process.put("b")
        },
        Escape(testDescription: "nobody resumes it", advice: "nobody resumes") { process in
            let waiting = Mutex<UnsafeContinuation<Void, Never>?>(nil)
            await withUnsafeContinuation { continuation in waiting.withLock { $0 = continuation } }
        },
        Escape(testDescription: "the real time", advice: "real time") { process in
            try await process.put("a", Int(Date().timeIntervalSince1970 * 1e9))
            try await process.put("b")
        },
        Escape(testDescription: "random numbers", advice: "random") { process in
            try await process.put(Bool.random() ? "a" : "b", Int.random(in: 0 ... .max))
            try await process.put("a")
            try await process.put("b")
        },
        Escape(testDescription: "what earlier runs have left", advice: "outlives") { process in
            let count = Self.runs.withLock { count in
                count += 1
                return count
            }
            try await process.put("a", count)
            try await process.put("b")
        },
        Escape(testDescription: "it calls on and on when cancelled", advice: "did not end") {
            process in
            try await process.put("a")
            try await process.put("b")
            while true {
                _ = try? await process.transport.receive(
                    from: "orders", max: 1, lease: .seconds(30))
            }
        },
        Escape(testDescription: "it waits on and on when cancelled", advice: "did not end") {
            process in
            try await process.put("a")
            try await process.put("b")
            _ = try? await process.transport.receive(from: "orders", max: 1, lease: .seconds(30))
            while true { try? await process.environment.sleep(.seconds(1)) }
        },
    ]

    private static let runs = Mutex(0)

    @Test("whatever is out of control is told, and nothing is claimed", arguments: escapes)
    func escaped(escape: Escape) throws {
        let error = try #require(throws: CheckError.self) { try checked(escape.body) }
        #expect(error.code == .outOfControl)
        #expect(error.message.contains(escape.advice), "\(error.message)")
        #expect(error.summary?.isExhausted == false)
    }

    @Test("what happens once it is out of control is no finding")
    func noFinding() throws {
        #expect(throws: CheckError.self) {
            try checked { process in
                await withCheckedContinuation { continuation in
                    DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) {
                        continuation.resume()
                    }
                }
                throw CancellationError()
            }
        }
    }

    @Test("a process that does nothing, on and on, is a finding")
    func busy() throws {
        let failure = try #require(throws: CheckFailure.self) {
            try checked { _ in while !Task.isCancelled { await Task.yield() } }
        }
        #expect(failure.violations.first?.property == "progress")
    }
}

/// Does something on another thread, and waits for that.
private func onAnotherThread(_ body: @escaping @Sendable () -> Void) {
    let isDone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        body()
        isDone.signal()
    }
    isDone.wait()
}

/// An executor with threads of its own.
private final class Elsewhere: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        DispatchQueue.global().async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

private actor Turns {
    private var taken: [String] = []

    func next(_ id: String) -> String {
        taken.append(id)
        return taken[taken.count - 1]
    }
}

private struct Number: Entity {
    static let kind = "Number"
    var number = 0
}

extension World.Process {
    /// Writes a number.
    fileprivate func put(_ id: String, _ number: Int = 1) async throws {
        let key = DocumentKey(kind: Number.kind, id: id)
        let content = Content(body: Array(#"{"number":\#(number)}"#.utf8))
        _ = try await store.write([.put(key, content, if: .any)], in: PartitionKey(id))
    }
}
