import Pawl
import PawlContracts
import Testing

@Suite("Blobs in a store", .timeLimit(.minutes(1)))
struct StoreBlobsTests {
    @Test("do what a blob store must", arguments: BlobContract.checks)
    func contract(check: Check<BlobSubject>) async throws {
        let store = MemoryStore(limits: StoreLimits(largestDocument: 50_000, largestBatch: 10))
        let outcome = try await check.run(
            BlobSubject(StoreBlobs(in: store), openSecond: { StoreBlobs(in: store) }))
        #expect(outcome == .passed)
    }

    @Test("are gone as a whole, also where less has replaced more")
    func pages() async throws {
        let store = MemoryStore(limits: StoreLimits(largestDocument: 104, largestBatch: 10))
        let blobs = StoreBlobs(in: store)
        try await blobs.put(Array(repeating: 1, count: 1_000), as: "a")
        #expect(try await store.list(kind: "pawl.blob", after: nil, limit: 99).count == 10)
        try await blobs.put([2], as: "a")
        try await blobs.delete("a")
        #expect(try await store.list(kind: "pawl.blob", after: nil, limit: 99).isEmpty)
    }
}
