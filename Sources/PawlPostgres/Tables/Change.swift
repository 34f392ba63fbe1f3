internal import Pawl

/// What one call changes: all of it, or nothing.
struct Change: Sendable {
    /// The delivery that is consumed.
    var hold: Hold?
    /// What is remembered as processed, and must not be yet.
    var processed: Processed?
    var partition: PartitionKey = ""
    var writes: [Write] = []
    var messages: [EncodedMessage] = []

    struct Processed: Hashable, Comparable, Sendable {
        let endpoint: String
        let id: [UInt8]

        static func < (left: Processed, right: Processed) -> Bool {
            left.endpoint == right.endpoint
                ? left.id.lexicographicallyPrecedes(right.id) : left.endpoint < right.endpoint
        }
    }

    /// About how many bytes go to the server for it.
    var size: Int {
        messages.reduce(0) { $0 + $1.bytes.count }
            + writes.reduce(0) { $0 + ($1.content?.size ?? 0) }
    }

    /// What no other change of the same transaction may touch.
    var keys: [Key] {
        var keys = writes.map { Key.document(partition, $0.key) }
        if let hold { keys.append(.message(hold)) }
        if let processed { keys.append(.processed(processed)) }
        return keys
    }

    enum Key: Hashable, Sendable {
        case message(Hold)
        case processed(Processed)
        case document(PartitionKey, DocumentKey)
    }
}

/// What became of a change.
enum Verdict: Sendable {
    /// One version for each write, in order; `nil` for a deletion.
    case committed([Version?])
    case duplicate
    case conflict
    case leaseLost
}

/// A claimed message: its row, and the token of the claim.
struct Hold: Hashable, Comparable, Sendable {
    let queue: Int32
    let seq: Int64
    let lease: Int64
    /// Whether a transaction of this database has sent the message. Its row is then the token that
    /// says that it is not processed yet; see algorithms.md, 0.
    let isLocal: Bool

    init(queue: Int32, seq: Int64, lease: Int64, isLocal: Bool) {
        self.queue = queue
        self.seq = seq
        self.lease = lease
        self.isLocal = isLocal
    }

    /// Reads a receipt; `nil` if it is not one of ours.
    init?(_ receipt: Receipt) {
        let parts = receipt.handle.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4, let queue = Int32(Substring(parts[0])),
            let seq = Int64(Substring(parts[1])), let lease = Int64(Substring(parts[2])),
            let origin = Origin(rawValue: String(Substring(parts[3])))
        else { return nil }
        self.init(queue: queue, seq: seq, lease: lease, isLocal: origin == .local)
    }

    /// In the order in which everybody locks messages, so that nobody waits for one another.
    static func < (left: Hold, right: Hold) -> Bool {
        (left.queue, left.seq) < (right.queue, right.seq)
    }

    func receipt(for name: String) -> Receipt {
        let origin = isLocal ? Origin.local : .foreign
        return Receipt(queue: name, handle: "\(queue).\(seq).\(lease).\(origin.rawValue)")
    }

    private enum Origin: String {
        case local = "l"
        case foreign = "f"
    }
}

/// A message that is ready to be inserted.
struct EncodedMessage: Sendable {
    let queue: Int32
    let name: String
    let notBefore: Timestamp?
    let isLocal: Bool
    let bytes: [UInt8]
}
