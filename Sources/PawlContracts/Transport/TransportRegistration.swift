import Pawl

extension TransportContract {
    static let registrations: [Check<TransportSubject>] = [
        transportCheck("a registered endpoint is in the directory") { scene in
            let name = scene.queue + "-new"
            let before = try await scene.transport.directory(fresh: true)
            try expect("its types before", before.endpoints[name], is: nil)
            try await scene.register(name, ["A", "B"])
            try await scene.expectTypes(["A", "B"], of: name)
            try await scene.expectTypes(["Ping"], of: scene.queue)
        },
        transportCheck("an endpoint may handle nothing") { scene in
            let name = scene.queue + "-new"
            try await scene.register(name, [])
            try await scene.expectTypes([], of: name)
            try await scene.transport.send([Outgoing(scene.message(), to: name)])
        },
        transportCheck("an event's type leads to all its endpoints") { scene in
            let type = scene.subject.environment.fresh("Type")
            for name in ["b", "a", "c"] {
                try await scene.register(scene.queue + name, [type, "Other\(name)"])
            }
            let directory = try await scene.transport.directory(fresh: true)
            try expect(
                "the handlers", directory.handlers(of: type),
                is: ["a", "b", "c"].map { scene.queue + $0 })
        },
        transportCheck("a new registration keeps what is in the queue") { scene in
            let message = try await scene.send()
            try await scene.register(scene.queue, ["Ping"])
            try await scene.register(scene.queue, ["Ping", "Pong"])
            try await scene.receive(message)
        },
        transportCheck("an instance with more types joins, as in a deployment") { scene in
            try await scene.register(scene.queue, ["Ping", "Pong"])
            try await scene.expectTypes(["Ping", "Pong"], of: scene.queue)
        },
        transportCheck("an instance with fewer types joins, as in a deployment") { scene in
            try await scene.register(scene.queue, ["Ping", "Pong"])
            try await scene.register(scene.queue, ["Pong"])
            try await scene.expectTypes(["Ping", "Pong"], of: scene.queue)
        },
        transportCheck("an instance with other types is refused and told which there are") {
            scene in
            try await scene.register(scene.queue, ["Pong", "Ping", "Pang"])
            for types: Set<String> in [["Other"], ["Ping", "Other"]] {
                let result = try await scene.transport.register(
                    Registration(endpoint: scene.queue, types: types))
                try expect(
                    "the result for \(types.sorted())", result,
                    is: .refused(handledTypes: ["Pang", "Ping", "Pong"]))
            }
            try await scene.expectTypes(["Pang", "Ping", "Pong"], of: scene.queue)
        },
        transportCheck("once an endpoint is dead, others may take its name", requires: [.clock]) {
            scene in
            try await scene.advance(by: Registration.liveFor + .milliseconds(1))
            try await scene.register(scene.queue, ["Other"])
            try await scene.expectTypes(["Other"], of: scene.queue)
        },
        transportCheck(
            "an endpoint that registers again and again stays alive", requires: [.clock]
        ) { scene in
            for _ in 0..<10 {
                try await scene.advance(by: Registration.refreshInterval)
                try await scene.register(scene.queue)
            }
            let result = try await scene.transport.register(
                Registration(endpoint: scene.queue, types: ["Other"]))
            try expect("the result", result, is: .refused(handledTypes: ["Ping"]))
        },
        transportCheck("a refused registration keeps nobody alive", requires: [.clock]) { scene in
            let other = Registration(endpoint: scene.queue, types: ["Other"])
            try await scene.advance(by: Registration.liveFor - .seconds(1))
            let refused = try await scene.transport.register(other)
            try expect("the result", refused, is: .refused(handledTypes: ["Ping"]))
            try await scene.advance(by: .seconds(2))
            let accepted = try await scene.transport.register(other)
            try expect("the result after the endpoint is dead", accepted, is: .registered)
        },
        transportCheck("types that only dead instances handled are forgotten", requires: [.clock]) {
            scene in
            try await scene.register(scene.queue, ["Ping", "Old"])
            try await scene.advance(by: Registration.liveFor / 2)
            try await scene.register(scene.queue, ["Ping"])
            try await scene.expectTypes(["Ping", "Old"], of: scene.queue)
            try await scene.advance(by: Registration.liveFor / 2 + .milliseconds(1))
            try await scene.register(scene.queue, ["Ping"])
            try await scene.expectTypes(["Ping"], of: scene.queue)
        },
        transportCheck("subscriptions and messages outlive the processes", requires: [.clock]) {
            scene in
            let first = try await scene.send()
            try await scene.advance(by: .days(3))
            try await scene.expectTypes(["Ping"], of: scene.queue)
            let second = try await scene.send()
            let ids = try await scene.receive(count: 2).map { try $0.id }
            try expect("the ids", ids.sorted(), is: [first.id, second.id].sorted())
        },
    ]

    static let transportHandles: [Check<TransportSubject>] = [
        transportCheck("a second handle sees queues and subscriptions", requires: [.secondHandle]) {
            scene in
            let second = try await scene.openSecond()
            let types = try await second.directory(fresh: true).endpoints[scene.queue]
            try expect("the types", types, is: ["Ping"])
            let result = try await second.register(
                Registration(endpoint: scene.queue, types: ["Other"]))
            try expect("other types", result, is: .refused(handledTypes: ["Ping"]))
        },
        transportCheck("a message goes from one handle to the other", requires: [.secondHandle]) {
            scene in
            let second = try await scene.openSecond()
            let message = scene.message()
            try await second.send([Outgoing(message, to: scene.queue)])
            try await scene.acknowledge(try await scene.receive(message))
            let answer = try await scene.send()
            let delivery = try await scene.receive(on: second)[0]
            try expect("the answer", try delivery.id, is: answer.id)
            let isAccepted = try await second.acknowledge(delivery.receipt)
            try expect(isAccepted, "the second handle's acknowledgement was refused")
        },
        transportCheck("receive is woken by a send on another handle", requires: [.secondHandle]) {
            scene in
            let second = try await scene.openSecond()
            // Another process can't be woken by everyone; it may have to look from time to time.
            async let deliveries =
                scene.subject.advance == nil
                ? scene.receive(on: second)
                : scene.whileTimePasses { try await scene.receive(on: second) }
            await letOthersRun()
            let message = try await scene.send()
            try expect("the message", try await deliveries[0].id, is: message.id)
        },
        transportCheck(
            "a message leased on one handle is invisible on the other", requires: [.secondHandle]
        ) { scene in
            let second = try await scene.openSecond()
            let held = try await scene.receive(try await scene.send())
            let probe = try await scene.send()
            let delivery = try await scene.receive(on: second)
            try expect("what is visible", try delivery.map { try $0.id }, is: [probe.id])
            try await scene.acknowledge(held)
        },
        transportCheck(
            "receivers on two handles never hold the same message", requires: [.secondHandle]
        ) { scene in
            let second = try await scene.openSecond()
            let ids = try await scene.send(count: 100)
            let held = try await concurrently(4) { number in
                var deliveries: [Delivery] = []
                while deliveries.count < 25 {
                    deliveries += try await scene.receive(
                        max: 25 - deliveries.count,
                        on: number.isMultiple(of: 2) ? second : scene.transport)
                }
                return try deliveries.map { try $0.id }
            }
            try expect("the ids", held.flatMap { $0 }.sorted(), is: ids.sorted())
        },
    ]
}

extension TransportScene {
    fileprivate func expectTypes(_ types: Set<String>, of endpoint: String) async throws {
        let seen = try await transport.directory(fresh: true).endpoints[endpoint]
        try expect("the types of \(endpoint)", seen?.sorted(), is: types.sorted())
    }
}
