/// What was asked of store and transport, counted.
struct CallCounts: Sendable, Equatable {
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

    static func += (sum: inout CallCounts, other: CallCounts) {
        let paths: [WritableKeyPath<CallCounts, Int>] = [
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
    /// Whether documents other than the entity were read.
    var readsBeside = false
    /// Whether store and queues had to take part in one transaction.
    var commitsWithQueues = false

    /// In a few words.
    ///
    /// - Parameter areReadsUpToDate: Whether no read may be out of date.
    /// - Returns: The words.
    func description(areReadsUpToDate: Bool) -> String {
        if commitsWithQueues { return "store and queues in one database" }
        var parts = [comparesAndSets ? "compare-and-set" : "writes"]
        if largestBatch > 1 { parts.append("\(largestBatch) documents as one") }
        let reads = areReadsUpToDate ? "up-to-date reads" : "reads"
        if readsBeside {
            parts.append("\(reads) beside the entity")
        } else if areReadsUpToDate {
            parts.append(reads)
        }
        if expires { parts.append("expiry") }
        return parts.joined(separator: ", ")
    }
}
