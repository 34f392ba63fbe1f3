import Pawl

extension TransportContract {
    static let delays: [Check<TransportSubject>] = [
        transportCheck("a message is not delivered before its time", requires: [.clock]) { scene in
            let message = try await scene.send(notBefore: scene.now + scene.lease * 3)
            try await scene.expectNothingVisible("when it is sent")
            try await scene.advance(by: scene.lease * 2)
            try await scene.expectNothingVisible("a lease before its time")
            try await scene.advance(by: scene.lease + .milliseconds(1))
            try await scene.receive(message)
        },
        transportCheck("a message whose time has passed is delivered at once") { scene in
            let message = try await scene.send(notBefore: scene.now - .seconds(1))
            try await scene.acknowledge(try await scene.receive(message))
        },
        transportCheck(
            "messages with times of their own wait each for its own", requires: [.clock]
        ) { scene in
            let late = try await scene.send(notBefore: scene.now + scene.lease * 2)
            let soon = try await scene.send(notBefore: scene.now + scene.lease)
            try await scene.expectNothingVisible("before both times")
            try await scene.advance(by: scene.lease + .milliseconds(1))
            try await scene.acknowledge(try await scene.receive(soon))
            try await scene.expectNothingVisible("between the times")
            try await scene.advance(by: scene.lease)
            try await scene.receive(late)
        },
        transportCheck("a message can wait for a month", requires: [.clock]) { scene in
            let message = try await scene.send(notBefore: scene.now + .days(30))
            try await scene.advance(by: .days(29))
            try await scene.expectNothingVisible("after 29 days")
            try await scene.advance(by: .days(1) + .milliseconds(1))
            try await scene.receive(message)
        },
    ]

    static let waiting: [Check<TransportSubject>] = [
        transportCheck("receive never returns more than was asked for") { scene in
            try await scene.send(count: 7)
            var seen = 0
            for max in [1, 2, 3, 1] {
                let deliveries = try await scene.receive(max: max)
                seen += deliveries.count
            }
            try expect(seen <= 7, "seven messages were delivered \(seen) times")
        },
        transportCheck("receive does not wait for as many as were asked for") { scene in
            let message = try await scene.send()
            let deliveries = try await scene.receive(max: 100)
            try expect("the ids", try deliveries.map { try $0.id }, is: [message.id])
        },
        transportCheck("receive waits for a message and is woken by it") { scene in
            for _ in 0..<10 {
                async let deliveries = scene.receive()
                await letOthersRun()
                let message = try await scene.send()
                let delivery = try await deliveries[0]
                try expect("the message", try delivery.id, is: message.id)
                try await scene.acknowledge(delivery.receipt)
            }
        },
        transportCheck("receive is woken by a release") { scene in
            let message = try await scene.send()
            let receipt = try await scene.receive(message)
            async let deliveries = scene.receive()
            await letOthersRun()
            try await scene.release(receipt)
            try expect("the message", try await deliveries[0].id, is: message.id)
        },
        transportCheck(
            "receive is woken when a message's time comes", requires: [.clock]
        ) { scene in
            let time = scene.now + scene.lease * 2
            let message = try await scene.send(notBefore: time)
            let delivery = try await scene.whileTimePasses { try await scene.receive()[0] }
            try expect("the message", try delivery.id, is: message.id)
            try expect(scene.now >= time, "the message came before its time")
        },
        transportCheck("receive is woken when somebody's lease ends", requires: [.clock]) { scene in
            let message = try await scene.send()
            let past = try await scene.receive(message)
            let delivery = try await scene.whileTimePasses { try await scene.receive()[0] }
            try expect("the message", try delivery.id, is: message.id)
            try expect("the attempt", delivery.attempt, is: 2)
            try expect(past != delivery.receipt, "both leases have the same receipt")
        },
        transportCheck("a cancelled receive returns nothing and takes nothing") { scene in
            let deliveries = try await scene.cancelledReceive {}
            try expect("the number of deliveries", deliveries.count, is: 0)
            let message = try await scene.send()
            try await scene.acknowledge(try await scene.receive(message))
        },
        transportCheck("a cancellation loses nothing that was taken") { scene in
            var sent: [MessageID] = []
            var taken: [MessageID] = []
            for _ in 0..<50 {
                let message = scene.message()
                sent.append(message.id)
                let deliveries = try await scene.cancelledReceive {
                    try await scene.transport.send([Outgoing(message, to: scene.queue)])
                }
                for delivery in deliveries {
                    try expect("the attempt", delivery.attempt, is: 1)
                    taken.append(try delivery.id)
                    try await scene.acknowledge(delivery.receipt)
                }
            }
            for delivery in try await scene.receive(count: sent.count - taken.count) {
                try expect("the attempt", delivery.attempt, is: 1)
                taken.append(try delivery.id)
            }
            try expect("the ids", taken.sorted(), is: sent.sorted())
        },
        transportCheck("a queue that does not exist can never be received from") { scene in
            try await expectImpossible("receive from a queue that does not exist") {
                _ = try await scene.transport.receive(
                    from: scene.queue + "-nowhere", max: 1, lease: scene.lease)
            }
        },
    ]

    static let sharing: [Check<TransportSubject>] = [
        transportCheck("receivers that share a queue never hold the same message") { scene in
            let ids = try await scene.send(count: 200)
            let held = try await concurrently(8) { _ in try await scene.receive(count: 25) }
            let seen = try held.flatMap { try $0.map { try $0.id } }
            try expect("the ids", seen.sorted(), is: ids.sorted())
            let receipts = Set(held.flatMap { $0.map(\.receipt) })
            try expect("the number of receipts", receipts.count, is: 200)
        },
        transportCheck("one message wakes one of many receivers, and the rest go on waiting") {
            scene in
            async let all = concurrently(10) { _ in try await scene.receive(max: 1)[0] }
            var sent: [MessageID] = []
            for _ in 0..<10 {
                await letOthersRun()
                sent.append(try await scene.send().id)
            }
            let ids = try await all.map { try $0.id }
            try expect("the ids", ids.sorted(), is: sent.sorted())
        },
        transportCheck("ten thousand messages are drained without loss") { scene in
            let count = 10_000
            var sent: [MessageID] = []
            for _ in 0..<10 { sent += try await scene.send(count: count / 10) }
            let drained = try await concurrently(4) { _ in
                var ids: [MessageID] = []
                while ids.count < count / 4 {
                    let max = min(100, count / 4 - ids.count)
                    for delivery in try await scene.receive(max: max) {
                        ids.append(try delivery.id)
                        try await scene.acknowledge(delivery.receipt)
                    }
                }
                return ids
            }
            let isSame = drained.flatMap { $0 }.sorted() == sent.sorted()
            try expect(isSame, "what was drained is not what was sent")
            try await scene.expectNothingVisible("after the queue was drained")
        },
        transportCheck("a queue is drained while it is filled") { scene in
            async let senders = concurrently(4) { _ in
                var ids: [MessageID] = []
                for _ in 0..<100 { ids.append(try await scene.send().id) }
                return ids
            }
            let received = try await concurrently(4) { _ in
                var ids: [MessageID] = []
                while ids.count < 100 {
                    for delivery in try await scene.receive(max: min(7, 100 - ids.count)) {
                        ids.append(try delivery.id)
                        try await scene.acknowledge(delivery.receipt)
                    }
                }
                return ids
            }
            let sent = try await senders.flatMap { $0 }.sorted()
            try expect("the ids", received.flatMap { $0 }.sorted(), is: sent)
        },
    ]
}

extension TransportScene {
    /// Cancels a receive while something else happens.
    fileprivate func cancelledReceive(
        _ meanwhile: @escaping @Sendable () async throws -> Void
    ) async throws -> [Delivery] {
        try await withThrowingTaskGroup(of: [Delivery].self) { group in
            group.addTask {
                try await transport.receive(from: queue, max: 10, lease: lease)
            }
            await letOthersRun()
            // What happens meanwhile must not be cancelled with it.
            async let happening: Void = meanwhile()
            group.cancelAll()
            let deliveries = try await group.next().required("what receive returned")
            try await happening
            return deliveries
        }
    }
}

/// Lets others run, so that they are likely to wait by now. No check relies on it: it only makes
/// it likelier that a mistake is seen.
func letOthersRun() async {
    for _ in 0..<20 { await Task.yield() }
}
