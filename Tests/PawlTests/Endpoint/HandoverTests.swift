@testable import Pawl
import Synchronization
import Testing

private final class Given: Sendable {
    let last = Mutex(0)
}

@Suite("the handover", .timeLimit(.minutes(1)))
struct HandoverTests {
    private let handover = Handover<Int>()

    @Test("hands over everything, in order, and then ends")
    func everything() async {
        async let giving: Void = {
            for number in 0..<1000 { await handover.give(number) }
            handover.end()
        }()
        var received: [Int] = []
        while let number = await handover.next() { received.append(number) }
        await giving
        #expect(received == Array(0..<1000))
    }

    @Test("has the giver wait until the other is done with what was given")
    func rendezvous() async {
        let given = Given()
        await withTaskGroup { group in
            group.addTask { [handover] in
                for number in 1...3 {
                    await handover.give(number)
                    given.last.withLock { $0 = number }
                }
                handover.end()
            }
            #expect(await handover.next() == 1)
            for _ in 0..<100 { await Task.yield() }
            #expect(given.last.withLock { $0 } == 0)
            #expect(await handover.next() == 2)
            #expect(await handover.next() == 3)
            #expect(await handover.next() == nil)
            await group.waitForAll()
        }
        #expect(given.last.withLock { $0 } == 3)
    }

    @Test("ends for whoever waits, and for whoever comes later")
    func end() async {
        async let waiting = handover.next()
        for _ in 0..<20 { await Task.yield() }
        handover.end()
        #expect(await waiting == nil)
        #expect(await handover.next() == nil)
    }
}
