internal import Instrumentation
internal import ServiceContextModule
internal import Tracing

/// W3C trace context in a message's headers.
enum Trace {
    /// The headers that carry the current span to whoever gets a message.
    static func currentHeaders() -> [String: String] {
        var headers: [String: String] = [:]
        guard let context = ServiceContext.current else { return headers }
        InstrumentationSystem.instrument.inject(context, into: &headers, using: HeaderCarrier())
        return headers
    }

    /// The context that a message's headers carry.
    static func context(of envelope: Envelope) -> ServiceContext {
        var context = ServiceContext.current ?? .topLevel
        guard !envelope.headers.isEmpty else { return context }
        InstrumentationSystem.instrument.extract(
            envelope.headers, into: &context, using: HeaderCarrier())
        return context
    }
}

private struct HeaderCarrier: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }

    func extract(key: String, from carrier: [String: String]) -> String? {
        carrier[key]
    }
}

extension Span {
    /// Sets the attributes that OpenTelemetry's messaging conventions ask for.
    func describe(_ envelope: Envelope, at endpoint: String) {
        attributes[AttributeName.system] = "pawl"
        attributes[AttributeName.destination] = endpoint
        attributes[AttributeName.operation] = "process"
        attributes[AttributeName.operationType] = "process"
        attributes[AttributeName.messageID] = "\(envelope.id)"
        attributes[AttributeName.conversation] = "\(envelope.conversation)"
        attributes[AttributeName.messageType] = envelope.type
    }
}
