/// The keys of log metadata.
enum LogKey {
    static let endpoint = "pawl.endpoint"
    static let error = "error"
    static let count = "count"
    static let delay = "delay"
    static let message = "messaging.message.id"
    static let type = "messaging.message.type"
    static let conversation = "messaging.message.conversation_id"
    static let attempt = "pawl.attempt"
}

/// The names of metrics, and of their dimensions and the attributes of spans, which are those of
/// OpenTelemetry's semantic conventions for messaging where these have one.
enum MetricName {
    static let processDuration = "messaging.process.duration"
    static let consumed = "messaging.client.consumed.messages"
    static let duplicates = "pawl.messages.duplicate"
    static let conflicts = "pawl.messages.conflict"
    static let retries = "pawl.messages.retried"
    static let deadLetters = "pawl.messages.dead_lettered"
}

/// The names of span attributes and metric dimensions.
enum AttributeName {
    static let system = "messaging.system"
    static let destination = "messaging.destination.name"
    static let operation = "messaging.operation.name"
    static let operationType = "messaging.operation.type"
    static let messageID = "messaging.message.id"
    static let conversation = "messaging.message.conversation_id"
    static let messageType = "messaging.message.type"
}
