/// What a handler was given when it met a message first, and what its messages were by their
/// digests: enough to make the same messages again.
package struct Premise: Equatable, Sendable {
    /// A message that the handler sent.
    package struct Output: Equatable, Sendable {
        /// The wire name of its type.
        package let type: String
        /// What tells it from any other.
        package let digest: MessageID
        /// The queues that it went to. Who subscribes may have changed since.
        package let queues: [String]
    }

    /// What the clock said.
    package let now: Timestamp
    /// The headers of the messages, which name a span of that attempt.
    package let headers: [String: String]
    /// The states, in the order of the attempt's keys.
    package let bodies: [[UInt8]?]
    /// The messages, in the order in which they were sent.
    package let outputs: [Output]

    /// What an attempt was given and has made of it.
    ///
    /// - Parameters:
    ///   - bodies: The states.
    ///   - now: What the clock said.
    ///   - headers: The headers of the messages.
    ///   - derived: What the handler has made.
    ///   - queues: For each of its messages, where it goes.
    package init(
        _ bodies: [[UInt8]?], at now: Timestamp, headers: [String: String],
        deriving derived: Derivation, to queues: [[String]]
    ) {
        self.now = now
        self.headers = headers
        self.bodies = bodies
        outputs = zip(derived.sent, queues).map {
            Output(type: $0.type, digest: $0.digest, queues: $1)
        }
    }

    /// Says which output of another run is not what it was; `nil` if all of them are.
    package func difference(from derived: Derivation) -> String? {
        for (index, (output, sent)) in zip(outputs, derived.sent).enumerated() {
            if output.type != sent.type {
                return "output \(index + 1) was a \(output.type) and is a \(sent.type) now"
            }
            if output.digest != sent.digest {
                return "output \(index + 1) (\(output.type)) is not what it was"
            }
        }
        if outputs.count == derived.sent.count { return nil }
        let isMore = outputs.count < derived.sent.count
        let types =
            isMore
            ? derived.sent.dropFirst(outputs.count).map(\.type)
            : outputs.dropFirst(derived.sent.count).map(\.type)
        return """
            the number of outputs was \(outputs.count) and is \(derived.sent.count) now: \
            \(types.joined(separator: ", ")) \(isMore ? "came to it" : "is missing")
            """
    }

    // MARK: Coding

    private static let codingVersion: UInt8 = 1

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: bodies.reduce(128) { $0 + ($1?.count ?? 0) })
        writer.write(Self.codingVersion)
        writer.write(now.microseconds)
        writer.write(UInt32(headers.count))
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            writer.write(name)
            writer.write(value)
        }
        writer.write(UInt32(bodies.count))
        for body in bodies { writer.write(body) { $0.write($1) } }
        writer.write(UInt32(outputs.count))
        for output in outputs {
            writer.write(output.type)
            writer.write(output.digest)
            writer.write(UInt32(output.queues.count))
            for queue in output.queues { writer.write(queue) }
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.codingVersion else {
            throw MalformedBytes("coding version \(version), known is \(Self.codingVersion)")
        }
        now = Timestamp(microseconds: try reader.read(Int64.self))
        var headers: [String: String] = [:]
        for _ in 0..<(try reader.read(UInt32.self)) {
            let name = try reader.readString()
            headers[name] = try reader.readString()
        }
        self.headers = headers
        var bodies: [[UInt8]?] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            bodies.append(try reader.readOptional { try $0.readBytes() })
        }
        self.bodies = bodies
        var outputs: [Output] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let type = try reader.readString()
            let digest = try reader.readID()
            var queues: [String] = []
            for _ in 0..<(try reader.read(UInt32.self)) { queues.append(try reader.readString()) }
            outputs.append(Output(type: type, digest: digest, queues: queues))
        }
        self.outputs = outputs
        guard reader.isAtEnd else {
            throw MalformedBytes("\(bytes.count - reader.position) bytes too many at the end")
        }
    }
}

/// Where the premises of processed messages are: beside their entities, until they expire.
package struct Premises: Sendable {
    package static let kind = "pawl.version"

    let store: any Store
    let retention: Duration

    package init(store: any Store, retention: Duration) {
        self.store = store
        self.retention = retention
    }

    /// The address of a message's premise, in the partition of its entities. The endpoint is in it,
    /// since others may handle the same message, and so is the entity.
    package static func key(
        of message: MessageID, at endpoint: String, _ entity: DocumentKey
    ) -> DocumentKey {
        var writer = ByteWriter()
        for part in [entity.kind, entity.id, endpoint] { writer.write(part) }
        writer.write(message)
        return DocumentKey(kind: kind, id: MessageID(hashing: writer.bytes).description)
    }

    /// The premise of an attempt's message, if it was processed before.
    package func read(_ attempt: Attempt) async throws -> Premise? {
        let key = Self.key(of: attempt)
        guard let record = try await store.read(key, in: attempt.partition) else { return nil }
        do {
            return try Premise(decoding: record.content.ledger)
        } catch {
            throw PawlError(
                .malformedDocument,
                """
                \(key), which says how message \(attempt.message.id) was processed at \
                \(attempt.keys[0]), can't be read: \(error). It was written by newer code, or \
                damaged.
                """, underlying: error)
        }
    }

    /// The write that adds the premise of an attempt's message. Two attempts can't both.
    ///
    /// - Parameters:
    ///   - premise: The premise.
    ///   - attempt: The attempt.
    /// - Returns: The write.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/documentTooLarge``.
    package func adding(_ premise: Premise, of attempt: Attempt) throws -> Write {
        let content = Content(
            body: nil, ledger: premise.encoded(), expires: premise.now + retention)
        guard content.size <= store.limits.largestDocument else {
            throw PawlError(
                .documentTooLarge,
                """
                To process message \(attempt.message.id) (\(attempt.message.type)) again as it was \
                processed first, \(attempt.keys.map(\.description).joined(separator: " and ")) \
                would have to be kept as it is now: \(content.size) bytes, and the store holds at \
                most \(store.limits.largestDocument). Nothing was changed. Split the entity, or \
                use another algorithm than replay.
                """)
        }
        return .put(Self.key(of: attempt), content, if: .absent)
    }

    private static func key(of attempt: Attempt) -> DocumentKey {
        key(of: attempt.message.id, at: attempt.endpoint, attempt.keys[0])
    }
}
