import Pawl

/// What was asked of store and transport, counted.
struct Tally: Sendable, Equatable {
    /// Reads of one document.
    var reads = 0
    /// Reads of several documents of a partition.
    var scans = 0
    /// Writes, of one document or of several as one.
    var writes = 0
    /// Calls that send, and the messages that they have sent.
    var sends = 0
    var sentMessages = 0
    var acknowledgements = 0
    /// Transactions over store and queues at once.
    var commits = 0
    /// Questions whether an id is remembered.
    var lookups = 0
    /// The documents that were read or written, each as often as it was.
    var documents = 0
    var bytesRead = 0
    var bytesWritten = 0
    /// The same calls in the units that DynamoDB counts.
    var readUnits = 0
    var writeUnits = 0

    /// All calls: each is one way to store or transport and back.
    var roundTrips: Int { reads + scans + writes + sends + acknowledgements + commits + lookups }

    static func += (sum: inout Tally, other: Tally) {
        let paths: [WritableKeyPath<Tally, Int>] = [
            \.reads, \.scans, \.writes, \.sends, \.sentMessages, \.acknowledgements, \.commits,
            \.lookups, \.documents, \.bytesRead, \.bytesWritten, \.readUnits, \.writeUnits,
        ]
        for path in paths { sum[keyPath: path] += other[keyPath: path] }
    }
}

/// What an algorithm was seen to need of the store.
struct Demands: Sendable, Equatable {
    /// The most documents that one write had to cover as one.
    var largestBatch = 0
    /// Whether a write depended on what was there.
    var comparesAndSets = false
    /// Whether documents had to go by themselves after some time.
    var expires = false
    /// Whether documents other than the entity were read, so that those reads must not be out of
    /// date either, unless the algorithm says that they may.
    var readsBeside = false
    /// Whether store and queues had to take part in one transaction.
    var commitsWithQueues = false

    /// In a few words.
    var description: String {
        if commitsWithQueues { return "store and queues in one database" }
        var parts = [comparesAndSets ? "compare-and-set" : "writes"]
        if largestBatch > 1 { parts.append("\(largestBatch) documents as one") }
        if readsBeside { parts.append("reads beside the entity") }
        if expires { parts.append("expiry") }
        return parts.joined(separator: ", ")
    }
}

/// DynamoDB's units of reading and writing, and what they and SQS's requests cost.
///
/// Everything else in the comparison is measured; these are typed in, as they were listed for
/// us-east-1 in November 2026:
/// - SQS: https://cloudburn.io/blog/amazon-sqs-pricing. A request for every action, for a batch of up
///   to 10 messages and for each 64 KB.
/// - DynamoDB, on demand: https://airbyte.com/data-engineering-resources/dynamodb-pricing. A write
///   unit for each 1 KB, a read unit for each 4 KB that is read strongly consistently.
/// - Both units twice for each item of a transaction:
///   https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
enum Prices {
    static let dollarsPerMillionRequests = 0.40
    static let dollarsPerMillionReadUnits = 0.125
    static let dollarsPerMillionWriteUnits = 0.625
    static let bytesPerRequest = 65_536
    static let bytesPerReadUnit = 4_096
    static let bytesPerWriteUnit = 1_024
    static let largestBatch = 10

    /// What reading costs that found so many bytes; also what found nothing costs a unit.
    static func readUnits(_ bytes: Int) -> Int { units(bytes, of: bytesPerReadUnit) }

    /// What writing an item costs, which is as large as the larger one of before and after.
    static func writeUnits(_ bytes: Int, isTransaction: Bool) -> Int {
        units(bytes, of: bytesPerWriteUnit) * (isTransaction ? 2 : 1)
    }

    private static func units(_ bytes: Int, of size: Int) -> Int {
        max(1, (bytes + size - 1) / size)
    }

    /// The size of an item without the names of its attributes.
    static func size(_ key: DocumentKey, _ partition: PartitionKey, _ document: Document?) -> Int {
        guard let document else { return 0 }
        return size(key, partition, document.content) + document.version.rawValue.utf8.count
    }

    static func size(_ key: DocumentKey, _ partition: PartitionKey, _ content: Content) -> Int {
        address(key, partition) + content.size + (content.expires == nil ? 0 : 8)
    }

    static func address(_ key: DocumentKey, _ partition: PartitionKey) -> Int {
        partition.name.utf8.count + key.kind.utf8.count + key.id.utf8.count
    }
}
