/// What the outbox remembers in an entity: the ids of processed messages and the messages that
/// still have to be sent.
package struct Ledger {
    package enum State: Equatable {
        /// Processed; these messages have not all been sent yet.
        case pending([Outgoing])
        /// Processed, and everything was sent.
        case dispatched
        /// A submission that was given up before it was saved.
        case tombstone
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

    /// Sets the state of an id, as of now; forgets what was dispatched before `horizon`.
    package mutating func record(
        _ id: MessageID, _ state: State, at now: Timestamp, forget horizon: Timestamp
    ) {
        entries.removeAll { entry in
            if entry.id == id { return true }
            if case .pending = entry.state { return false }
            return entry.time < horizon
        }
        entries.append(Entry(id: id, time: now, state: state))
    }

    /// Notes that everything of an id was sent. The id stays.
    package mutating func dispatched(_ id: MessageID) {
        guard let index = entries.lastIndex(where: { $0.id == id }) else { return }
        entries[index].state = .dispatched
    }

    package func encoded() -> [UInt8] {
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
                writer.write(UInt32(messages.count))
                for message in messages { message.write(to: &writer) }
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
            case 1:
                var messages: [Outgoing] = []
                for _ in 0..<(try reader.read(UInt32.self)) {
                    messages.append(try Outgoing(from: &reader))
                }
                state = .pending(messages)
            case 2: state = .tombstone
            case let flag: throw MalformedBytes("state \(flag) at byte \(reader.position - 1)")
            }
            entries.append(Entry(id: id, time: time, state: state))
        }
        guard reader.isAtEnd else {
            throw MalformedBytes("\(bytes.count - reader.position) bytes too many at the end")
        }
    }
}
