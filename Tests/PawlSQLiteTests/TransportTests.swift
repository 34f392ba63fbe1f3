import Foundation
import Pawl
import Testing

@testable import PawlSQLite

@Suite("A SQLite transport", .timeLimit(.minutes(1)))
struct TransportTests {
    let bench: Workbench
    let lease: Duration = .seconds(30)

    init() throws { bench = try Workbench() }

    private func transport(
        _ options: SQLiteOptions = SQLiteOptions()
    ) async throws -> SQLiteTransport {
        let transport = try bench.transport(options)
        _ = try await transport.register(Registration(endpoint: "billing", types: ["Charge"]))
        return transport
    }

    @Test("delivers a message again when its lease has ended, and fences the first one off")
    func fencing() async throws {
        let transport = try await transport()
        try await transport.send([message("a")])
        let first = try await transport.receive(from: "billing", max: 10, lease: lease)
        #expect(first.map(\.attempt) == [1])
        #expect(try Envelope(decoding: first[0].message).id == MessageID("a"))
        bench.advance(by: .seconds(30))
        let second = try await transport.receive(from: "billing", max: 10, lease: lease)
        #expect(second.map(\.attempt) == [2])
        #expect(try await !transport.acknowledge(first[0].receipt))
        #expect(try await !transport.release(first[0].receipt, after: .zero))
        #expect(try await transport.extend([first[0].receipt], by: lease) == [first[0].receipt])
        #expect(try await transport.acknowledge(second[0].receipt))
        #expect(try await !transport.acknowledge(second[0].receipt))
    }

    @Test("does not count the attempt of a message that was given back")
    func release() async throws {
        let transport = try await transport()
        try await transport.send([message("a")])
        let first = try await transport.receive(from: "billing", max: 1, lease: lease)
        #expect(try await transport.release(first[0].receipt, after: .seconds(5)))
        #expect(try await !transport.acknowledge(first[0].receipt))
        bench.advance(by: .seconds(5))
        let second = try await transport.receive(from: "billing", max: 1, lease: lease)
        #expect(second.map(\.attempt) == [1])
    }

    @Test("keeps a message for whoever extends the lease")
    func extend() async throws {
        let transport = try await transport()
        try await transport.send([message("a"), message("b")])
        let first = try await transport.receive(from: "billing", max: 1, lease: lease)
        bench.advance(by: .seconds(20))
        #expect(try await transport.extend(first.map(\.receipt), by: lease) == [])
        bench.advance(by: .seconds(20))
        let second = try await transport.receive(from: "billing", max: 10, lease: lease)
        #expect(second.count == 1)
        #expect(try await transport.acknowledge(first[0].receipt))
    }

    @Test("wakes a receiver that waits, through the same handle and through another one")
    func wakeUp() async throws {
        let here = try await transport()
        let there = try await transport()
        for (number, sender) in [here, there, here, there].enumerated() {
            async let received = here.receive(from: "billing", max: 10, lease: lease)
            while !here.queues.file.signal.isListening { await Task.yield() }
            // The bench's sleep never ends, so nothing but the signal can wake the receiver.
            try await sender.send([message("\(number)")])
            let deliveries = try await received
            #expect(
                try deliveries.map { try Envelope(decoding: $0.message).id }
                    == [MessageID("\(number)")])
            try await here.acknowledge(deliveries[0].receipt)
        }
    }

    @Test("hears of what another one sent between the first receiver's look and its wait")
    func firstWait() async throws {
        let here = try await transport()
        let there = try await transport()
        let file = here.queues.file
        let queue = try await file.read { try here.queues.id(of: "billing", on: $0) }
        let bell = file.shared.bells[queue]
        let rings = bell.door.rings
        try await there.send([message("a")])
        // The bench's sleep never ends.
        await file.wait(for: bell.door, after: rings, atMost: .seconds(3))
        #expect(bell.door.rings != rings)
    }

    @Test("takes for a receiver that waits in the very transaction that sends, and only once")
    func takenBySending() async throws {
        let transport = try await transport()
        let file = transport.queues.file
        for number in 0..<50 {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await transport.receive(from: "billing", max: 10, lease: lease)
                }
                while !file.signal.isListening { await Task.yield() }
                try await transport.send([message("m\(number)")])
                // Nobody but the sender has had a turn at writing.
                let free = try file.integer(
                    sql: "SELECT count(*) FROM messages WHERE lease IS NULL")
                #expect(free == 0)
                // Cancelled at once: what was taken for it is returned all the same.
                group.cancelAll()
                let received = try await group.next() ?? []
                #expect(received.count == 1 && received.first?.attempt == 1)
                for delivery in received {
                    #expect(try await transport.acknowledge(delivery.receipt))
                }
            }
        }
        #expect(try file.integer(sql: "SELECT count(*) FROM messages") == 0)
    }

    @Test("takes for a receiver that waits no more than it wants, and never what is for later")
    func takenInPart() async throws {
        let transport = try await transport()
        let file = transport.queues.file
        async let received = transport.receive(from: "billing", max: 2, lease: lease)
        while !file.signal.isListening { await Task.yield() }
        var later = message("later")
        later.notBefore = bench.environment.now() + .seconds(60)
        try await transport.send([later, message("a"), message("b"), message("c")])
        #expect(try await received.map(\.attempt) == [1, 1])
        let rest = try await transport.receive(from: "billing", max: 10, lease: lease)
        #expect(try rest.map { try Envelope(decoding: $0.message).id } == [MessageID("c")])
        #expect(
            try file.integer(sql: "SELECT count(*) FROM messages WHERE lease IS NULL") == 1)
    }

    @Test("knows what the sender saw in the queue once, and then looks for itself")
    func outlook() async throws {
        let bell = QueueBell()
        bell.expect(next: nil, after: 3)
        #expect(bell.takeOutlook(after: 4) == nil)
        bell.expect(next: nil, after: 3)
        #expect(bell.takeOutlook(after: 3) == .some(nil))
        #expect(bell.takeOutlook(after: 3) == nil)
    }

    @Test("returns nothing only when the task that waits is cancelled")
    func cancellation() async throws {
        let transport = try await transport()
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await transport.receive(from: "billing", max: 10, lease: lease)
            }
            while !transport.queues.file.signal.isListening { await Task.yield() }
            group.cancelAll()
            let received = try await group.next()
            #expect(received?.isEmpty == true)
        }
        #expect(!transport.queues.file.signal.isListening)
    }

    @Test("refuses what is too large or goes nowhere before anything is written")
    func refusals() async throws {
        let transport = try await transport(SQLiteOptions(largestMessage: 1000))
        for bad in [message("large", size: 1000), message("lost", to: "nowhere")] {
            let refused = await error { () async throws(BackendError) in
                try await transport.send([message("good"), bad])
            }
            #expect(refused?.effect == .canNeverHappen)
        }
        #expect(try transport.queues.file.integer(sql: "SELECT count(*) FROM messages") == 0)
    }

    @Test("knows the queues that another process registers, at the latest after a second")
    func directory() async throws {
        let here = try await transport()
        #expect(try await here.directory(fresh: false).handlers(of: "Charge") == ["billing"])
        let there = try bench.transport()
        _ = try await there.register(Registration(endpoint: "audit", types: ["Charge"]))
        _ = try await there.register(Registration(endpoint: "empty", types: []))
        #expect(try await here.directory(fresh: false).handlers(of: "Charge") == ["billing"])
        #expect(
            try await here.directory(fresh: true).handlers(of: "Charge") == ["audit", "billing"])
        #expect(try await here.directory(fresh: true).endpoints["empty"] == [])
        let refused = try await there.register(Registration(endpoint: "audit", types: ["Other"]))
        #expect(refused == .refused(handledTypes: ["Charge"]))
    }

    @Test("shares a queue between two handles without giving a message to both")
    func sharing() async throws {
        let handles = [try await transport(), try await transport()]
        try await handles[0].send((0..<200).map { message("\($0)") })
        let ids = try await withThrowingTaskGroup { group in
            for number in 0..<4 {
                group.addTask {
                    var ids: [MessageID] = []
                    for _ in 0..<10 {
                        let taken = try await handles[number % 2].receive(
                            from: "billing", max: 5, lease: lease)
                        ids += try taken.map { try Envelope(decoding: $0.message).id }
                    }
                    return ids
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(ids.count == 200)
        #expect(Set(ids).count == 200)
    }
}
