/// What a million messages of the measured work would cost on SQS and DynamoDB.
struct Bill {
    /// Requests to SQS for a million messages.
    let requests: Double
    let readUnits: Double
    let writeUnits: Double
    let dollars: Double

    /// Makes the bill out; `nil` where store and queues have to be one database.
    ///
    /// - Parameters:
    ///   - measurement: The work.
    ///   - batch: How many messages a request to SQS sends, receives or removes.
    init?(_ measurement: Measurement, batch: Int) {
        if measurement.demands.commitsWithQueues { return nil }
        let all = measurement.all
        // All that were received were removed in the end.
        let received = measurement.messages + measurement.copies
        let actions = received + all.acknowledgements + all.sentMessages
        let share = 1_000_000 / Double(measurement.messages)
        // Ten of these messages are far below the 64 KB of a request.
        requests = Double(actions) / Double(batch) * share
        readUnits = Double(all.readUnits) * share
        writeUnits = Double(all.writeUnits) * share
        dollars =
            (requests * Prices.dollarsPerMillionRequests
                + readUnits * Prices.dollarsPerMillionReadUnits
                + writeUnits * Prices.dollarsPerMillionWriteUnits) / 1_000_000
    }

    /// Why there is none.
    static let impossible = "SQS and DynamoDB commit apart"
}
