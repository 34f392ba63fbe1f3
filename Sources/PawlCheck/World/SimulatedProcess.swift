package import Pawl

/// One life of a simulated process: what the code that runs in it can reach.
///
/// Unchecked: what it refers to belongs to one thread, and turns away calls from others.
package final class SimulatedProcess: @unchecked Sendable {
    let simulation: Simulation
    let index: Int
    let incarnation: Int
    let run: Int
    /// The store and the queues, as this process reaches them.
    package var database: SimulatedDatabase { SimulatedDatabase(process: self) }
    /// Time, waiting and randomness, as this process has them.
    package let environment: Environment

    init(_ simulation: Simulation, index: Int) {
        self.simulation = simulation
        self.index = index
        incarnation = simulation.processes[index].incarnation
        run = simulation.run
        // The environment can't refer to what holds it before that is made.
        let seat = Seat()
        environment = Environment(
            now: { seat.process?.simulation.now ?? Plan.beginning },
            sleep: { duration in
                guard let process = seat.process else { throw CancellationError() }
                try await process.simulation.sleep(process, duration)
            },
            random: { seat.process.map { $0.simulation.random($0) } ?? 0 })
        seat.process = self
    }

    /// Where an environment finds its process. Unchecked: written once, before anything runs.
    private final class Seat: @unchecked Sendable {
        weak var process: SimulatedProcess?
    }
}

extension Simulation {
    func sleep(_ process: SimulatedProcess, _ duration: Duration) async throws {
        let deadline = now + duration
        if Task.isCancelled { throw CancellationError() }
        if duration <= .zero { return }
        let verdict = await suspend(process, .sleep(until: deadline))
        guard case .succeed = verdict else { throw CancellationError() }
        processes[process.index].local.mix(resumedFingerprint)
        processes[process.index].local.mix(now.microseconds)
    }
}
