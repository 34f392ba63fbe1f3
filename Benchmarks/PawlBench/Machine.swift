import Foundation

/// This process's memory.
enum Memory {
    /// Starts a new peak.
    static func resetPeak() {
        // Linux only; elsewhere the peak is that of the whole run.
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }

    /// The largest resident memory since the last reset, in MB of 10^6 bytes.
    static var peak: Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return (kibibytes * 1.024 / 100).rounded() / 10
    }
}

/// Another process that sends a message whenever it is told to.
final class OtherProcess {
    private let process = Process()
    private let input = Pipe()

    init(_ command: [String]) throws {
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // It says so when it is ready.
        _ = try output.fileHandleForReading.read(upToCount: 6)
    }

    func sendOne() throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
