public import Pawl

/// A blob store to be checked.
public struct BlobSubject: ContractSubject {
    /// The blob store.
    public let blobs: any BlobStore
    /// Opens a second handle on the same blobs, as another process would; `nil` if that can't be.
    public let openSecond: (@Sendable () async throws -> any BlobStore)?
    /// Where names come from that no other check uses.
    public let environment: Environment

    /// Creates a subject.
    ///
    /// - Parameters:
    ///   - blobs: The blob store.
    ///   - openSecond: Opens a second handle on the same blobs, as another process would.
    ///   - environment: Where names come from that no other check uses.
    public init(
        _ blobs: any BlobStore, openSecond: (@Sendable () async throws -> any BlobStore)? = nil,
        environment: Environment = .system
    ) {
        self.blobs = blobs
        self.openSecond = openSecond
        self.environment = environment
    }

    /// What this blob store, run in this way, offers.
    public var capabilities: Set<Capability> { openSecond == nil ? [] : [.secondHandle] }
}

/// What a blob store must do.
public enum BlobContract {
    /// Every check, each independent of the others; they may share one blob store.
    public static let checks: [Check<BlobSubject>] = [
        Check("a blob is read as it was written, byte for byte") { subject in
            for count in [0, 1, 255, 70_000, 3_000_000] {
                let name = subject.environment.fresh("blob")
                let bytes = Self.bytes(count)
                try await subject.blobs.put(bytes, as: name)
                try expect("\(count) bytes", try await subject.blobs.get(name), is: bytes)
            }
        },
        Check("a blob that was never written is absent") { subject in
            let blob = try await subject.blobs.get(subject.environment.fresh("blob"))
            try expect("it", blob, is: nil)
        },
        Check("a blob of the same name replaces the one before, also by less") { subject in
            let name = subject.environment.fresh("blob")
            for count in [3_000_000, 100_000, 2, 0, 4] {
                try await subject.blobs.put(Self.bytes(count), as: name)
                try expect(
                    "\(count) bytes", try await subject.blobs.get(name), is: Self.bytes(count))
            }
        },
        Check("a deleted blob is absent, and its name can be used again") { subject in
            let name = subject.environment.fresh("blob")
            try await subject.blobs.put(Self.bytes(3_000_000), as: name)
            try await subject.blobs.delete(name)
            try expect("the deleted blob", try await subject.blobs.get(name), is: nil)
            try await subject.blobs.put([7], as: name)
            try expect("the new blob", try await subject.blobs.get(name), is: [7])
        },
        Check("deleting a blob that is absent is no error") { subject in
            let name = subject.environment.fresh("blob")
            try await subject.blobs.delete(name)
            try await subject.blobs.delete(name)
        },
        Check("names that begin alike are different") { subject in
            let name = subject.environment.fresh("blob")
            try await subject.blobs.put([1], as: name)
            try await subject.blobs.put([2], as: name + "-1")
            try await subject.blobs.put([3], as: name + "1")
            try await subject.blobs.delete(name)
            try expect("the deleted one", try await subject.blobs.get(name), is: nil)
            try expect("the second one", try await subject.blobs.get(name + "-1"), is: [2])
            try expect("the third one", try await subject.blobs.get(name + "1"), is: [3])
        },
        Check("blobs that are written at once don't mix") { subject in
            let name = subject.environment.fresh("blob")
            _ = try await concurrently(20) { number in
                try await subject.blobs.put(Self.bytes(10_000 + number), as: "\(name)-\(number)")
            }
            for number in 0..<20 {
                try expect(
                    "blob \(number)", try await subject.blobs.get("\(name)-\(number)"),
                    is: Self.bytes(10_000 + number))
            }
        },
        Check("what one handle has written, another one reads", requires: [.secondHandle]) {
            subject in
            let name = subject.environment.fresh("blob")
            let second = try await subject.openSecond.required("a second handle")()
            try await subject.blobs.put(Self.bytes(5_000), as: name)
            try expect("it", try await second.get(name), is: Self.bytes(5_000))
            try await second.delete(name)
            try expect("it", try await subject.blobs.get(name), is: nil)
        },
    ]

    /// Bytes of all values, in no simple order.
    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    }
}
