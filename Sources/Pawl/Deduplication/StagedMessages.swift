/// Messages that don't fit into their entity's document: they lie beside it until they are sent.
///
/// Each attempt lays down its own, under a fresh name, so that no two ever mix; the entity then names
/// the attempt whose messages count. All that attempts at one message lay down is in one partition,
/// behind a fence: a document that is written together with each page and lists the attempts. Whoever
/// finds the messages sent removes what is listed and closes the fence, so that an attempt that has
/// lost can't lay down anything any more.
///
/// A submission that is given up has nobody who finds its messages sent, and may be made again, so
/// its fence stays open, but it is written anew once the entity has changed. Attempts look at the
/// entity between reading the fence and writing under the version that they have read: those that
/// have loaded before find that it has changed, or the fence has.
///
/// Source: "Out-of-document outbox", exactly-once.github.io; section 3 of the algorithms. The ids of
/// processed messages stay in the ledger, so there is nothing to be moved once the state is saved,
/// and the fence stands where a time to live would guess.
package struct StagedMessages: Sendable {
    package static let kind = "pawl.staged"

    private let store: any Store
    private let environment: Environment
    private let retention: Duration
    private let id: MessageID
    /// The entity, and where it is.
    private let (key, entities): (DocumentKey, PartitionKey)
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
        self.id = id
        self.key = key
        self.entities = entities
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
    /// - Parameters:
    ///   - pages: What to lay down.
    ///   - stage: The attempt's name.
    ///   - base: The version of the entity that it has loaded; `nil` if there was none.
    /// - Returns: Whether it could; not if the messages of another attempt have been sent, nor if the
    ///   entity has changed, so that the attempt has lost already.
    /// - Throws: What the store threw.
    package func put(
        _ pages: [[UInt8]], _ stage: Ledger.Stage, over base: Version?
    ) async throws -> Bool {
        let laid = Laid(stage: stage, base: base)
        var next = 0
        var fence: Fence?
        while next < pages.count {
            if fence == nil { fence = try await openFence(over: base) }
            guard var open = fence else {
                if next > 0 { try await remove(stage) }
                return false
            }
            open.laid = open.laid.filter { $0 != laid } + [laid]
            let result = try await store.write(
                [
                    .put(fenceKey, content(open), if: open.condition),
                    .put(pageKey(stage, next), Content(body: nil, ledger: pages[next]), if: .any),
                ], in: partition)
            if case .committed(let versions) = result, let version = versions.first ?? nil {
                next += 1
                open.condition = .version(version)
                fence = open
            } else {
                fence = nil
            }
        }
        return true
    }

    /// The messages of an attempt; `nil` if they are not, or not all, there.
    package func read(_ stage: Ledger.Stage) async throws -> [Outgoing]? {
        var messages: [Outgoing] = []
        for number in 0..<stage.pages {
            let key = pageKey(stage, number)
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
            var fence = try await readFence()
            if fence.isClosed { return }
            for laid in fence.laid { try await removePages(of: laid.stage) }
            fence.laid = []
            fence.state = .closed
            let result = try await store.write(
                [.put(fenceKey, content(fence), if: fence.condition)], in: partition)
            if result != .conflict { return }
        }
    }

    /// Gives up: whoever has loaded the entity by now lays down nothing any more, and what such attempts
    /// have laid down is removed. Others may.
    ///
    /// - Parameter change: Changes the entity, if it has not changed since it was found that the message
    ///   was not processed; returns whether it could.
    /// - Returns: Whether it could.
    /// - Throws: What the store threw.
    package func giveUp(_ change: () async throws -> Bool) async throws -> Bool {
        let before = try await readFence()
        guard try await change() else { return false }
        // Whoever was listed by then has lost.
        if try await rewrite(before, without: before.laid) { return true }
        while true {
            let fence = try await readFence()
            // In this order: what is listed was laid down before this is read.
            let entity = try await store.read(key, in: entities)
            // It was saved after all, and whoever has it sent closes the fence.
            if try Ledger(entity).mayBeStaged(id) { return true }
            let lost = fence.laid.filter { $0.base != entity?.version }
            if try await rewrite(fence, without: lost) { return true }
        }
    }

    /// Writes the fence anew, so that nothing is laid down by those who have read it, and removes what
    /// is not to be listed any more. Returns whether it could; a closed fence stays as it is.
    private func rewrite(_ fence: Fence, without lost: [Laid]) async throws -> Bool {
        if fence.isClosed { return true }
        for laid in lost { try await removePages(of: laid.stage) }
        var fence = fence
        fence.laid.removeAll { lost.contains($0) }
        fence.state = .rewritten
        // Also where nothing is listed: somebody may be about to.
        let result = try await store.write(
            [.put(fenceKey, content(fence), if: fence.condition)], in: partition)
        return result != .conflict
    }

    /// Removes what an attempt has laid down that has lost.
    package func remove(_ stage: Ledger.Stage) async throws {
        try await removePages(of: stage)
        while true {
            var fence = try await readFence()
            guard let index = fence.laid.firstIndex(where: { $0.stage == stage }) else { return }
            fence.laid.remove(at: index)
            // Where it was written anew, somebody may still have read that it was not there.
            let write: Write =
                fence.laid.isEmpty && fence.state == .open
                ? .delete(fenceKey, if: fence.condition)
                : .put(fenceKey, content(fence), if: fence.condition)
            if try await store.write([write], in: partition) != .conflict { return }
        }
    }

    private func removePages(of stage: Ledger.Stage) async throws {
        for number in 0..<stage.pages {
            _ = try await store.write([.delete(pageKey(stage, number), if: .any)], in: partition)
        }
    }

    // MARK: The fence

    /// What an attempt has laid down, and over which version of the entity it is to be saved.
    private struct Laid: Equatable {
        let stage: Ledger.Stage
        let base: Version?
    }

    private struct Fence {
        enum State: UInt8 {
            /// Attempts come and go.
            case open
            /// The same, but it was written anew, and is not deleted.
            case rewritten
            /// The messages are sent.
            case closed
        }

        var laid: [Laid] = []
        var state = State.open
        var condition = Write.Condition.absent

        var isClosed: Bool { state == .closed }
    }

    private func readFence() async throws -> Fence {
        guard let document = try await store.read(fenceKey, in: partition) else { return Fence() }
        do {
            return try Self.fence(document.content, .version(document.version))
        } catch {
            throw PawlError(
                .malformedDocument,
                "\(fenceKey) in the partition \(partition) can't be read: \(error). It is damaged.",
                underlying: error)
        }
    }

    private static func fence(_ content: Content, _ condition: Write.Condition) throws -> Fence {
        var reader = ByteReader(content.ledger)
        var fence = Fence(condition: condition)
        for _ in 0..<(try reader.read(UInt32.self)) {
            let stage = try reader.readStage()
            let base = try reader.readOptional { Version(rawValue: try $0.readString()) }
            fence.laid.append(Laid(stage: stage, base: base))
        }
        let state = try reader.read(UInt8.self)
        guard let state = Fence.State(rawValue: state) else {
            throw MalformedBytes("state \(state) at byte \(reader.position - 1)")
        }
        fence.state = state
        return fence
    }

    /// The attempts that a fence lists, each with the version of the entity that it has loaded.
    package static func stages(
        listedBy fence: Content
    ) throws -> [(stage: Ledger.Stage, base: Version?)] {
        try self.fence(fence, .any).laid.map { ($0.stage, $0.base) }
    }

    /// Whether attempts can lay down something under a fence: "open", "rewritten" or "closed".
    package static func state(of fence: Content) throws -> String {
        "\(try self.fence(fence, .any).state)"
    }

    /// The messages on a page.
    package static func messages(of page: Content) throws -> [Outgoing] {
        var reader = ByteReader(page.ledger)
        return try reader.readMessages()
    }

    /// The fence for an attempt; `nil` if it has lost already, at least when the fence was read.
    private func openFence(over base: Version?) async throws -> Fence? {
        let fence = try await readFence()
        if fence.isClosed { return nil }
        // In this order: whoever gives a submission up changes the entity, then the fence. So either
        // it is seen here, or what is written under this version of the fence conflicts.
        return try await store.read(key, in: entities)?.version == base ? fence : nil
    }

    private func content(_ fence: Fence) -> Content {
        var writer = ByteWriter()
        writer.write(UInt32(fence.laid.count))
        for laid in fence.laid {
            writer.write(laid.stage)
            writer.write(laid.base) { $0.write($1.rawValue) }
        }
        writer.write(fence.state.rawValue)
        var content = Content(body: nil, ledger: writer.bytes)
        // What it lists must not be forgotten. If it lists nothing, it stands for longer than anybody
        // stands still who might lay down something.
        if fence.laid.isEmpty {
            content.expires = environment.now() + max(retention, TokenRecords.shutFor)
        }
        return content
    }

    package static let fenceKey = DocumentKey(kind: kind, id: "fence")
    package var fenceKey: DocumentKey { Self.fenceKey }

    package func pageKey(_ stage: Ledger.Stage, _ number: Int) -> DocumentKey {
        DocumentKey(kind: Self.kind, id: "\(stage.attempt)/\(number)")
    }
}
