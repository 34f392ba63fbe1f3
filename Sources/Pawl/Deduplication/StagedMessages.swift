/// Messages that don't fit into their entity's document: they lie beside it until they are sent.
///
/// Each attempt lays down its own, under a fresh name, so that no two ever mix; the entity then names
/// the attempt whose messages count. All that attempts at one message lay down is in one partition,
/// behind a fence: a document that is written together with each page and lists the attempts. Whoever
/// finds the messages sent removes what is listed and closes the fence, so that an attempt that has
/// lost can't lay down anything any more.
///
/// Source: "Out-of-document outbox", exactly-once.github.io; section 3 of the algorithms. The ids of
/// processed messages stay in the ledger, so there is nothing to be moved once the state is saved,
/// and the fence stands where a time to live would guess.
package struct StagedMessages: Sendable {
    package static let kind = "pawl.staged"

    private let store: any Store
    private let environment: Environment
    private let retention: Duration
    package let partition: PartitionKey

    /// The messages that were caused by one message.
    ///
    /// - Parameters:
    ///   - store: Where they are.
    ///   - environment: Where the time comes from.
    ///   - retention: For how long the fence stands when it is closed.
    ///   - id: The message that has caused them.
    ///   - key: The entity that is to send them.
    ///   - entities: The entity's partition.
    init(
        _ store: any Store, _ environment: Environment, retention: Duration, of id: MessageID,
        for key: DocumentKey, _ entities: PartitionKey
    ) {
        self.store = store
        self.environment = environment
        self.retention = retention
        partition = PartitionKey("\(Self.kind)/\(entities)/\(key)/\(id)")
    }

    /// Distributes messages over documents that the store can hold.
    ///
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/documentTooLarge``.
    package static func pages(
        _ messages: [Outgoing], of attempt: Attempt, within limits: StoreLimits
    ) throws -> [[UInt8]] {
        var pages: [[UInt8]] = []
        var rest = messages[...]
        while let first = rest.first {
            var count = 1
            var page = encoded([first])
            guard page.count <= limits.largestDocument else {
                throw PawlError(
                    .documentTooLarge,
                    """
                    \(first.envelope.type), which message \(attempt.message.id) \
                    (\(attempt.message.type)) causes, has \(page.count) bytes; the store holds at \
                    most \(limits.largestDocument). Nothing was changed. Send a reference to the \
                    large part instead.
                    """)
            }
            while count < rest.count {
                let longer = encoded(rest.prefix(count + 1))
                guard longer.count <= limits.largestDocument else { break }
                page = longer
                count += 1
            }
            pages.append(page)
            rest = rest.dropFirst(count)
        }
        return pages
    }

    private static func encoded(_ messages: some Collection<Outgoing>) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(messages)
        return writer.bytes
    }

    /// Lays down the messages of an attempt.
    ///
    /// - Returns: Whether it could; not if the messages of another attempt have been sent.
    package func put(_ pages: [[UInt8]], _ stage: Ledger.Stage) async throws -> Bool {
        var next = 0
        while next < pages.count {
            let fence = try await readFence()
            if fence.isClosed { return false }
            let listed = fence.stages.filter { $0 != stage } + [stage]
            let result = try await store.write(
                [
                    .put(fenceKey, self.fence(listed), if: fence.condition),
                    .put(key(stage, next), Content(body: nil, ledger: pages[next]), if: .any),
                ], in: partition)
            if result != .conflict { next += 1 }
        }
        return true
    }

    /// The messages of an attempt; `nil` if they are not, or not all, there.
    package func read(_ stage: Ledger.Stage) async throws -> [Outgoing]? {
        var messages: [Outgoing] = []
        for number in 0..<stage.pages {
            let key = key(stage, number)
            guard let page = try await store.read(key, in: partition) else { return nil }
            do {
                messages += try Self.messages(of: page.content)
            } catch {
                throw PawlError(
                    .malformedDocument,
                    "\(key) in the partition \(partition) can't be read: \(error). It is damaged.",
                    underlying: error)
            }
        }
        return messages
    }

    /// Removes what any attempt has laid down, and sees to it that none does so again, when the
    /// messages are sent.
    package func close() async throws {
        while true {
            let fence = try await readFence()
            if fence.isClosed { return }
            for stage in fence.stages { try await removePages(of: stage) }
            var closed = self.fence([])
            closed.expires = environment.now() + retention
            let result = try await store.write(
                [.put(fenceKey, closed, if: fence.condition)], in: partition)
            if result != .conflict { return }
        }
    }

    /// What attempts have laid down, as long as the fence is open.
    package func stages() async throws -> [Ledger.Stage] { try await readFence().stages }

    /// Removes what attempts have laid down that can't be saved any more. Others may go on.
    func remove(_ doomed: [Ledger.Stage]) async throws {
        for stage in doomed { try await removePages(of: stage) }
        while !doomed.isEmpty {
            let open = try await readFence()
            let rest = open.stages.filter { !doomed.contains($0) }
            if rest == open.stages { return }
            let write: Write =
                rest.isEmpty
                ? .delete(fenceKey, if: open.condition)
                : .put(fenceKey, fence(rest), if: open.condition)
            if try await store.write([write], in: partition) != .conflict { return }
        }
    }

    private func removePages(of stage: Ledger.Stage) async throws {
        for number in 0..<stage.pages {
            _ = try await store.write([.delete(key(stage, number), if: .any)], in: partition)
        }
    }

    // MARK: The fence

    private struct Fence {
        var stages: [Ledger.Stage] = []
        var isClosed = false
        var condition = Write.Condition.absent
    }

    private func readFence() async throws -> Fence {
        guard let document = try await store.read(fenceKey, in: partition) else { return Fence() }
        return Fence(
            stages: try Self.stages(listedBy: document.content),
            isClosed: document.content.expires != nil, condition: .version(document.version))
    }

    /// The attempts that a fence lists.
    package static func stages(listedBy fence: Content) throws -> [Ledger.Stage] {
        var reader = ByteReader(fence.ledger)
        return try (0..<reader.read(UInt32.self)).map { _ in try reader.readStage() }
    }

    /// The messages on a page.
    package static func messages(of page: Content) throws -> [Outgoing] {
        var reader = ByteReader(page.ledger)
        return try reader.readMessages()
    }

    private func fence(_ stages: [Ledger.Stage]) -> Content {
        var writer = ByteWriter()
        writer.write(UInt32(stages.count))
        for stage in stages { writer.write(stage) }
        return Content(body: nil, ledger: writer.bytes)
    }

    package static let fenceKey = DocumentKey(kind: kind, id: "fence")
    package var fenceKey: DocumentKey { Self.fenceKey }

    package func key(_ stage: Ledger.Stage, _ number: Int) -> DocumentKey {
        DocumentKey(kind: Self.kind, id: "\(stage.attempt)/\(number)")
    }
}
