@testable import Pawl
import PawlContracts
import Testing

@Suite("the doorbell", .timeLimit(.minutes(1)))
struct DoorbellTests {
    private let bell = Doorbell()
    private let clock = ManualClock()

    @Test("a ring between the look and the wait is not missed")
    func ringBeforeWait() async {
        let rings = bell.rings
        bell.ring()
        await bell.wait(after: rings, atMost: nil, in: clock.environment)
        #expect(bell.rings == rings + 1)
    }

    @Test("a ring wakes all who wait")
    func ringWakesAll() async {
        let rings = bell.rings
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { [bell, clock] in
                    await bell.wait(after: rings, atMost: nil, in: clock.environment)
                }
            }
            for _ in 0..<20 { await Task.yield() }
            bell.ring()
            await group.waitForAll()
        }
    }

    @Test("a wait ends when its time is over, and leaves no sleeper behind")
    func timeout() async {
        let rings = bell.rings
        await withTaskGroup { group in
            group.addTask { [bell, clock] in
                await bell.wait(after: rings, atMost: .seconds(5), in: clock.environment)
            }
            await clock.waitForSleepers()
            await clock.advance(by: .seconds(5))
            await group.waitForAll()
        }
        #expect(bell.rings == rings)
        #expect(clock.sleeping == 0)
    }

    @Test("a ring ends a wait before its time is over, and leaves no sleeper behind")
    func ringBeforeTimeout() async {
        let start = clock.now
        let rings = bell.rings
        await withTaskGroup { group in
            group.addTask { [bell, clock] in
                await bell.wait(after: rings, atMost: .seconds(5), in: clock.environment)
            }
            await clock.waitForSleepers()
            bell.ring()
            await group.waitForAll()
        }
        #expect(clock.now == start)
        #expect(clock.sleeping == 0)
    }

    @Test("a cancellation ends a wait", arguments: [nil, Duration.seconds(5)])
    func cancellation(timeout: Duration?) async {
        let rings = bell.rings
        await withTaskGroup { group in
            group.addTask { [bell, clock] in
                await bell.wait(after: rings, atMost: timeout, in: clock.environment)
            }
            for _ in 0..<20 { await Task.yield() }
            group.cancelAll()
            // Cancelled before it even begins to wait.
            group.addTask { [bell, clock] in
                await bell.wait(after: rings, atMost: timeout, in: clock.environment)
            }
            await group.waitForAll()
        }
        #expect(clock.sleeping == 0)
    }

    @Test("rings and cancellations at once leave nobody waiting")
    func storm() async {
        for _ in 0..<200 {
            let rings = bell.rings
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask { [bell, clock] in
                        await bell.wait(after: rings, atMost: nil, in: clock.environment)
                    }
                }
                group.addTask { [bell] in bell.ring() }
                group.cancelAll()
                await group.waitForAll()
            }
        }
    }
}
