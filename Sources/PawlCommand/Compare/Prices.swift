import Pawl

/// DynamoDB's units of reading and writing, and what they and SQS's requests cost.
///
/// Everything else in the comparison is measured; these are typed in, as the pages below gave them for
/// us-east-1 in 2025 and 2026. What is charged, only AWS's own price lists say.
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
