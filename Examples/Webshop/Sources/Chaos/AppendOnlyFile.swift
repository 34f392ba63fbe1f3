import Foundation

/// A file that several processes append to at once. What was appended survives their death.
final class AppendOnlyFile: Sendable {
    private let descriptor: Int32

    /// Opens a file, which is created where it does not exist.
    ///
    /// - Throws: A ``DemoError`` if it can't be written.
    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw DemoError("\(path) can't be written: \(String(cString: strerror(errno))).")
        }
    }

    deinit { close(descriptor) }

    /// The file, to be handed to a process. It is open for as long as this object lives.
    var handle: FileHandle { FileHandle(fileDescriptor: descriptor, closeOnDealloc: false) }

    /// Appends a line, whole: the system never mixes it with another process's.
    func append(line: String) throws {
        let bytes = Array("\(line)\n".utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw DemoError("A line could not be written: \(String(cString: strerror(errno))).")
        }
    }

    /// Appends a number of bytes that mean nothing but their number.
    func append(bytes count: Int) {
        if count == 0 { return }
        let bytes = [UInt8](repeating: UInt8(ascii: "+"), count: count)
        // Counting is not what the demo is about: a full disk shows itself elsewhere.
        _ = write(descriptor, bytes, bytes.count)
    }
}

/// Why the demo could not be made, in words for whoever started it.
public struct DemoError: Error, CustomStringConvertible {
    /// What is wrong, and what to do about it.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
