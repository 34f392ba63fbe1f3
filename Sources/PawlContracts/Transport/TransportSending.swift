import Pawl

extension TransportContract {
    static let sending: [Check<TransportSubject>] = [
        transportCheck("a message arrives byte for byte") { scene in
            let message = Envelope(
                id: MessageID(from: scene.subject.environment), type: "Ping",
                body: (0...255).map { UInt8($0) } + [0, 0],
                headers: ["trace\n": "🐎", "": "\u{0}"], cause: MessageID("cause"),
                conversation: MessageID("conversation"), sender: "it's \"me\"",
                sentAt: Timestamp(microseconds: .max))
            try await scene.transport.send([Outgoing(message, to: scene.queue)])
            let delivery = try await scene.receive(max: 1)[0]
            try expect("the bytes", delivery.message, is: message.encoded())
            try expect("the queue of the receipt", delivery.receipt.queue, is: scene.queue)
            try expect("the attempt", delivery.attempt, is: 1)
        },
        transportCheck("a message with an empty body arrives") { scene in
            let message = scene.message("")
            try await scene.transport.send([Outgoing(message, to: scene.queue)])
            let delivery = try await scene.receive(max: 1)[0]
            try expect("the bytes", delivery.message, is: message.encoded())
        },
        transportCheck("a batch of no messages is sent") { scene in
            try await scene.transport.send([])
            try await scene.expectNothingVisible("after an empty batch")
        },
        transportCheck("each message of a large batch arrives") { scene in
            let ids = try await scene.send(count: 250)
            let deliveries = try await scene.receive(count: 250)
            try expect("the ids", try deliveries.map { try $0.id }.sorted(), is: ids.sorted())
            for delivery in deliveries { try await scene.acknowledge(delivery.receipt) }
            try await scene.expectNothingVisible("after all were acknowledged")
        },
        transportCheck("a message sent twice arrives twice") { scene in
            let message = scene.message()
            for _ in 0..<2 { try await scene.transport.send([Outgoing(message, to: scene.queue)]) }
            let deliveries = try await scene.receive(count: 2)
            let ids = try deliveries.map { try $0.id }
            try expect("the ids", ids, is: [message.id, message.id])
            try expect(
                deliveries[0].receipt != deliveries[1].receipt, "both have the same receipt")
        },
        transportCheck("each message of a batch goes to its own queue") { scene in
            let other = scene.queue + "-other"
            try await scene.register(other)
            let messages = (0..<4).map { _ in scene.message() }
            try await scene.transport.send(
                messages.enumerated().map { number, message in
                    Outgoing(message, to: number.isMultiple(of: 2) ? scene.queue : other)
                })
            for (queue, expected) in [
                (scene.queue, [messages[0].id, messages[2].id]),
                (other, [messages[1].id, messages[3].id]),
            ] {
                var ids: [MessageID] = []
                while ids.count < 2 {
                    try Task.checkCancellation()
                    let deliveries = try await scene.transport.receive(
                        from: queue, max: 10, lease: scene.lease)
                    ids += try deliveries.map { try $0.id }
                }
                try expect("what \(queue) holds", ids.sorted(), is: expected.sorted())
            }
        },
        transportCheck("a message to a queue that does not exist can never be sent") { scene in
            let nowhere = scene.queue + "-nowhere"
            try await expectImpossible("a message to a queue that does not exist") {
                try await scene.transport.send([Outgoing(scene.message(), to: nowhere)])
            }
            let directory = try await scene.transport.directory(fresh: true)
            try expect("the types that go there", directory.endpoints[nowhere], is: nil)
            try await scene.register(nowhere)
            let message = scene.message()
            try await scene.transport.send([Outgoing(message, to: nowhere)])
            let deliveries = try await scene.transport.receive(
                from: nowhere, max: 10, lease: scene.lease)
            let ids = try deliveries.map { try $0.id }
            try expect("what is in the queue, now that it exists", ids, is: [message.id])
        },
        transportCheck("the largest message arrives", requires: [.reachableLimits]) { scene in
            let message = scene.message(size: scene.transport.transportLimits.largestMessage)
            try await scene.transport.send([Outgoing(message, to: scene.queue)])
            let delivery = try await scene.receive(max: 1)[0]
            let isSame = delivery.message == message.encoded()
            try expect(isSame, "the largest message did not arrive byte for byte")
        },
        transportCheck(
            "a message that is too large can never be sent", requires: [.reachableLimits]
        ) { scene in
            let large = scene.message(size: scene.transport.transportLimits.largestMessage + 1)
            try await expectImpossible("a message that is too large") {
                try await scene.transport.send([Outgoing(large, to: scene.queue)])
            }
            try await scene.expectNothingVisible("after it was refused")
        },
        transportCheck(
            "a batch is checked before any of it is sent", requires: [.reachableLimits]
        ) { scene in
            let good = Outgoing(scene.message(), to: scene.queue)
            let large = scene.message(size: scene.transport.transportLimits.largestMessage + 1)
            try await expectImpossible("a batch with a message that is too large") {
                try await scene.transport.send([good, Outgoing(large, to: scene.queue), good])
            }
            try await scene.expectNothingVisible("after a batch was refused")
        },
    ]
}

extension TransportScene {
    /// A new message whose encoded size is given.
    fileprivate func message(size: Int) -> Envelope {
        var message = message("")
        message.body = Array(repeating: 32, count: size - message.encoded().count)
        return message
    }
}
