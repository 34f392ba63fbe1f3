import Pawl
import Synchronization

/// The customers: they submit their carts, some of them twice, and try again until they get an
/// answer.
final class Customers: Sendable {
    private static let pauseBeforeRetry: Duration = .milliseconds(100)

    private let timetable: Timetable
    private let supervisor: Supervisor
    private let monkey: Monkey
    private let state: Mutex<(generator: SeededGenerator, answered: Int)>

    // The last customer waits until the monkey is done: no process is killed when there is no work
    // left.
    init(
        _ options: DemoOptions, _ timetable: Timetable, _ supervisor: Supervisor,
        after monkey: Monkey
    ) {
        self.timetable = timetable
        self.supervisor = supervisor
        self.monkey = monkey
        state = Mutex((SeededGenerator(seed: options.seed, purpose: "clicks"), 0))
    }

    /// How many carts have been answered for.
    var answered: Int { state.withLock { $0.answered } }

    /// Whether every customer has got an answer.
    var areDone: Bool { answered == timetable.entries.count }

    /// Lets the customers in at the times in the timetable.
    func run() async throws {
        let start = ContinuousClock.now
        try await withThrowingDiscardingTaskGroup { group in
            for (index, entry) in timetable.entries.enumerated() {
                try await Task.sleep(until: start + entry.due)
                while index == timetable.entries.count - 1, !monkey.isDone {
                    try await Task.sleep(for: .milliseconds(10))
                }
                group.addTask { try await self.submit(entry) }
            }
        }
    }

    private func submit(_ entry: Timetable.Entry) async throws {
        try await withThrowingTaskGroup { clicks in
            for _ in 0..<(entry.isImpatient ? 2 : 1) {
                clicks.addTask { try await self.insist(on: entry.purchase) }
            }
            try await clicks.waitForAll()
        }
        state.withLock { $0.answered += 1 }
    }

    private func insist(on purchase: Purchase) async throws {
        while true {
            let counters = supervisor.ready(.carts)
            let counter = state.withLock { counters.randomElement(using: &$0.generator) }
            if let counter, await counter.ask(for: purchase) { return }
            try await Task.sleep(for: Self.pauseBeforeRetry)
        }
    }
}
