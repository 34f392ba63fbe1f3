package import Pawl

/// One life of a simulated process: what the code that runs in it can reach.
package struct SimulatedProcess: Sendable {
    /// Which life it is.
    struct Identity: Sendable {
        let simulation: Simulation
        let index: Int
        let incarnation: Int
        /// Names the life of which it is among all, in all executions.
        let life: Int
    }

    let identity: Identity
    /// Time, waiting and randomness, as this process has them.
    package let environment: Environment

    var simulation: Simulation { identity.simulation }
    var index: Int { identity.index }
    var incarnation: Int { identity.incarnation }

    /// The store and the queues, as this process reaches them.
    package var database: SimulatedDatabase { SimulatedDatabase(process: identity) }

    init(_ simulation: Simulation, index: Int, life: Int) {
        let identity = Identity(
            simulation: simulation, index: index,
            incarnation: simulation.world.processes[index].incarnation, life: life)
        self.identity = identity
        environment = Environment(
            now: { simulation.isOnOwnThread() ? simulation.time(for: identity) : Plan.beginning },
            sleep: { try await simulation.sleep(identity, $0) },
            random: { simulation.random(identity) })
    }
}

extension Simulation {
    func sleep(_ process: SimulatedProcess.Identity, _ duration: Duration) async throws {
        if Task.isCancelled {
            await holdIfEndless()
            throw CancellationError()
        }
        guard isOnOwnThread() else {
            await holdElsewhere()
            throw CancellationError()
        }
        if duration <= .zero { return }
        // Short waits are all alike, so that they end in any order, and executions that have waited
        // equally often are at the same time.
        let deadline = world.now + (duration <= plan.patience ? .milliseconds(1) : duration)
        let reply = await suspend(process, .wait(until: deadline))
        guard case .answer = reply else { throw CancellationError() }
    }
}
