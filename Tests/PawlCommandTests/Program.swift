import Foundation

/// The `pawl` program that was built beside the tests.
enum Program {
    struct Output {
        let status: Int32
        let text: String
        let errors: String
    }

    static func run(_ arguments: String...) throws -> Output { try run(arguments) }

    static func run(_ arguments: [String]) throws -> Output {
        try run(folder().appending(path: "pawl"), arguments)
    }

    /// Has a shell run a command as somebody types it who has the program in his path.
    static func shell(_ command: String) throws -> Output {
        try run(
            URL(filePath: "/bin/sh"), ["-c", #"PATH="$1:$PATH"; "# + command, "sh", folder().path])
    }

    private static func folder() throws -> URL {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: tests).deletingLastPathComponent()
    }

    private static func run(_ program: URL, _ arguments: [String]) throws -> Output {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // Neither is longer than a pipe's buffer.
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, text: String(decoding: text, as: UTF8.self),
            errors: String(decoding: complaint, as: UTF8.self))
    }
}
