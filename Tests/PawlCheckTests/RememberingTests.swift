import Pawl
import Synchronization
import Testing

@testable import PawlCheck

/// What code did is remembered, and it is not run again for it; that must change nothing.
@Suite("What is remembered is what would run", .timeLimit(.minutes(5)))
struct RememberingTests {
    private static let reductions = [.all, Reductions(sleepSets: false, symmetry: false)]

    @Test("bare consumers and sessions", arguments: SoundnessTests.scopes)
    func algorithms(small: SoundnessTests.Small) {
        for reductions in Self.reductions { expectSame(small.scope.plan, reductions) }
    }

    @Test("whole endpoints, which forget nothing", arguments: [true, false])
    func endpoints(isOutbox: Bool) {
        func plan(_ budgets: Budgets, instances: Int) -> Plan {
            let world = World()
            world.run(
                counting, instances: instances, deduplication: isOutbox ? .outbox : nil,
                options: EndpointOptions(concurrency: 1))
            world.deliver(Count())
            return world.plan(budgets)
        }
        expectSame(plan(Budgets(crashes: 1), instances: 2), .all)
        expectSame(plan(Budgets(failures: 1), instances: 2), .all)
        expectSame(plan(Budgets(delays: 1), instances: 1), .all)
    }

    @Test("a search whose bound is the number of changes", arguments: 0...2)
    func bounded(preemptions: Int) {
        var scope = AlgorithmScope(.outbox)
        scope.budgets = Budgets(crashes: 1)
        var limits = ExplorationLimits()
        limits.preemptions = preemptions
        let remembered = scope.plan.explore(.all, limits)
        limits.fromNothing = true
        let run = scope.plan.explore(.all, limits)
        #expect(remembered.executions == run.executions)
        #expect(remembered.states == run.states)
        #expect(remembered.terminals == run.terminals)
    }

    @Test("code that does something else once in a while only is seen")
    func onceInAWhile() throws {
        let starts = Mutex(0)
        let error = try #require(throws: CheckError.self) {
            try check(.exhaustive(crashes: 0, failures: 0)) { world in
                world.process("fickle", instances: 2) { process in
                    let count = starts.withLock { starts in
                        starts += 1
                        return starts
                    }
                    let key = DocumentKey(kind: "Number", id: "a")
                    let partition = PartitionKey("a")
                    for number in 1...4 as ClosedRange<UInt8> {
                        let content = Content(body: count % 10 == 0 ? [0] : [number])
                        _ = try await process.store.write(
                            [.put(key, content, if: .any)], in: partition)
                    }
                }
            }
        }
        #expect(error.code == .outOfControl)
        #expect(error.message.contains("state that outlives it"))
    }

    private func expectSame(
        _ plan: Plan, _ reductions: Reductions, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let remembered = Survey(plan, reductions)
        let run = Survey(plan, reductions, fromNothing: true)
        let what: Comment = "\(plan.budgets), \(reductions)"
        #expect(remembered == run, what, sourceLocation: sourceLocation)
        #expect(remembered.isExhausted, what, sourceLocation: sourceLocation)
    }
}

private struct Count: Command {
    static let typeName = "Count"
    var name = "a"
    var by = 1
}

private struct Counter: Entity {
    static let kind = "Counter"
    var count = 0
}

private let counting = Handlers("counting") {
    Handle(Count.self, by: \.name) { (message, counter: inout Counter, _) in
        counter.count += message.by
    }
}
