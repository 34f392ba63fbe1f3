internal import CoreMetrics

/// How a file's writing goes, for whoever watches the metrics.
struct FileMetrics: Sendable {
    /// Transactions that changed something, each of which is synced to disk.
    private let commits: Counter
    /// Operations that were in them.
    private let operations: Counter

    init(path: String) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let dimensions = [("db.system.name", "sqlite"), ("db.namespace", name)]
        commits = Counter(label: "pawl.sqlite.commits", dimensions: dimensions)
        operations = Counter(label: "pawl.sqlite.operations", dimensions: dimensions)
    }

    func count(operations count: Int, changes: Int64) {
        if changes == 0 { return }
        commits.increment()
        operations.increment(by: count)
    }
}
