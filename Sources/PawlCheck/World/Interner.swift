internal import Pawl

/// Gives everything that is met in a world a small number, the same in all executions of an
/// exploration, so that states can be compared by numbers and sets be masks of bits.
///
/// The numbers depend on what was met before. What leaves an exploration — choices, keys of states,
/// names of attempts — is made of digests instead, so that others can make the same execution.
struct Interner {
    /// Where a document is.
    struct Address {
        let partition: PartitionKey
        let key: DocumentKey
        let digest: Digest
    }

    /// A message in a queue, by its content: copies have the same.
    struct Content {
        let envelope: Envelope
        let queue: String
        let digest: Digest
        /// The number of the message's identity in its queue: copies that differ share it.
        let identity: Int
        let mark: Marks.Mark?
        let encoded: [UInt8]
    }

    private var addressNumbers: [Digest: Int] = [:]
    private(set) var addresses: [Address] = []
    private var contentNumbers: [Digest: Int] = [:]
    private(set) var contents: [Content] = []
    private var identityNumbers: [Digest: Int] = [:]
    /// The digest of each identity, by its number.
    private(set) var identities: [Digest] = []
    private var attempts: [Int: Digest] = [:]
    private var versions: [String] = []
    private var handles: [Int: String] = [:]
    private var contentsByHandle: [String: Int] = [:]

    /// The number of things that were met and whose number is not bounded by the plan.
    var count: Int { addresses.count + contents.count + attempts.count + handles.count }

    mutating func address(_ key: DocumentKey, in partition: PartitionKey) -> Int {
        var digest = Digest()
        digest.mix(partition.name)
        digest.mix(key.kind)
        digest.mix(key.id)
        if let known = addressNumbers[digest] { return known }
        addresses.append(Address(partition: partition, key: key, digest: digest.finished))
        addressNumbers[digest] = addresses.count - 1
        return addresses.count - 1
    }

    mutating func content(_ envelope: Envelope, in queue: String) -> Int {
        var digest = Digest()
        digest.mix(queue)
        digest.mix(envelope.type)
        digest.mix(envelope.id)
        digest.mix(envelope.body)
        digest.mix(envelope.sentAt.microseconds)
        if let cause = envelope.cause { digest.mix(cause) }
        digest.mix(envelope.conversation)
        digest.mix(envelope.sender ?? "")
        // Headers are written in the order of their names.
        if !envelope.headers.isEmpty { digest.mix(envelope.encoded()) }
        if let known = contentNumbers[digest] { return known }
        contents.append(
            Content(
                envelope: envelope, queue: queue, digest: digest.finished,
                identity: identity(envelope.id, in: queue), mark: Marks.of(envelope.body).last,
                encoded: envelope.encoded()))
        contentNumbers[digest] = contents.count - 1
        return contents.count - 1
    }

    mutating func identity(_ id: MessageID, in queue: String) -> Int {
        var digest = Digest()
        digest.mix(queue)
        digest.mix(id)
        if let known = identityNumbers[digest] { return known }
        identities.append(digest.finished)
        identityNumbers[digest] = identities.count - 1
        return identities.count - 1
    }

    /// An attempt: the message, the delivery or the submission, and how often it was tried then.
    mutating func attempt(_ id: MessageID, _ delivery: String, try number: Int) -> Int {
        var digest = Digest()
        digest.mix(id)
        digest.mix(delivery)
        digest.mix(number)
        return attempt(digest)
    }

    /// An attempt by what it is given, whoever makes it.
    mutating func attempt(
        _ id: MessageID, at address: Int, by role: Int, given bodies: [[UInt8]?], at now: Timestamp
    ) -> Int {
        var digest = Digest()
        digest.mix(id)
        digest.mix(addresses[address].digest)
        digest.mix(role)
        for body in bodies {
            digest.mix(body == nil ? 0 : 1)
            digest.mix(body ?? [])
        }
        digest.mix(now.microseconds)
        return attempt(digest)
    }

    private mutating func attempt(_ digest: Digest) -> Int {
        // It goes into bodies, and so into the digests of messages: it must not depend on what was
        // met before. At 40 bits, two of a thousand attempts meet with a chance of one in a million.
        var name = Int(digest.finished.short & (1 << 40 - 1))
        while let other = attempts[name], other != digest { name = (name + 1) & (1 << 40 - 1) }
        attempts[name] = digest
        return name
    }

    /// The text of a version, made once.
    mutating func version(_ number: Int) -> Version {
        while versions.count <= number { versions.append(String(versions.count)) }
        return Version(rawValue: versions[number])
    }

    /// The message that a lease is of.
    func content(of receipt: Receipt) -> Content? {
        contentsByHandle[receipt.handle].map { contents[$0] }
    }

    /// The transport's name for a lease of a copy of a message.
    mutating func handle(content: Int, copy: Int, lease: Int) -> String {
        let number = (content << 8 | copy) << 20 | lease
        if let known = handles[number] { return known }
        let name = String(contents[content].digest.short, radix: 36)
        let handle = "\(name).\(copy).\(lease)"
        handles[number] = handle
        contentsByHandle[handle] = content
        return handle
    }
}

extension Digest {
    mutating func mix(_ id: MessageID) {
        mix(id.high)
        mix(id.low)
    }

    mutating func mix(_ number: Int64) {
        mix(UInt64(bitPattern: number))
    }
}
