internal import Synchronization
public import Pawl

/// Time that moves only when it is told to, and random numbers that are the same in every run.
///
/// For example, a lease of thirty seconds ends at once:
///
/// ```swift
/// let clock = ManualClock()
/// let transport = MemoryTransport(environment: clock.environment)
/// …
/// await clock.advance(by: .seconds(30))
/// ```
public final class ManualClock: Sendable {
    private struct Sleeper {
        let number: UInt64
        let deadline: Timestamp
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var random: UInt64
        var lastNumber: UInt64 = 0
        var sleepers: [Sleeper] = []
    }

    private let state: Mutex<State>
    private let newSleeper = Doorbell()

    /// Creates a clock that stands still.
    ///
    /// - Parameters:
    ///   - start: The time that it shows; by default the beginning of 2026.
    ///   - seed: What the random numbers follow from.
    public init(
        startingAt start: Timestamp = Timestamp(microseconds: 1_767_225_600_000_000),
        seed: UInt64 = 1
    ) {
        state = Mutex(State(now: start, random: seed))
    }

    /// The time that the clock shows.
    public var now: Timestamp { state.withLock { $0.now } }

    /// The number of tasks that sleep.
    public var sleeping: Int { state.withLock { $0.sleepers.count } }

    /// The environment whose time and randomness this clock is.
    public var environment: Environment {
        Environment(
            now: { self.now },
            sleep: { try await self.sleep(for: $0) },
            random: { self.random() })
    }

    /// Moves the time forward and wakes, one after the other, all whose time has come. Each gets
    /// the chance to run, and to sleep again, before the next is woken.
    ///
    /// - Parameter duration: By how much to move the time.
    public func advance(by duration: Duration) async {
        let target = now + duration
        while let sleeper = nextSleeper(until: target) {
            sleeper.continuation.resume()
            await letOthersRun()
        }
        state.withLock { $0.now = max($0.now, target) }
        await letOthersRun()
    }

    /// Waits until tasks sleep, so that moving the time reaches them.
    ///
    /// - Parameter count: How many tasks must sleep, at least.
    public func waitForSleepers(_ count: Int = 1) async {
        while !Task.isCancelled {
            let rings = newSleeper.rings
            if sleeping >= count { return }
            await newSleeper.wait(after: rings, atMost: nil, in: environment)
        }
    }

    private func nextSleeper(until target: Timestamp) -> Sleeper? {
        state.withLock { state in
            let first = state.sleepers.indices.min {
                (state.sleepers[$0].deadline, state.sleepers[$0].number)
                    < (state.sleepers[$1].deadline, state.sleepers[$1].number)
            }
            guard let first, state.sleepers[first].deadline <= target else { return nil }
            let sleeper = state.sleepers.remove(at: first)
            state.now = max(state.now, sleeper.deadline)
            return sleeper
        }
    }

    private func letOthersRun() async {
        for _ in 0..<20 { await Task.yield() }
    }

    private func sleep(for duration: Duration) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    guard duration > .zero, !Task.isCancelled else { return true }
                    state.sleepers.append(
                        Sleeper(
                            number: number, deadline: state.now + duration,
                            continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() } else { newSleeper.ring() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let index = state.sleepers.firstIndex { $0.number == number }
                return index.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
        try Task.checkCancellation()
    }

    /// SplitMix64: eight lines that give the same numbers in every release, which no library
    /// promises.
    private func random() -> UInt64 {
        state.withLock { state in
            state.random &+= 0x9E37_79B9_7F4A_7C15
            var bits = state.random
            bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
            return bits ^ (bits >> 31)
        }
    }
}
