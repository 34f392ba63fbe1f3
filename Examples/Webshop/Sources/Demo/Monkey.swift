import Pawl
import Synchronization

/// The half of the chaos monkey that kills processes; the other half is ``Chaos``.
final class Monkey: Sendable {
    private struct State {
        var generator: SeededGenerator
        var kills = 0
    }

    private let timetable: Timetable
    private let supervisor: Supervisor
    private let state: Mutex<State>

    init(_ options: DemoOptions, _ timetable: Timetable, _ supervisor: Supervisor) {
        self.timetable = timetable
        self.supervisor = supervisor
        state = Mutex(State(generator: SeededGenerator(seed: options.seed, purpose: "victims")))
    }

    /// How many processes that served have died of its SIGKILL.
    var kills: Int { state.withLock { $0.kills } }

    /// Whether it has killed all that it wanted to.
    var isDone: Bool { kills == timetable.kills.count }

    /// Kills processes at the times in the timetable, or later if none is there to be killed.
    func run() async throws {
        let start = ContinuousClock.now
        for due in timetable.kills {
            try await Task.sleep(until: start + due)
            while try await !killOne() { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    private func killOne() async throws -> Bool {
        let candidates = supervisor.ready()
        let victim = state.withLock { candidates.randomElement(using: &$0.generator) }
        guard let victim, await victim.kill() else { return false }
        state.withLock { $0.kills += 1 }
        return true
    }
}
