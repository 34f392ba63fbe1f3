/// Where bytes live that are too large for messages and documents.
///
/// A blob is written once under a name that nobody else uses, read any number of times, and
/// deleted. Pawl writes it before the state that refers to it is saved, and deletes it when nothing
/// can refer to it any more.
///
/// A call that throws says what happened in ``BackendError/effect``.
public protocol BlobStore: Sendable {
    /// Writes a blob. When it returns, the blob is durable.
    ///
    /// - Parameters:
    ///   - bytes: The blob.
    ///   - name: Its name: letters, digits and `-`. If there is a blob of this name already, it is
    ///     replaced.
    /// - Throws: ``BackendError``.
    func put(_ bytes: [UInt8], as name: String) async throws(BackendError)

    /// Reads a blob. Every blob whose writing was answered before is seen.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The blob, whole; `nil` if there is none.
    /// - Throws: ``BackendError``.
    func get(_ name: String) async throws(BackendError) -> [UInt8]?

    /// Deletes a blob. Deleting one that is absent is no error.
    ///
    /// - Parameter name: Its name.
    /// - Throws: ``BackendError``.
    func delete(_ name: String) async throws(BackendError)
}

/// Blobs in a ``Store``, each spread over as many documents as it takes.
///
/// For blobs of some megabytes at the most: what can hold files is cheaper for larger ones.
public struct StoreBlobs: BlobStore {
    package static let kind = "pawl.blob"
    private let store: any Store

    /// Opens the blobs in a store.
    ///
    /// - Parameter store: The store.
    public init(in store: any Store) {
        self.store = store
    }

    /// Writes a blob, the last page first.
    public func put(_ bytes: [UInt8], as name: String) async throws(BackendError) {
        // Room for the number of pages.
        let size = max(1, store.limits.largestDocument - 4)
        let count = max(1, (bytes.count + size - 1) / size)
        // The first page last: with it, all are there.
        for number in (0..<count).reversed() {
            var page = ByteWriter(capacity: size + 4)
            page.write(UInt32(count))
            let content = bytes[(number * size)..<min((number + 1) * size, bytes.count)]
            _ = try await store.write(
                [
                    .put(
                        Self.key(number), Content(body: nil, ledger: page.bytes + content),
                        if: .any)
                ], in: Self.partition(name))
        }
    }

    /// Reads a blob, page by page.
    public func get(_ name: String) async throws(BackendError) -> [UInt8]? {
        guard let (count, first) = try await page(0, of: name) else { return nil }
        var bytes = Array(first)
        for number in 1..<max(1, count) {
            // Whoever deletes it begins with the first page.
            guard let (_, next) = try await page(number, of: name) else { return nil }
            bytes += next
        }
        return bytes
    }

    /// Deletes all pages that there are.
    public func delete(_ name: String) async throws(BackendError) {
        // Whatever is there, also of one whose writing was broken off.
        while true {
            let pages = try await store.read(
                kind: Self.kind, in: Self.partition(name), after: nil, limit: 100)
            if pages.isEmpty { return }
            for page in pages {
                _ = try await store.write(
                    [.delete(page.key, if: .any)], in: Self.partition(name))
            }
        }
    }

    private func page(
        _ number: Int, of name: String
    ) async throws(BackendError) -> (count: Int, content: ArraySlice<UInt8>)? {
        let document = try await store.read(Self.key(number), in: Self.partition(name))
        guard let bytes = document?.content.ledger, bytes.count >= 4 else { return nil }
        let count = bytes[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        return (count, bytes[4...])
    }

    private static func key(_ number: Int) -> DocumentKey {
        let digits = String(number)
        return DocumentKey(
            kind: kind, id: String(repeating: "0", count: max(0, 8 - digits.count)) + digits)
    }

    package static func partition(_ name: String) -> PartitionKey {
        PartitionKey("\(kind)/\(name)")
    }
}
