/// What an algorithm remembers in an entity: the ids of messages, and what is still to be sent for
/// them.
package struct Ledger {
    package enum State: Equatable {
        /// Processed; these messages have not all been sent yet.
        case pending([Outgoing])
        /// Processed; the messages, too large for the entity, lie in documents of their own and have
        /// not all been sent yet.
        case staged(Stage)
        /// Processed, and everything was sent.
        case dispatched
        /// Processed, and everything was sent that lay in documents of its own; some of those may
        /// still be there.
        case unstaged
        /// Not processed yet: whoever stamps the message with this claim may do so.
        case claimed(MessageID)
        /// A submission that was given up before it was saved.
        case tombstone
        /// Not a message, but an attempt at one: what it is about to make outside of the entity.
        case registered(SideEffects)
        /// An attempt that can't be saved any more; what it has made is to be removed.
        case doomed(SideEffects)

        /// Whether messages are still to be sent, however long it takes.
        fileprivate var isUnsent: Bool {
            switch self {
            case .pending, .staged: true
            case .dispatched, .unstaged, .claimed, .tombstone, .registered, .doomed: false
            }
        }

        /// Whether it must not be forgotten, however long it takes.
        fileprivate var isUnfinished: Bool {
            switch self {
            case .registered, .doomed: true
            default: isUnsent
            }
        }

        /// Whether the message was processed.
        fileprivate var isProcessed: Bool {
            switch self {
            case .pending, .staged, .dispatched, .unstaged: true
            case .claimed, .tombstone, .registered, .doomed: false
            }
        }
    }

    /// Where an attempt has laid down messages.
    package struct Stage: Equatable {
        /// Names the attempt.
        package let attempt: MessageID
        /// The number of documents.
        package let pages: Int

        package init(attempt: MessageID, pages: Int) {
            self.attempt = attempt
            self.pages = pages
        }
    }

    package struct Entry: Equatable {
        package let id: MessageID
        package let time: Timestamp
        package var state: State
    }

    private static let codingVersion: UInt8 = 1

    package private(set) var entries: [Entry]

    /// Reads a document's ledger; the ledger of no document is empty.
    package init(_ document: Document?) throws {
        entries = []
        guard let bytes = document?.content.ledger, !bytes.isEmpty else { return }
        do {
            try decode(bytes)
        } catch {
            throw PawlError(
                .malformedDocument,
                "A document's ledger can't be read: \(error). It was written by newer code, or damaged.",
                underlying: error)
        }
    }

    package subscript(id: MessageID) -> State? {
        // From the end: what is asked for was mostly written just now.
        entries.last { $0.id == id }?.state
    }

    /// Sets the state of an id, as of now; forgets what was finished before `horizon`.
    package mutating func record(
        _ id: MessageID, _ state: State, at now: Timestamp, forget horizon: Timestamp
    ) {
        // A stamp may be younger than its claim, and must not outlive it.
        let claimHorizon = horizon - (now - horizon)
        entries.removeAll { entry in
            if entry.id == id { return true }
            if case .claimed = entry.state { return entry.time < claimHorizon }
            return !entry.state.isUnfinished && entry.time < horizon
        }
        entries.append(Entry(id: id, time: now, state: state))
    }

    /// Notes that everything of an id was sent. The id stays.
    package mutating func dispatched(_ id: MessageID) {
        guard let index = entries.lastIndex(where: { $0.id == id }) else { return }
        switch entries[index].state {
        case .staged, .unstaged: entries[index].state = .unstaged
        case .pending, .dispatched, .claimed, .tombstone: entries[index].state = .dispatched
        // They are no messages.
        case .registered, .doomed: break
        }
    }

    /// Whether a message was processed.
    package func isProcessed(_ id: MessageID) -> Bool { self[id]?.isProcessed ?? false }

    /// Whether something is still to be sent for an id.
    package func isUnsent(_ id: MessageID) -> Bool { self[id]?.isUnsent ?? false }

    /// Whether documents beside the entity may hold messages that an id has caused.
    package func mayBeStaged(_ id: MessageID) -> Bool {
        switch self[id] {
        case .staged, .unstaged: true
        case nil, .pending, .dispatched, .claimed, .tombstone, .registered, .doomed: false
        }
    }

    /// The number of attempts that are registered.
    package var registered: Int {
        entries.count { if case .registered = $0.state { true } else { false } }
    }

    /// What attempts have made that can't be saved any more, by attempt.
    package var doomed: [MessageID: SideEffects] {
        entries.reduce(into: [:]) { doomed, entry in
            if case .doomed(let effects) = entry.state { doomed[entry.id] = effects }
        }
    }

    /// Notes that registered attempts can't be saved any more, which is so as soon as this ledger
    /// is: each saves the entity only under a version in which it is registered.
    package mutating func doom() {
        for index in entries.indices {
            if case .registered(let effects) = entries[index].state {
                entries[index].state = .doomed(effects)
            }
        }
    }

    /// Forgets an id.
    package mutating func remove(_ id: MessageID) {
        entries.removeAll { $0.id == id }
    }

    package func encoded() -> [UInt8] {
        // What holds nothing takes no room.
        if entries.isEmpty { return [] }
        var writer = ByteWriter(capacity: 8 + entries.count * 32)
        writer.write(Self.codingVersion)
        writer.write(UInt32(entries.count))
        for entry in entries {
            writer.write(entry.id)
            writer.write(entry.time.microseconds)
            switch entry.state {
            case .dispatched: writer.write(UInt8(0))
            case .tombstone: writer.write(UInt8(2))
            case .pending(let messages):
                writer.write(UInt8(1))
                writer.write(messages)
            case .staged(let stage):
                writer.write(UInt8(3))
                writer.write(stage)
            case .unstaged: writer.write(UInt8(4))
            case .claimed(let claim):
                writer.write(UInt8(5))
                writer.write(claim)
            case .registered(let effects):
                writer.write(UInt8(6))
                writer.write(effects)
            case .doomed(let effects):
                writer.write(UInt8(7))
                writer.write(effects)
            }
        }
        return writer.bytes
    }

    private mutating func decode(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.codingVersion else {
            throw MalformedBytes("coding version \(version), known is \(Self.codingVersion)")
        }
        for _ in 0..<(try reader.read(UInt32.self)) {
            let id = try reader.readID()
            let time = Timestamp(microseconds: try reader.read(Int64.self))
            let state: State
            switch try reader.read(UInt8.self) {
            case 0: state = .dispatched
            case 1: state = .pending(try reader.readMessages())
            case 2: state = .tombstone
            case 3: state = .staged(try reader.readStage())
            case 4: state = .unstaged
            case 5: state = .claimed(try reader.readID())
            case 6: state = .registered(try reader.readSideEffects())
            case 7: state = .doomed(try reader.readSideEffects())
            case let flag: throw MalformedBytes("state \(flag) at byte \(reader.position - 1)")
            }
            entries.append(Entry(id: id, time: time, state: state))
        }
        guard reader.isAtEnd else {
            throw MalformedBytes("\(bytes.count - reader.position) bytes too many at the end")
        }
    }
}

extension ByteWriter {
    mutating func write(_ effects: SideEffects) {
        write(UInt32(effects.tokens))
        write(UInt32(effects.blobs.count))
        for ordinal in effects.blobs { write(UInt32(ordinal)) }
    }

    mutating func write(_ stage: Ledger.Stage) {
        write(stage.attempt)
        write(UInt32(stage.pages))
    }

    /// A number, and so many messages.
    mutating func write(_ messages: some Collection<Outgoing>) {
        write(UInt32(messages.count))
        for message in messages { message.write(to: &self) }
    }
}

extension ByteReader {
    mutating func readSideEffects() throws -> SideEffects {
        var effects = SideEffects(tokens: Int(try read(UInt32.self)))
        for _ in 0..<(try read(UInt32.self)) { effects.blobs.append(Int(try read(UInt32.self))) }
        return effects
    }

    mutating func readStage() throws -> Ledger.Stage {
        Ledger.Stage(attempt: try readID(), pages: Int(try read(UInt32.self)))
    }

    mutating func readMessages() throws -> [Outgoing] {
        var messages: [Outgoing] = []
        for _ in 0..<(try read(UInt32.self)) { messages.append(try Outgoing(from: &self)) }
        return messages
    }
}
