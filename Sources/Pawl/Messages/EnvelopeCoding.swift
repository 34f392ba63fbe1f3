extension Envelope {
    /// The first byte of every encoded envelope: the version of the coding.
    private static let codingVersion: UInt8 = 1

    /// The envelope as bytes, as transports carry it. Every copy has the same bytes: headers are
    /// written in the order of their names.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 128 + body.count)
        write(to: &writer)
        return writer.bytes
    }

    /// Reads an envelope from what ``encoded()`` wrote.
    ///
    /// - Parameter bytes: The encoded envelope.
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/malformedMessage`` that says what
    ///   is wrong; no input traps.
    public init(decoding bytes: [UInt8]) throws {
        do {
            var reader = ByteReader(bytes)
            self = try Envelope(from: &reader)
            guard reader.isAtEnd else {
                throw MalformedBytes("\(bytes.count - reader.position) bytes too many at the end")
            }
        } catch let error as MalformedBytes {
            throw PawlError(
                .malformedMessage,
                "These \(bytes.count) bytes are no message of Pawl's: \(error.description).")
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Self.codingVersion)
        writer.write(id)
        writer.write(conversation)
        writer.write(cause) { $0.write($1) }
        writer.write(sentAt.microseconds)
        writer.write(type)
        writer.write(sender) { $0.write($1) }
        writer.write(UInt32(headers.count))
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            writer.write(name)
            writer.write(value)
        }
        writer.write(body)
    }

    init(from reader: inout ByteReader) throws {
        let version = try reader.read(UInt8.self)
        guard version == Self.codingVersion else {
            throw MalformedBytes("coding version \(version), known is \(Self.codingVersion)")
        }
        id = try reader.readID()
        conversation = try reader.readID()
        cause = try reader.readOptional { try $0.readID() }
        sentAt = Timestamp(microseconds: try reader.read(Int64.self))
        type = try reader.readString()
        sender = try reader.readOptional { try $0.readString() }
        headers = [:]
        for _ in 0..<(try reader.read(UInt32.self)) {
            let name = try reader.readString()
            headers[name] = try reader.readString()
        }
        body = try reader.readBytes()
    }
}

extension Outgoing {
    func write(to writer: inout ByteWriter) {
        writer.write(queue)
        writer.write(notBefore) { $0.write($1.microseconds) }
        envelope.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws {
        queue = try reader.readString()
        notBefore = try reader.readOptional { Timestamp(microseconds: try $0.read(Int64.self)) }
        envelope = try Envelope(from: &reader)
    }
}
