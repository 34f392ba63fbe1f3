internal import Pawl

/// Gives everything that is met in a world a small number, the same in all executions of an
/// exploration, so that sets can be masks of bits.
///
/// The numbers follow the order in which things are met, which another exploration of the same plan
/// may not share. So wherever something has to be the same in both, as the name of a choice or what
/// code under check gets to see, it is named by its digest.
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
    private(set) var identityDigests: [Digest] = []
    private var attemptNumbers: [Digest: Int] = [:]
    private var takenAttemptNumbers: Set<Int> = []
    private var versions: [String] = []
    private var handles: [Int: String] = [:]

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
        identityNumbers[digest] = identityNumbers.count
        identityDigests.append(digest.finished)
        return identityNumbers.count - 1
    }

    /// An attempt: the message, the delivery or the submission, and how often it was tried then.
    mutating func attempt(_ id: MessageID, _ delivery: String, try number: Int) -> Int {
        var digest = Digest()
        digest.mix(id)
        digest.mix(delivery)
        digest.mix(number)
        if let known = attemptNumbers[digest] { return known }
        // Of the few bits that a mark has; where they don't do, the next number that is free.
        var number = Int(digest.finished.short & 0xFF_FFFF)
        while !takenAttemptNumbers.insert(number).inserted { number = (number + 1) & 0xFF_FFFF }
        attemptNumbers[digest] = number
        return number
    }

    /// The text of a version, made once.
    mutating func version(_ number: Int) -> Version {
        while versions.count <= number { versions.append(String(versions.count)) }
        return Version(rawValue: versions[number])
    }

    /// The transport's name for a lease of a copy of a message.
    mutating func handle(content: Int, copy: Int, lease: Int) -> String {
        let number = (content << 8 | copy) << 20 | lease
        if let known = handles[number] { return known }
        let name = String(contents[content].digest.short, radix: 36)
        let handle = "\(name).\(copy).\(lease)"
        handles[number] = handle
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
