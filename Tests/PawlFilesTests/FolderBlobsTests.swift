import Foundation
import Pawl
import PawlContracts
import PawlFiles
import Testing

@Suite("Blobs in a folder", .timeLimit(.minutes(1)))
struct FolderBlobsTests {
    /// Runs a test in a folder of its own.
    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pawl-blobs-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test("do what a blob store must", arguments: BlobContract.checks)
    func contract(check: Check<BlobSubject>) async throws {
        try await inFolder { folder in
            let blobs = try FolderBlobs(in: folder)
            let outcome = try await check.run(
                BlobSubject(blobs, openSecond: { try FolderBlobs(in: folder) }))
            #expect(outcome == .passed)
        }
    }

    @Test("leave no other file than one for each blob")
    func files() async throws {
        try await inFolder { folder in
            let blobs = try FolderBlobs(in: folder)
            try await blobs.put([1, 2, 3], as: "a")
            try await blobs.put([4], as: "b")
            try await blobs.delete("a")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["b"])
            // What a process that has died was writing goes with the blob.
            #expect(FileManager.default.createFile(atPath: folder + "/b.part", contents: nil))
            try await blobs.delete("b")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test(
        "refuse names that are no names, so that nobody leaves the folder",
        arguments: ["", "..", "a/b", "../a", "a.part", "é", String(repeating: "a", count: 201)])
    func names(name: String) async throws {
        try await inFolder { folder in
            let blobs = try FolderBlobs(in: folder)
            let error = await #expect(throws: BackendError.self) {
                try await blobs.put([1], as: name)
            }
            #expect(error?.effect == .canNeverHappen)
            #expect(error?.message.contains("\"\(name)\"") == true)
            await #expect(throws: BackendError.self) { try await blobs.get(name) }
            await #expect(throws: BackendError.self) { try await blobs.delete(name) }
        }
    }

    @Test("say what is wrong where the folder can't be")
    func unwritable() async throws {
        let error = #expect(throws: BackendError.self) { try FolderBlobs(in: "/proc/blobs") }
        #expect(error?.message.contains("/proc/blobs") == true)
        try await inFolder { folder in
            let blobs = try FolderBlobs(in: folder)
            try FileManager.default.removeItem(atPath: folder)
            let error = await #expect(throws: BackendError.self) {
                try await blobs.put([1], as: "a")
            }
            #expect(error?.effect == .mayHaveHappened)
            #expect(try await blobs.get("a") == nil)
        }
    }
}
