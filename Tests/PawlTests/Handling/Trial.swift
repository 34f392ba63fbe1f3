import PawlContracts

@testable import Pawl

/// Runs a handler on a message without a store: only what it would save and send.
struct Trial: Sendable {
    let handlers: Handlers
    let database: MemoryDatabase
    let clock = ManualClock()

    init(
        _ handlers: Handlers, types: [String: Set<String>] = [:],
        limits: TransportLimits = .memory
    ) async throws {
        self.handlers = handlers
        database = MemoryDatabase(transportLimits: limits, environment: clock.environment)
        for (endpoint, types) in types {
            _ = try await database.register(Registration(endpoint: endpoint, types: types))
        }
    }

    /// What a handler does to some states.
    func handle(_ message: Envelope, over bodies: [[UInt8]?] = [nil]) async throws -> Effects {
        guard let handler = handlers.byType[message.type] else {
            throw PawlError(.unknownType, message.type)
        }
        let attempt = Attempt(
            message: message, endpoint: handlers.name,
            work: try handler.prepare(message, handlers.name),
            router: Router(transport: database), environment: clock.environment)
        return try await attempt.handle(
            bodies.map { body in
                body.map { Document(version: Version(rawValue: "1"), content: Content(body: $0)) }
            })
    }

    /// The addresses of what a handler changes.
    func work(for message: Envelope) throws -> Work? {
        try handlers.byType[message.type]?.prepare(message, handlers.name)
    }
}
