import Pawl
import PawlMutants
import Synchronization
import Testing

@testable import PawlCheck

/// The explorer's own check: what it leaves out must lead nowhere new.
@Suite("What is left out leads nowhere new", .timeLimit(.minutes(5)))
struct SoundnessTests {
    /// A scope that is small enough to be explored without leaving anything out.
    struct Small: Sendable, CustomTestStringConvertible {
        let scope: AlgorithmScope

        init(
            _ algorithm: AlgorithmUnderCheck, _ budgets: Budgets = Budgets(),
            _ change: (inout AlgorithmScope) -> Void = { _ in }
        ) {
            var scope = AlgorithmScope(algorithm)
            scope.consumers = 1
            change(&scope)
            scope.budgets = budgets
            self.scope = scope
        }

        var testDescription: String { "\(scope.description); \(scope.budgets)" }
    }

    static let scopes: [Small] =
        [AlgorithmUnderCheck.outbox, .transactional].flatMap { algorithm in
            [
                Small(algorithm, Budgets(crashes: 1, failures: 1)),
                Small(algorithm, Budgets(crashes: 2)),
                Small(algorithm, Budgets(crashes: 1, redeliveries: 1)),
                Small(algorithm, Budgets(duplicates: 1)),
                Small(algorithm, Budgets(duplicates: 1, expiries: 1)),
                Small(algorithm, Budgets(failures: 1)) { $0.outputs = 2 },
                Small(algorithm, Budgets(crashes: 1)) { $0.copies = 2 },
                Small(algorithm, Budgets(staleReads: 1)) { $0.copies = 2 },
                Small(algorithm, Budgets(redeliveries: 1)) { $0.copies = 2 },
                Small(algorithm, Budgets(crashes: 1)) { $0.messages = 2 },
                Small(algorithm, Budgets(crashes: 1)) { $0.consumers = 2 },
                Small(algorithm, Budgets(failures: 1)) { $0.consumers = 2 },
                Small(algorithm, Budgets(redeliveries: 1)) { $0.consumers = 2 },
                Small(algorithm, Budgets(duplicates: 1)) { $0.consumers = 2 },
                Small(algorithm, Budgets(delays: 1)) { $0.consumers = 2 },
                Small(algorithm) {
                    $0.consumers = 2
                    $0.copies = 2
                },
                Small(algorithm) {
                    $0.consumers = 2
                    $0.messages = 2
                },
                Small(algorithm) { $0.sessions = 1 },
                Small(algorithm, Budgets(crashes: 1)) {
                    $0.messages = 0
                    $0.sessions = 1
                },
                Small(algorithm) {
                    $0.messages = 0
                    $0.sessions = 1
                    $0.resubmissions = 2
                },
            ]
        } + [
            Small(.inbox, Budgets(crashes: 1)) { $0.copies = 2 },
            Small(.inbox, Budgets(redeliveries: 1)) { $0.consumers = 2 },
            Small(.inboxEventual, Budgets(crashes: 1)) { $0.copies = 2 },
            Small(.inboxEventual, Budgets(failures: 1)),
            Small(.outboxStaged, Budgets(crashes: 1)) { $0.outputs = 2 },
            Small(.replay, Budgets(crashes: 1, failures: 1)),
            Small(.replay, Budgets(duplicates: 1, expiries: 1)),
            Small(.replay, Budgets(crashes: 1)) { $0.copies = 2 },
            Small(.replay, Budgets(staleReads: 1)) { $0.copies = 2 },
            Small(.replay, Budgets(crashes: 1)) { $0.messages = 2 },
            Small(.replay, Budgets(redeliveries: 1)) { $0.consumers = 2 },
            Small(.replay, Budgets(delays: 1)) { $0.consumers = 2 },
            Small(.replay) {
                $0.consumers = 2
                $0.copies = 2
            },
            Small(.replay, Budgets(crashes: 1)) {
                $0.messages = 2
                $0.copies = 2
                $0.rejects = true
            },
            Small(.natural, Budgets(crashes: 1, failures: 1)),
            Small(.natural, Budgets(crashes: 1)) { $0.copies = 2 },
            Small(.natural, Budgets(failures: 1)) { $0.outputs = 2 },
            Small(.natural, Budgets(crashes: 1)) { $0.messages = 2 },
            Small(.natural, Budgets(crashes: 1)) { $0.consumers = 2 },
            Small(.natural, Budgets(redeliveries: 1)) { $0.consumers = 2 },
            Small(.natural, Budgets(duplicates: 1)) { $0.consumers = 2 },
            Small(.natural) {
                $0.consumers = 2
                $0.copies = 2
            },
            Small(.natural) {
                $0.consumers = 2
                $0.messages = 2
            },
            Small(.natural, Budgets(crashes: 1)) {
                $0.messages = 0
                $0.sessions = 1
            },
            Small(.transactional, Budgets(redeliveries: 2)) {
                $0.consumers = 2
                $0.copies = 2
            },
            Small(.transactional, Budgets(duplicates: 1, staleReads: 1)) { $0.consumers = 2 },
            Small(.transactional, Budgets(crashes: 1)) {
                $0.messages = 0
                $0.sessions = 1
                $0.resubmissions = 2
            },
            Small(.transactional, Budgets(crashes: 1)) { $0.sessions = 1 },
            Small(.transactional, Budgets(crashes: 1)) {
                $0.consumers = 2
                $0.isLocal = true
            },
        ]

    static let reductions: [Reductions] = [
        Reductions(sleepSets: true, states: false, symmetry: false),
        Reductions(sleepSets: false, states: true, symmetry: false),
        Reductions(sleepSets: true, states: true, symmetry: false),
        .all,
    ]

    @Test("every way of leaving out reaches the same ends as plain search", arguments: scopes)
    func sameEnds(small: Small) {
        let drawing = [AlgorithmUnderCheck.inboxEventual, .outboxStaged].map(\.name)
        expectSameEnds(small.scope.plan, draws: drawing.contains(small.scope.algorithm.name))
    }

    /// The mutants with a small scope.
    static let mutants = Mutants.catalogued.filter {
        [
            "n1", "n2", "n3", "n4", "3", "4", "5", "6", "60", "60b", "61", "63", "t1", "t1b", "t2",
            "t3", "t3b", "t4", "t5",
        ]
        .contains($0.id)
    }

    @Test("and sees the same properties violated", arguments: mutants)
    func sameViolations(mutant: Mutant) {
        var scope = mutant.algorithmScope
        scope.budgets = mutant.budgets
        let plain = expectSameEnds(scope.plan)
        #expect(!plain.violated.isEmpty)
    }

    // Those in larger scopes are found by samples, in CatalogueTests.
    @Test(
        "every mistake in the catalogue is found",
        arguments: Mutants.catalogued.filter { !$0.scope.isLarge })
    func found(mutant: Mutant) {
        var scope = mutant.algorithmScope
        scope.budgets = mutant.budgets
        var limits = ExplorationLimits()
        limits.executions = 20_000
        #expect(scope.plan.explore(.all, limits).failure != nil)
    }

    @Test("the scopes end in different worlds, and many of them in several")
    func ends() {
        let ends = Self.scopes.map { $0.scope.plan.explore().terminals }
        #expect(Set(ends).count > 30)
        #expect(ends.count { $0.count > 1 } > 20)
        #expect(ends.allSatisfy { !$0.isEmpty })
    }

    @Test("a search that leaves out too much is seen")
    func unsound() {
        // A wrong rule: whatever one process has begun, it goes on with.
        var limits = ExplorationLimits()
        limits.preemptions = 0
        let plan = Small(.outbox) {
            $0.consumers = 2
            $0.messages = 2
        }.scope.plan
        #expect(plan.explore(.all, limits).terminals != plan.explore(.all).terminals)
    }
}

/// What an exploration comes across.
struct Survey: Equatable {
    var executions = 0
    var states = 0
    var deepest = 0
    var isExhausted = false
    var terminals: Set<Digest> = []
    /// What was saved and sent in each state, whoever knew it.
    var worlds: Set<Digest> = []
    var violated: Set<String> = []

    init(_ plan: Plan, _ reductions: Reductions, fromNothing: Bool = false) {
        var plan = plan
        let worlds = Mutex<Set<Digest>>([])
        plan.always.append(
            Plan.Property(name: "every world is looked at") { snapshot in
                let simulation = snapshot.simulation
                var world = Digest.zero
                for slot in simulation.world.documents where slot.writes > 0 {
                    world &+= slot.digest
                }
                for message in simulation.world.published { world &+= message.digest }
                let seen = world
                worlds.withLock { _ = $0.insert(seen) }
                return true
            })
        var limits = ExplorationLimits()
        limits.stopsAtViolation = false
        limits.executions = 60_000
        limits.fromNothing = fromNothing
        let findings = plan.explore(reductions, limits)
        executions = findings.executions
        states = findings.states
        deepest = findings.deepest
        isExhausted = findings.isExhausted
        terminals = findings.terminals
        self.worlds = worlds.withLock { $0 }
        violated = findings.violated
    }
}

/// Expects that plain search and every other one come across the same.
///
/// What draws random numbers gives things names, and they follow from which copy of a message was in
/// hand. Of worlds that differ by such names alone one is enough, so that there are fewer worlds, but
/// none that is new.
@discardableResult
func expectSameEnds(
    _ plan: Plan, draws: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
) -> Survey {
    let plain = Survey(plan, .none, fromNothing: true)
    #expect(plain.isExhausted, sourceLocation: sourceLocation)
    for reductions in SoundnessTests.reductions {
        let survey = Survey(plan, reductions)
        let what: Comment = "\(reductions)"
        #expect(survey.isExhausted, what, sourceLocation: sourceLocation)
        #expect(survey.terminals == plain.terminals, what, sourceLocation: sourceLocation)
        #expect(
            draws ? survey.worlds.isSubset(of: plain.worlds) : survey.worlds == plain.worlds,
            what, sourceLocation: sourceLocation)
        #expect(survey.violated == plain.violated, what, sourceLocation: sourceLocation)
    }
    return plain
}
