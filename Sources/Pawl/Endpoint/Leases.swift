internal import Logging
internal import Synchronization

/// Extends the leases of the deliveries that are being handled.
final class Leases: Sendable {
    private let transport: any Transport
    private let lease: Duration
    private let environment: Environment
    private let logger: Logger
    /// When each delivery's lease was last begun or extended.
    private let held = Mutex<[Receipt: Timestamp]>([:])

    init(_ transport: any Transport, lease: Duration, environment: Environment, logger: Logger) {
        self.transport = transport
        self.lease = lease
        self.environment = environment
        self.logger = logger
    }

    func begin(_ receipts: [Receipt]) {
        let now = environment.now()
        held.withLock { held in
            for receipt in receipts { held[receipt] = now }
        }
    }

    func end(_ receipt: Receipt) {
        held.withLock { $0[receipt] = nil }
    }

    /// Extends leases, each when a third of it has gone by, until the task is cancelled.
    func keep() async {
        while true {
            do {
                try await environment.sleep(lease / 3)
            } catch {
                return  // cancelled: the endpoint has ended
            }
            await extendOld()
        }
    }

    private func extendOld() async {
        let horizon = environment.now() - lease / 4
        let old = held.withLock {
            $0.filter { $0.value < horizon }.keys.sorted { $0.handle < $1.handle }
        }
        if old.isEmpty { return }
        do {
            let lost = try await transport.extend(old, by: lease)
            let now = environment.now()
            held.withLock { held in
                for receipt in old where held[receipt] != nil { held[receipt] = now }
                for receipt in lost { held[receipt] = nil }
            }
        } catch {
            logger.warning(
                "Leases could not be extended; what is in flight may be delivered twice.",
                metadata: [LogKey.error: "\(error)", LogKey.count: "\(old.count)"])
        }
    }
}
