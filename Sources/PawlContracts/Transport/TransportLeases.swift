import Pawl

extension TransportContract {
    static let leases: [Check<TransportSubject>] = [
        transportCheck("a message is invisible while it is leased") { scene in
            let message = try await scene.send()
            let receipt = try await scene.receive(message)
            try await scene.expectNothingVisible("while the message is leased")
            try await scene.acknowledge(receipt)
        },
        transportCheck("a message is invisible until its lease ends", requires: [.clock]) { scene in
            let receipt = try await scene.receive(try await scene.send())
            try await scene.advance(by: scene.lease / 2)
            try await scene.expectNothingVisible("half way through the lease")
            try await scene.acknowledge(receipt)
        },
        transportCheck("each lease that ends by itself counts an attempt", requires: [.clock]) {
            scene in
            let message = try await scene.send()
            for attempt in 1...4 {
                try await scene.receive(message, attempt: attempt)
                try await scene.advance(by: scene.lease + .milliseconds(1))
            }
            try await scene.acknowledge(try await scene.receive(message, attempt: 5))
        },
        transportCheck("an acknowledged message is gone for good", requires: [.clock]) { scene in
            try await scene.acknowledge(try await scene.receive(try await scene.send()))
            try await scene.expectNothingVisible("after the acknowledgement")
            try await scene.advance(by: scene.lease * 2)
            try await scene.expectNothingVisible("after the lease would have ended")
        },
        transportCheck(
            "an acknowledgement concerns one message only", requires: [.clock]
        ) { scene in
            let ids = try await scene.send(count: 3)
            let deliveries = try await scene.receive(count: 3)
            try await scene.acknowledge(deliveries[1].receipt)
            try await scene.advance(by: scene.lease + .milliseconds(1))
            let again = try await scene.receive(count: 2)
            let expected = Set(ids).subtracting([try deliveries[1].id])
            try expect("the others", Set(try again.map { try $0.id }), is: expected)
            try expect("their attempts", again.map(\.attempt), is: [2, 2])
            for delivery in again { try await scene.acknowledge(delivery.receipt) }
            try await scene.expectNothingVisible("after all were acknowledged")
        },
        transportCheck(
            "a second acknowledgement is refused", requires: [.fencing]
        ) { scene in
            let receipt = try await scene.receive(try await scene.send())
            try await scene.acknowledge(receipt)
            let isAccepted = try await scene.transport.acknowledge(receipt)
            try expect("whether the second is accepted", isAccepted, is: false)
            let isReleased = try await scene.transport.release(receipt, after: .zero)
            try expect("whether a release after it is accepted", isReleased, is: false)
            let lost = try await scene.transport.extend([receipt], by: scene.lease)
            try expect("what an extension after it reports as lost", lost, is: [receipt])
            try await scene.expectNothingVisible("after the message was acknowledged")
        },
        transportCheck(
            "an acknowledgement after the lease has passed on does no harm", requires: [.clock]
        ) { scene in
            let (message, past, current) = try await scene.passedOn()
            try await scene.transport.acknowledge(past)
            try await scene.expectNothingVisible("after a late acknowledgement")
            try await scene.release(current)
            try await scene.acknowledge(try await scene.receive(message, attempt: 2))
        },
        transportCheck(
            "an acknowledgement after the lease has passed on is refused",
            requires: [.clock, .fencing]
        ) { scene in
            let (_, past, current) = try await scene.passedOn()
            let isAccepted = try await scene.transport.acknowledge(past)
            try expect("whether a late acknowledgement is accepted", isAccepted, is: false)
            try await scene.acknowledge(current)
        },
        transportCheck(
            "a late acknowledgement of a message that was given back is refused",
            requires: [.clock, .fencing]
        ) { scene in
            let message = try await scene.send()
            let past = try await scene.receive(message)
            try await scene.release(past)
            let isAccepted = try await scene.transport.acknowledge(past)
            try expect("whether it is accepted", isAccepted, is: false)
            try await scene.acknowledge(try await scene.receive(message))
        },
        transportCheck(
            "a receipt that nobody was given is refused", requires: [.fencing]
        ) { scene in
            let genuine = try await scene.receive(try await scene.send())
            for handle in ["", "x", "0", genuine.handle + "0"] {
                let receipt = Receipt(queue: scene.queue, handle: handle)
                let isAccepted = try await scene.transport.acknowledge(receipt)
                try expect("whether \(handle) is accepted", isAccepted, is: false)
            }
            try await scene.acknowledge(genuine)
        },
    ]

    static let releases: [Check<TransportSubject>] = [
        transportCheck("a released message comes again, and no attempt is counted") { scene in
            let message = try await scene.send()
            for _ in 0..<5 { try await scene.release(try await scene.receive(message)) }
            try await scene.acknowledge(try await scene.receive(message))
            try await scene.expectNothingVisible("after the acknowledgement")
        },
        transportCheck("a release does not undo the attempts before", requires: [.clock]) { scene in
            let message = try await scene.send()
            try await scene.receive(message)
            try await scene.advance(by: scene.lease + .milliseconds(1))
            try await scene.release(try await scene.receive(message, attempt: 2))
            try await scene.receive(message, attempt: 2)
            try await scene.advance(by: scene.lease + .milliseconds(1))
            try await scene.receive(message, attempt: 3)
        },
        transportCheck("a message released with a delay waits that long", requires: [.clock]) {
            scene in
            let message = try await scene.send()
            let delay = scene.lease * 3
            try await scene.release(try await scene.receive(message), after: delay)
            try await scene.expectNothingVisible("at the start of the delay")
            try await scene.advance(by: delay - scene.lease)
            try await scene.expectNothingVisible("a lease before the end of the delay")
            try await scene.advance(by: scene.lease + .milliseconds(1))
            try await scene.receive(message)
        },
        transportCheck(
            "a release after the lease has passed on is refused", requires: [.clock, .fencing]
        ) { scene in
            let (_, past, current) = try await scene.passedOn()
            let isAccepted = try await scene.transport.release(past, after: .zero)
            try expect("whether a late release is accepted", isAccepted, is: false)
            try await scene.expectNothingVisible("after a late release")
            try await scene.acknowledge(current)
        },
    ]

    static let extensions: [Check<TransportSubject>] = [
        transportCheck("an extended lease lasts from the extension on", requires: [.clock]) {
            scene in
            let message = try await scene.send()
            let receipt = try await scene.receive(message)
            for _ in 0..<4 {
                try await scene.advance(by: scene.lease / 2)
                try await scene.extend([receipt])
            }
            try await scene.advance(by: scene.lease / 2)
            try await scene.expectNothingVisible("half a lease after the last extension")
            try await scene.advance(by: scene.lease / 2 + .milliseconds(1))
            try await scene.receive(message, attempt: 2)
        },
        transportCheck("an extension is not added to what is left", requires: [.clock]) { scene in
            let message = try await scene.send()
            let receipt = try await scene.receive(message)
            for _ in 0..<5 { try await scene.extend([receipt]) }
            try await scene.advance(by: scene.lease + .milliseconds(1))
            try await scene.receive(message, attempt: 2)
        },
        transportCheck("several leases are extended at once", requires: [.clock]) { scene in
            try await scene.send(count: 5)
            let deliveries = try await scene.receive(count: 5)
            try await scene.advance(by: scene.lease / 2)
            try await scene.extend(deliveries.map(\.receipt))
            try await scene.extend([])
            try await scene.advance(by: scene.lease / 2 + .milliseconds(1))
            try await scene.expectNothingVisible("after the first leases would have ended")
            for delivery in deliveries { try await scene.acknowledge(delivery.receipt) }
        },
        transportCheck(
            "an extension reports the leases that have passed on, and only those",
            requires: [.clock, .fencing]
        ) { scene in
            let (_, past, current) = try await scene.passedOn()
            let gone = try await scene.receive(try await scene.send())
            try await scene.acknowledge(gone)
            let held = try await scene.receive(try await scene.send())
            let lost = try await scene.transport.extend(
                [past, held, gone, current], by: scene.lease)
            try expect("what is reported as lost", Set(lost), is: [past, gone])
            try expect("how many are reported", lost.count, is: 2)
            try await scene.expectNothingVisible("after the extension")
        },
    ]
}
