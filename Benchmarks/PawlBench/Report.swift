/// What a benchmark measured. Throughputs are messages per second.
public struct Report: Codable, Sendable {
    /// The time from just before a message is sent to its being done, on an idle system, in
    /// milliseconds.
    public struct Latency: Codable, Sendable {
        /// The median.
        public var p50: Double
        /// The 99th percentile.
        public var p99: Double

        init(_ samples: [Double]) {
            let sorted = samples.sorted()
            func at(_ share: Double) -> Double {
                guard !sorted.isEmpty else { return 0 }
                let rounded = (sorted[Int(Double(sorted.count - 1) * share)] * 1000).rounded()
                return rounded / 1000
            }
            p50 = at(0.5)
            p99 = at(0.99)
        }
    }

    /// The backend's name.
    public var backend: String
    /// The algorithm's name.
    public var algorithm: String
    /// How many messages were measured.
    public var messages: Int
    /// How many messages were in the queue when the measured ones were begun, beside them.
    public var backlog: Int
    /// The throughput of Pawl.
    public var messages_per_second: Int
    /// The throughput of the same statements by hand.
    public var raw_messages_per_second: Int
    /// The former divided by the latter, rounded to hundredths.
    public var ratio: Double
    /// Sender and endpoint in one process.
    public var latency_ms: Latency
    /// Sender in one process, endpoint in another.
    public var latency_two_processes_ms: Latency
    /// One small commit by hand, in milliseconds.
    public var raw_commit_ms: Latency
    /// The largest memory while the messages were handled, in MB of 10^6 bytes.
    public var peak_rss_mb: Double
    /// How many messages the endpoint handled at once.
    public var concurrency: Int
    /// The mean number of operations that shared one transaction.
    public var batch: Double
    /// The commits that were synced to disk, for each message.
    public var fsyncs_per_message: Double

    /// The same figures for people, with their units.
    public var table: String {
        func latency(_ name: String, _ latency: Latency) -> [(String, String, String)] {
            [
                ("\(name), median", "\(latency.p50)", "ms"),
                ("\(name), 99th percentile", "\(latency.p99)", "ms"),
            ]
        }
        let rows =
            [
                ("backend", backend, ""),
                ("algorithm", algorithm, ""),
                ("measured", "\(messages)", "messages"),
                ("further ones in the queue", "\(backlog)", "messages"),
                ("handled at once", "\(concurrency)", "messages"),
                ("throughput", "\(messages_per_second)", "messages/s"),
                ("throughput by hand", "\(raw_messages_per_second)", "messages/s"),
                ("ratio of the two", "\(ratio)", ""),
            ] + latency("latency, one process", latency_ms)
            + latency("latency, two processes", latency_two_processes_ms)
            + latency("one commit by hand", raw_commit_ms) + [
                ("largest memory", "\(peak_rss_mb)", "MB"),
                ("mean batch", "\(batch)", "operations/transaction"),
                ("syncs", "\(fsyncs_per_message)", "per message"),
            ]
        let nameWidth = rows.map(\.0.count).max() ?? 0
        let valueWidth = rows.map(\.1.count).max() ?? 0
        return rows.map { name, value, unit in
            let gap = nameWidth - name.count + 2 + valueWidth - value.count
            return name + String(repeating: " ", count: gap) + value
                + (unit.isEmpty ? "" : " \(unit)")
        }
        .joined(separator: "\n")
    }
}
