import Pawl
import PawlContracts

extension TransportFaults {
    static let leases: [Fault<TransportSubject>] = [
        fault("leases nothing") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                let deliveries = try await inner.receive(from: queue, max: max, lease: lease)
                for delivery in deliveries {
                    try await inner.release(delivery.receipt, after: .zero)
                }
                return deliveries
            }
            transport.onAcknowledge = { (_) async throws(BackendError) in true }
        },
        fault("leases for too short a time") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                try await inner.receive(from: queue, max: max, lease: lease / 4)
            }
        },
        fault("does not count attempts") { transport, _, _ in
            transport.changeDeliveries {
                Delivery(receipt: $0.receipt, attempt: 1, message: $0.message)
            }
        },
        fault("counts deliveries as attempts") { transport, _, _ in
            let counts = Notes<Int>()
            transport.changeDeliveries { delivery in
                let name = delivery.receipt.queue + delivery.receipt.message
                let count = (counts[name] ?? 0) + 1
                counts[name] = count
                return Delivery(
                    receipt: delivery.receipt, attempt: count, message: delivery.message)
            }
        },
        fault("begins to count anew after a release") { transport, _, _ in
            let start = Notes<Int>()
            let last = Notes<Int>()
            let release = transport.onRelease
            transport.changeDeliveries { delivery in
                let name = delivery.receipt.message
                last[name] = delivery.attempt
                return Delivery(
                    receipt: delivery.receipt, attempt: delivery.attempt - (start[name] ?? 0),
                    message: delivery.message)
            }
            transport.onRelease = { (receipt, delay) async throws(BackendError) in
                start[receipt.message] = (last[receipt.message] ?? 1) - 1
                return try await release(receipt, delay)
            }
        },
        fault("has no fencing") { transport, inner, _ in
            // Whoever held the message once may do everything with it.
            let current = Notes<Receipt>()
            transport.changeDeliveries { delivery in
                current[delivery.receipt.message] = delivery.receipt
                return delivery
            }
            transport.onAcknowledge = { (receipt) async throws(BackendError) in
                try await inner.acknowledge(current[receipt.message] ?? receipt)
            }
            transport.onRelease = { (receipt, delay) async throws(BackendError) in
                try await inner.release(current[receipt.message] ?? receipt, after: delay)
            }
            transport.onExtend = { (receipts, lease) async throws(BackendError) in
                try await inner.extend(
                    receipts.map { current[$0.message] ?? $0 }, by: lease)
            }
        },
        fault("accepts every acknowledgement and release") { transport, inner, _ in
            transport.onAcknowledge = { (receipt) async throws(BackendError) in
                try await inner.acknowledge(receipt)
                return true
            }
            transport.onRelease = { (receipt, delay) async throws(BackendError) in
                try await inner.release(receipt, after: delay)
                return true
            }
        },
        fault("forgets acknowledgements") { transport, inner, _ in
            transport.onAcknowledge = { (receipt) async throws(BackendError) in
                try await inner.extend([receipt], by: .seconds(5)).isEmpty
            }
        },
        fault("acknowledges all that was delivered together") { transport, inner, _ in
            let together = Notes<[Receipt]>()
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                let deliveries = try await inner.receive(from: queue, max: max, lease: lease)
                for delivery in deliveries {
                    together[delivery.receipt.handle] = deliveries.map(\.receipt)
                }
                return deliveries
            }
            transport.onAcknowledge = { (receipt) async throws(BackendError) in
                let isAccepted = try await inner.acknowledge(receipt)
                for other in together[receipt.handle] ?? [] { try await inner.acknowledge(other) }
                return isAccepted
            }
        },
        fault("releases at once") { transport, inner, _ in
            transport.onRelease = { (receipt, _) async throws(BackendError) in
                try await inner.release(receipt, after: .zero)
            }
        },
        fault("keeps what is released until the lease ends") { transport, inner, _ in
            transport.onRelease = { (_, _) async throws(BackendError) in true }
        },
        fault("extends nothing") { transport, _, _ in
            transport.onExtend = { (_, _) async throws(BackendError) in [] }
        },
        fault("extends the first lease only") { transport, inner, _ in
            transport.onExtend = { (receipts, lease) async throws(BackendError) in
                try await inner.extend(Array(receipts.prefix(1)), by: lease)
            }
        },
        fault("adds every extension to what is left") { transport, inner, _ in
            let sums = Notes<Duration>()
            transport.onExtend = { (receipts, lease) async throws(BackendError) in
                for receipt in receipts {
                    let sum = (sums[receipt.handle] ?? .zero) + lease
                    sums[receipt.handle] = sum
                    if try await !inner.extend([receipt], by: sum).isEmpty { return [receipt] }
                }
                return []
            }
        },
        Fault(name: "does not share its queues with a second handle") { clock in
            let environment = clock.environment
            return TransportSubject(
                MemoryTransport(environment: environment),
                openSecond: { MemoryTransport(environment: environment) }, clock: clock)
        },
    ]

    static let waiting: [Fault<TransportSubject>] = [
        fault("delivers more than was asked for") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                try await inner.receive(from: queue, max: max + 1, lease: lease)
            }
        },
        fault("waits for as many as were asked for") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                var deliveries: [Delivery] = []
                while deliveries.count < max, !Task.isCancelled {
                    deliveries += try await inner.receive(
                        from: queue, max: max - deliveries.count, lease: lease)
                }
                return deliveries
            }
        },
        fault("returns nothing when there is nothing") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                try await inner.receiveWithoutWaiting(from: queue, max: max, lease: lease)
            }
        },
        fault("looks once a day") { transport, inner, clock in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                while true {
                    let deliveries = try await inner.receiveWithoutWaiting(
                        from: queue, max: max, lease: lease)
                    if !deliveries.isEmpty || Task.isCancelled { return deliveries }
                    try? await clock.environment.sleep(.days(90_000))
                }
            }
        },
        fault("throws when it is cancelled") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                let deliveries = try await inner.receive(from: queue, max: max, lease: lease)
                if deliveries.isEmpty { throw BackendError(.didNotHappen, "cancelled") }
                return deliveries
            }
        },
        fault("drops what it has taken when it is cancelled") { transport, inner, _ in
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                let deliveries = try await inner.receive(from: queue, max: max, lease: lease)
                for _ in 0..<50 { await Task.yield() }
                return Task.isCancelled ? [] : deliveries
            }
        },
        fault("delivers everything twice") { transport, inner, _ in
            let last = Notes<[Delivery]>()
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                if let again = last[queue] {
                    last[queue] = nil
                    return Array(again.prefix(max))
                }
                let deliveries = try await inner.receive(from: queue, max: max, lease: lease)
                last[queue] = deliveries
                return deliveries
            }
        },
        fault("loses a message now and then") { transport, _, _ in
            let counts = Notes<Int>()
            transport.changeSends { outgoing in
                let count = (counts[outgoing.queue] ?? 0) + 1
                counts[outgoing.queue] = count
                return count.isMultiple(of: 90) ? nil : outgoing
            }
        },
    ]
}

extension Transport {
    fileprivate func receiveWithoutWaiting(
        from queue: String, max: Int, lease: Duration
    ) async throws(BackendError) -> [Delivery] {
        let result = await withTaskGroup(of: Result<[Delivery], BackendError>.self) { group in
            group.addTask { [self] in
                do throws(BackendError) {
                    return .success(try await receive(from: queue, max: max, lease: lease))
                } catch {
                    return .failure(error)
                }
            }
            for _ in 0..<10 { await Task.yield() }
            group.cancelAll()
            return await group.next() ?? .success([])
        }
        return try result.get()
    }
}
