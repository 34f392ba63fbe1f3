import Pawl
import PawlMutants
import Testing

@testable import PawlCheck

@Suite("Sampling")
struct SamplingTests {
    /// Beyond what can be exhausted: three consumers, two messages, two copies of the first.
    private static func scope(
        _ algorithm: AlgorithmUnderCheck = .outbox, crashes: Int = 2, failures: Int = 2
    ) -> AlgorithmScope {
        var scope = AlgorithmScope(algorithm)
        scope.consumers = 3
        scope.messages = 2
        scope.copies = 2
        scope.budgets = Budgets(crashes: crashes, failures: failures)
        return scope
    }

    private static func plan(of mutant: String) throws -> Plan {
        let mutant = try #require(Mutants.catalogued.first { $0.id == mutant })
        var scope = scope(mutant.algorithm, crashes: 1, failures: 1)
        scope.outputs = mutant.scope.outputs
        return scope.plan
    }

    /// The choices of so many executions.
    private static func executions(of plan: Plan, seed: UInt64, _ count: Int) -> [[Transition]] {
        alone { executor in
            var sampler = Sampler(Simulation(plan, on: executor), seed: seed)
            return (0..<count).map { _ in
                _ = sampler.execute()
                return sampler.choices
            }
        }
    }

    private static func alone<Value: Sendable>(
        _ body: @escaping @Sendable (ControlledExecutor) -> Value
    ) -> Value {
        ExplorerThread.run([body])[0]
    }

    @Test("the same seed makes the same executions, another seed others")
    func seeds() {
        let plan = Self.scope().plan
        let first = Self.executions(of: plan, seed: 1, 300)
        #expect(first == Self.executions(of: plan, seed: 1, 300))
        #expect(first != Self.executions(of: plan, seed: 2, 300))
        // Most of them are not the same one again.
        #expect(Set(first).count > 200)
    }

    @Test("the same seed has the same findings, on two cores too", arguments: [1, 2])
    func findings(cores: Int) {
        let plan = Self.scope().plan
        let first = plan.sample(count: 400, seed: 7, cores: cores)
        let second = plan.sample(count: 400, seed: 7, cores: cores)
        #expect(first.executions == 400)
        #expect(first.states > 100)
        #expect(first.states == second.states)
        #expect(first.terminals == second.terminals)
        #expect(first.deepest == second.deepest)
        #expect(!first.isExhausted)
        #expect(first.caveats == ["sampled: 400 executions from seed 7"])
    }

    // Each of them takes a crash, a failure or a change of process at one of a few places.
    @Test(
        "a mistake is found from every seed, and the execution can be made again elsewhere",
        arguments: ["2", "4", "60b", "63"], [1, 2, 3, 4] as [UInt64])
    func mistakes(mutant: String, seed: UInt64) throws {
        let plan = try Self.plan(of: mutant)
        let findings = plan.sample(count: 1_000, seed: seed)
        let failure = try #require(findings.failure)
        let again = Self.alone { Simulation(plan, on: $0).replay(failure.choices) }
        #expect(again.difference == nil)
        #expect(again.violation == failure.violation)
        #expect(again.choices == failure.choices)
    }

    @Test("two cores find a mistake, and the same one whichever is faster")
    func twoCores() throws {
        let plan = try Self.plan(of: "63")
        let first = try #require(plan.sample(count: 2_000, seed: 5, cores: 2).failure)
        let second = try #require(plan.sample(count: 2_000, seed: 5, cores: 2).failure)
        #expect(first.choices == second.choices)
        #expect(first.violation == second.violation)
    }

    @Test("the outbox keeps its promises in 20,000 executions")
    func outbox() {
        let findings = Self.scope().plan.sample(count: 20_000, seed: 1, cores: 2)
        #expect(findings.failure?.violation == nil)
        #expect(findings.executions == 20_000)
        // It is not that nothing happened.
        #expect(findings.states > 20_000)
        #expect(findings.terminals.count > 10)
    }

    @Test("an execution means the same to a world that has seen others and to one that has not")
    func elsewhere() {
        let plan = Self.scope().plan
        let (choices, world) = Self.alone { executor in
            let simulation = Simulation(plan, on: executor)
            var sampler = Sampler(simulation, seed: 3)
            for _ in 0..<200 { _ = sampler.execute() }
            return (sampler.choices, simulation.worldDigest)
        }
        let (again, worldAgain) = Self.alone { executor in
            let simulation = Simulation(plan, on: executor)
            return (simulation.replay(choices), simulation.worldDigest)
        }
        #expect(choices.count > 10)
        #expect(again.difference == nil)
        #expect(again.choices == choices)
        #expect(worldAgain == world)
    }

    @Test("faults are mostly all made, and not all at the beginning")
    func faults() {
        let executions = Self.executions(of: Self.scope().plan, seed: 1, 500)
        let crashes = executions.map { choices in
            choices.indices.filter { choices[$0].budget == .crashes }
        }
        #expect(crashes.count { $0.count == 2 } > 250)
        #expect(crashes.contains { $0.isEmpty })
        let late = zip(executions, crashes).count { choices, places in
            places.contains { $0 > choices.count / 2 }
        }
        #expect(late > 100)
    }

    @Test("whoever waits for another by looking again and again does not keep it waiting")
    func fairness() {
        let key = DocumentKey(kind: "Flag", id: "f")
        let partition = PartitionKey("f")
        var plan = Plan()
        plan.checksMessages = false
        plan.roles = [
            Plan.Role(name: "waiting") { process in
                do {
                    while try await process.database.read(key, in: partition) == nil {
                        try await process.environment.sleep(.milliseconds(1))
                    }
                } catch {}
            },
            Plan.Role(name: "raising") { process in
                for _ in 0..<3 {
                    _ = try? await process.database.write(
                        [.put(key, Content(body: []), if: .any)], in: partition)
                }
            },
        ]
        let findings = plan.sample(count: 200, seed: 1)
        #expect(findings.failure?.violation == nil)
        #expect(findings.executions == 200)
    }
}
