import Pawl
import Synchronization

/// A transport that does what another one does, but for what a test replaces.
struct BrokenTransport: Transport {
    var transportLimits: TransportLimits
    var onRegister: @Sendable (Registration) async throws(BackendError) -> RegistrationResult
    var onDirectory: @Sendable () async throws(BackendError) -> Directory
    var onSend: @Sendable ([Outgoing]) async throws(BackendError) -> Void
    var onReceive: @Sendable (String, Int, Duration) async throws(BackendError) -> [Delivery]
    var onAcknowledge: @Sendable (Receipt) async throws(BackendError) -> Bool
    var onRelease: @Sendable (Receipt, Duration) async throws(BackendError) -> Bool
    var onExtend: @Sendable ([Receipt], Duration) async throws(BackendError) -> [Receipt]

    init(_ inner: any Transport) {
        transportLimits = inner.transportLimits
        onRegister = { (registration) async throws(BackendError) in
            try await inner.register(registration)
        }
        onDirectory = { () async throws(BackendError) in try await inner.directory(fresh: true) }
        onSend = { (messages) async throws(BackendError) in try await inner.send(messages) }
        onReceive = { (queue, max, lease) async throws(BackendError) in
            try await inner.receive(from: queue, max: max, lease: lease)
        }
        onAcknowledge = { (receipt) async throws(BackendError) in
            try await inner.acknowledge(receipt)
        }
        onRelease = { (receipt, delay) async throws(BackendError) in
            try await inner.release(receipt, after: delay)
        }
        onExtend = { (receipts, lease) async throws(BackendError) in
            try await inner.extend(receipts, by: lease)
        }
    }

    func register(
        _ registration: Registration
    ) async throws(BackendError) -> RegistrationResult {
        try await onRegister(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await onDirectory()
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await onSend(messages)
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await onReceive(queue, max, lease)
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await onAcknowledge(receipt)
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        try await onRelease(receipt, delay)
    }

    func extend(
        _ receipts: [Receipt], by lease: Duration
    ) async throws(BackendError) -> [Receipt] {
        try await onExtend(receipts, lease)
    }
}

extension BrokenTransport {
    /// Changes every message before it is sent, or drops it.
    mutating func changeSends(_ change: @escaping @Sendable (Outgoing) -> Outgoing?) {
        let send = onSend
        onSend = { (messages) async throws(BackendError) in
            try await send(messages.compactMap(change))
        }
    }

    /// Changes every delivery before it is handed over.
    mutating func changeDeliveries(_ change: @escaping @Sendable (Delivery) -> Delivery) {
        let receive = onReceive
        onReceive = { (queue, max, lease) async throws(BackendError) in
            try await receive(queue, max, lease).map(change)
        }
    }
}

/// Values by name that a fault keeps.
final class Notes<Value: Sendable>: Sendable {
    private let values = Mutex<[String: Value]>([:])

    subscript(name: String) -> Value? {
        get { values.withLock { $0[name] } }
        set { values.withLock { $0[name] = newValue } }
    }
}

extension Receipt {
    /// The number of the message, which a receipt of a transport in memory begins with.
    var message: String { String(handle.prefix { $0 != "." }) }
}
