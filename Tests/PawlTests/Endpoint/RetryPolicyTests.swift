import Testing

@testable import Pawl

@Suite("A retry policy")
struct RetryPolicyTests {
    private func delays(_ policy: RetryPolicy, upTo count: Int) -> [RetryPolicy.Action] {
        (0..<count).map {
            policy.action(after: Failure("f"), retriesNow: policy.immediate, retriesLater: $0)
        }
    }

    @Test("tries at once, then after delays of 1, 4, 16, 64 and 256 seconds unless told otherwise")
    func standard() {
        let policy = RetryPolicy()
        let first = (0..<3).map {
            policy.action(after: Failure("f"), retriesNow: $0, retriesLater: 0)
        }
        #expect(first == [.retryNow, .retryNow, .retryLater(.seconds(1))])
        let seconds = [1, 4, 16, 64, 256].map { RetryPolicy.Action.retryLater(.seconds($0)) }
        #expect(delays(policy, upTo: 6) == seconds + [.deadLetter])
    }

    @Test("has no delay longer than the longest, however often it is asked")
    func longest() {
        let policy = RetryPolicy(
            delayed: 1000, firstDelay: .seconds(7), factor: 1000, longestDelay: .seconds(20))
        let actions = delays(policy, upTo: 1000)
        #expect(actions[0] == .retryLater(.seconds(7)))
        #expect(Set(actions.dropFirst().map { "\($0)" }).count == 1)
        #expect(actions[999] == .retryLater(.seconds(20)))
    }

    @Test("without retries gives up at once")
    func none() {
        let policy = RetryPolicy(immediate: 0, delayed: 0)
        #expect(
            policy.action(after: Failure("f"), retriesNow: 0, retriesLater: 0) == .deadLetter)
    }

    @Test("spreads a delay over 75 % to 125 % of its length, all of that, nothing else")
    func jitter() {
        let numbers = Array(0..<51) as [UInt64]
        let found = numbers.map { number in
            Environment(
                now: { Timestamp(microseconds: 0) }, sleep: { _ in }, random: { number }
            ).jittered(.seconds(100))
        }
        #expect(found == (75...125).map { .seconds($0) })
    }
}
