import Foundation
import Synchronization

/// A service process, as seen by the one that has started it: the other end of a
/// ``ServiceProcess``.
///
/// ```
///   ┌─────────┐  "ready"   ┌───────┐  killed, terminated, or broken   ┌──────┐
///   │ started │ ─────────▶ │ ready │ ───────────────────────────────▶ │ over │
///   └─────────┘            └───────┘                                  └──────┘
/// ```
final class Child: Sendable {
    private struct State {
        var isReady = false
        var isOver = false
        var requests = 0
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
        var mourners: [CheckedContinuation<Void, Never>] = []
        var unread = Data()
    }

    private let process = Process()
    private let input: FileHandle
    private let state = Mutex(State())

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - executable: The `pawl` command.
    ///   - assignment: What the process is to do.
    ///   - log: Where its standard error goes.
    /// - Throws: What the system says if it can't be started.
    init(_ executable: URL, _ assignment: ServiceProcess.Assignment, log: FileHandle) throws {
        let input = Pipe()
        let output = Pipe()
        self.input = input.fileHandleForWriting
        process.executableURL = executable
        let text = String(decoding: try JSONEncoder().encode(assignment), as: UTF8.self)
        process.arguments = ["webshop-service", text]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = log
        process.terminationHandler = { [weak self] _ in self?.end() }
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.hear(data)
        }
        // Foundation on Linux has been seen to crash when two processes are started at once.
        Self.starting.lock()
        defer { Self.starting.unlock() }
        try process.run()
    }

    private static let starting = NSLock()

    /// Whether it serves.
    var isReady: Bool { state.withLock { $0.isReady && !$0.isOver } }

    /// Waits until it has ended.
    func waitUntilOver() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.mourners.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Kills it with SIGKILL.
    ///
    /// - Returns: Whether that is what it died of.
    func kill() async -> Bool {
        signal(SIGKILL)
        await waitUntilOver()
        return wasKilled
    }

    /// Whether it died of SIGKILL. Only for one that is over.
    var wasKilled: Bool {
        process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
    }

    /// Asks it to finish what it has begun and to end.
    func terminate() {
        signal(SIGTERM)
    }

    private func signal(_ number: Int32) {
        // Under the lock: a process that is over has no number any more, or it is another's.
        state.withLock { state in
            if !state.isOver { _ = Foundation.kill(process.processIdentifier, number) }
        }
    }

    /// Asks for something, as a customer does.
    ///
    /// - Returns: Whether it was done; `false` if it failed, or if there was no answer.
    func ask(for purchase: Purchase) async -> Bool {
        let request = state.withLock { state in
            state.requests += 1
            return state.requests
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isAsked = state.withLock { state in
                    guard state.isReady, !state.isOver, !Task.isCancelled else { return false }
                    state.waiting[request] = continuation
                    return true
                }
                guard isAsked else { return continuation.resume(returning: false) }
                send("submit \(request) \(purchase.cart) \(purchase.customer) \(purchase.amount)")
            }
        } onCancel: {
            answer(request, false)
        }
    }

    private func send(_ line: String) {
        // It fails only if the process is dead; then its end is the answer.
        try? input.write(contentsOf: Data("\(line)\n".utf8))
    }

    private func answer(_ request: Int, _ isDone: Bool) {
        state.withLock { $0.waiting.removeValue(forKey: request) }?.resume(returning: isDone)
    }

    private func hear(_ data: Data) {
        let lines = state.withLock { state in
            state.unread += data
            var lines: [String] = []
            while let end = state.unread.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: state.unread[..<end], as: UTF8.self))
                state.unread = Data(state.unread[(end + 1)...])
            }
            return lines
        }
        for line in lines {
            let words = line.split(separator: " ")
            if words.first == "ready" { state.withLock { $0.isReady = true } }
            if words.count == 2, let request = Int(words[1]) {
                answer(request, words[0] == "answered")
            }
        }
    }

    private func end() {
        let (waiting, mourners) = state.withLock { state in
            state.isOver = true
            defer {
                state.waiting = [:]
                state.mourners = []
            }
            return (Array(state.waiting.values), state.mourners)
        }
        for request in waiting { request.resume(returning: false) }
        for mourner in mourners { mourner.resume() }
    }
}
