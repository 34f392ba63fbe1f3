import Foundation
import NIOPosix
public import Pawl

/// Blobs in a folder, a file each.
///
/// A blob is written to a file beside its own, reaches the disk, and is then renamed, so that a file
/// of its name is always whole. Several processes, and machines that share a file system, may use
/// one folder. Files are written and read on threads of their own, so that nobody else waits for
/// the disk.
public struct FolderBlobs: BlobStore {
    private let folder: String
    private let threads: NIOThreadPool

    /// Opens the blobs in a folder.
    ///
    /// - Parameter folder: The folder's path. It is created if it is not there.
    /// - Throws: A `BackendError` if the folder can't be created.
    public init(in folder: String) throws(BackendError) {
        self.folder = folder
        threads = .singleton
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw BackendError(
                .canNeverHappen, "The folder \(folder) for blobs can't be created.",
                underlying: error)
        }
    }

    /// Writes a blob: a file beside its own, synced, and renamed.
    public func put(_ bytes: [UInt8], as name: String) async throws(BackendError) {
        let file = try file(name)
        try await run(.mayHaveHappened, "The blob \(file) could not be written.") {
            // Nobody else writes this blob; but a process that has died may have left a part of it.
            let part = file + Self.part
            guard FileManager.default.createFile(atPath: part, contents: nil) else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            let handle = try FileHandle(forWritingTo: URL(filePath: part))
            defer { try? handle.close() }
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
            guard rename(part, file) == 0 else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            // The name is durable when the folder is.
            try syncFolder()
        }
    }

    private func syncFolder() throws {
        let directory = try FileHandle(forReadingFrom: URL(filePath: folder))
        defer { try? directory.close() }
        try directory.synchronize()
    }

    /// Reads a blob as a whole.
    public func get(_ name: String) async throws(BackendError) -> [UInt8]? {
        let file = try file(name)
        return try await run(.didNotHappen, "The blob \(file) could not be read.") {
            do {
                return Array(try Data(contentsOf: URL(filePath: file)))
            } catch CocoaError.fileReadNoSuchFile {
                return nil
            }
        }
    }

    /// Deletes a blob, and what a writer of it has left that has died.
    public func delete(_ name: String) async throws(BackendError) {
        let file = try file(name)
        try await run(.mayHaveHappened, "The blob \(file) could not be deleted.") {
            for path in [file + Self.part, file] {
                do {
                    try FileManager.default.removeItem(atPath: path)
                } catch CocoaError.fileNoSuchFile {
                    continue
                }
            }
            try syncFolder()
        }
    }

    private static let part = ".part"

    private func run<Value: Sendable>(
        _ effect: BackendError.Effect, _ failure: String,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(BackendError) -> Value {
        do {
            return try await threads.runIfActive(body)
        } catch {
            throw BackendError(effect, failure, underlying: error)
        }
    }

    private func file(_ name: String) throws(BackendError) -> String {
        guard !name.isEmpty, name.utf8.count <= 200, name.utf8.allSatisfy(\.isSafe) else {
            throw BackendError(
                .canNeverHappen,
                "\"\(name)\" is no name of a blob: it has up to 200 letters, digits and '-'.")
        }
        return "\(folder)/\(name)"
    }
}

extension UInt8 {
    /// Whether it stands for itself in a file's name, on every file system.
    fileprivate var isSafe: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
