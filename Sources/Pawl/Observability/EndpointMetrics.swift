internal import CoreMetrics

/// An endpoint's metrics, made once.
struct EndpointMetrics: Sendable {
    let consumed: Counter
    let duplicates: Counter
    let conflicts: Counter
    let retries: Counter
    let deadLetters: Counter
    let duration: Timer

    init(endpoint: String) {
        let dimensions = [
            (AttributeName.system, "pawl"), (AttributeName.destination, endpoint),
            (AttributeName.operation, "process"),
        ]
        consumed = Counter(label: MetricName.consumed, dimensions: dimensions)
        duplicates = Counter(label: MetricName.duplicates, dimensions: dimensions)
        conflicts = Counter(label: MetricName.conflicts, dimensions: dimensions)
        retries = Counter(label: MetricName.retries, dimensions: dimensions)
        deadLetters = Counter(label: MetricName.deadLetters, dimensions: dimensions)
        duration = Timer(label: MetricName.processDuration, dimensions: dimensions)
    }
}
