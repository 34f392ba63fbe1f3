import Pawl

/// A transport that changes some of what another one does, and leaves the rest to it.
protocol TransportWrapper: Transport {
    associatedtype Base: Transport
    var base: Base { get }
}

extension TransportWrapper {
    var transportLimits: TransportLimits { base.transportLimits }

    func register(_ registration: Registration) async throws(BackendError) -> RegistrationResult {
        try await base.register(registration)
    }

    func directory(fresh: Bool) async throws(BackendError) -> Directory {
        try await base.directory(fresh: fresh)
    }

    func send(_ messages: [Outgoing]) async throws(BackendError) {
        try await base.send(messages)
    }

    func receive(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        try await base.receive(from: queue, max: max, lease: lease)
    }

    func acknowledge(_ receipt: Receipt) async throws(BackendError) -> Bool {
        try await base.acknowledge(receipt)
    }

    func release(_ receipt: Receipt, after delay: Duration) async throws(BackendError) -> Bool {
        try await base.release(receipt, after: delay)
    }

    func extend(_ receipts: [Receipt], by lease: Duration) async throws(BackendError) -> [Receipt] {
        try await base.extend(receipts, by: lease)
    }
}
