import Foundation
import Pawl
import Testing

@testable import PawlSQLite

/// What the operating system refuses, rather than SQLite by a setting of its own.
@Suite("A SQLite file on a real disk", .timeLimit(.minutes(2)))
struct DiskTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "that may only be read says so, and can be read",
        .enabled(if: Protection.isPossible, "root may write all files, and there is no chattr +i"))
    func readOnlyFile() async throws {
        var store: SQLiteStore? = try bench.store()
        _ = try await store?.write([.put(account("1"), json("1"), if: .absent)], in: "p")
        store = nil
        try Protection.begin(bench.path())
        defer { try? Protection.end(bench.path()) }
        let refused = await error { () async throws(BackendError) in
            let store = try SQLiteStore.open(bench.path(), environment: bench.environment)
            return try await store.write([.put(account("2"), json("2"), if: .absent)], in: "p")
        }
        #expect(refused?.effect == .didNotHappen)
        #expect(refused.text.contains("can't be written"))
        #expect(refused.text.contains(bench.path()))
        let viewer = try bench.store(.readOnly)
        #expect(try await viewer.read(account("1"), in: "p")?.content == json("1"))
        #expect(try await viewer.read(account("2"), in: "p") == nil)
    }

    @Test(
        "that is full loses nothing, says what to do, and works again when there is room",
        .enabled(if: SmallDisk.isPossible, "only root on Linux can mount a small disk"))
    func fullDisk() async throws {
        let disk = try SmallDisk()
        defer { disk.unmount() }
        let ballast = disk.folder.appending(path: "ballast")
        try Data(count: 200 << 10).write(to: ballast)
        let path = disk.folder.appending(path: "test.sqlite").path
        var store: SQLiteStore? = try SQLiteStore.open(path, environment: bench.environment)
        let content = json(String(repeating: "x", count: 3000))
        var written = 0
        var failure: BackendError?
        while failure == nil, written < 1000 {
            failure = await error { [store, written] () async throws(BackendError) in
                try await store?.write(
                    [.put(account("\(written)"), content, if: .absent)], in: "p")
            }
            if failure == nil { written += 1 }
        }
        #expect(written > 10)
        #expect(failure?.effect == .didNotHappen)
        #expect(failure.text.contains("the disk is full"))
        #expect(failure.text.contains("Make room"))
        #expect(try await store?.read(account("\(written)"), in: "p") == nil)

        try FileManager.default.removeItem(at: ballast)
        let again = try await store?.write(
            [.put(account("\(written)"), content, if: .absent)], in: "p")
        #expect(again != .conflict)
        store = nil
        let reopened = try SQLiteStore.open(path, environment: bench.environment)
        let all = try await reopened.read(kind: "Account", in: "p", after: nil, limit: 2000)
        #expect(all.count == written + 1)
        #expect(all.allSatisfy { $0.document.content == content })
    }
}

/// Keeps a file from being written, by root too.
private enum Protection {
    static let isPossible: Bool = {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "pawl-protection-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard FileManager.default.createFile(atPath: path, contents: nil) else { return false }
        guard (try? begin(path)) != nil else { return false }
        let isProtected = FileHandle(forWritingAtPath: path) == nil
        return (try? end(path)) != nil && isProtected
    }()

    static func begin(_ path: String) throws {
        if geteuid() == 0 { return try run("chattr", "+i", path) }
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    }

    static func end(_ path: String) throws {
        if geteuid() == 0 { return try run("chattr", "-i", path) }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }
}

/// A disk of one megabyte, in memory.
private struct SmallDisk {
    static let isPossible: Bool = {
        guard geteuid() == 0, let disk = try? SmallDisk() else { return false }
        disk.unmount()
        return true
    }()

    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "pawl-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            try run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path)
        } catch {
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    /// Lazily, so that a file that is still open does not keep it.
    func unmount() {
        try? run("umount", "-l", folder.path)
        try? FileManager.default.removeItem(at: folder)
    }
}

private struct ProgramFailed: Error {
    let arguments: [String]
}

private func run(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw ProgramFailed(arguments: arguments) }
}
