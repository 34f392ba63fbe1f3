import Foundation
import Synchronization

@testable import CrashWorker

/// A worker process that can be killed and started again.
final class Worker {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let lines = Mutex<[String]>([])

    /// Starts a process.
    init(_ role: String, _ algorithm: Shop.Algorithm, in folder: String, from first: Int = 0) throws
    {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: tests).deletingLastPathComponent()
            .appending(path: "CrashWorker")
        process.arguments = [role, algorithm.rawValue, folder, String(first)]
        process.standardInput = input
        process.standardOutput = output
        // A write to a worker that has been killed is an error, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// Kills it, as the kernel does when memory runs out: it gets no chance to do anything.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks it to end, and waits for that.
    func end() {
        try? input.fileHandleForWriting.close()
        Foundation.kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
    }

    /// Asks a customer for one more order. Fails if the customer is dead.
    func ask() throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    }

    /// Everything that it has printed; to be read once, after its end.
    func printed() throws -> [Int] {
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        // The last line may have been cut off by the kill.
        let text = String(decoding: data, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .compactMap { Int($0) }
    }
}
