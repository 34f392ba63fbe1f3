import Foundation
import PawlCheck
import PawlMutants
import Testing

@Suite("The checker finds the mistakes", .timeLimit(.minutes(10)))
struct CatalogueTests {
    /// The properties by which a failure in the words of the catalogue shows, whichever of them the
    /// search comes to first.
    static let properties: [(words: String, properties: Set<String>)] = [
        ("Ghosts", ["no ghosts"]),
        // What is overwritten may also be the note that messages were sent.
        ("lost update", ["exactly once: no saved effect is lost", "nothing is left behind"]),
        ("applied twice", ["exactly once: no message is applied twice"]),
        ("applied again", ["exactly once: no message is applied twice"]),
        ("Two commits", ["exactly once: no message is applied twice"]),
        (
            "Two attempts win",
            [
                "exactly once: no message is applied twice",
                "exactly once: no saved effect is lost",
            ]
        ),
        ("grows for ever", ["nothing is left behind"]),
        ("lie there for ever", ["nothing is left behind"]),
        ("undone", ["exactly once: no saved effect is lost"]),
        ("take for others", ["all copies of an output are identical"]),
        // What is made anew belongs to an attempt that was never saved.
        ("both this and that", ["no ghosts", "all copies of an output are identical"]),
        // What nobody will send any more may still lie in the entity.
        ("lost", ["nothing is lost", "nothing is left behind"]),
        ("never sent", ["nothing is lost", "nothing is left behind"]),
        ("never saved", ["nothing is lost"]),
    ]

    /// Whether there is time for what takes minutes in a debug build.
    static let isThorough = ProcessInfo.processInfo.environment["PAWL_SOAK_ROUNDS"] != nil

    /// The generated mutants that it takes more than a thousand executions of one scope to find.
    static let hidden: Set<String> = [
        "outbox/process unconditional 3 write", "outbox/process swap 3 write",
        "outbox/complete skip 3 write", "outbox/complete unconditional 3 write",
    ]

    @Test("of the catalogue, each in its scope", arguments: Mutants.catalogued)
    func catalogued(mutant: Mutant) throws {
        let hunt = Hunt(for: mutant)
        let violated = try #require(hunt.violated, "\(mutant.name) was not found")
        let fitting = try #require(
            Self.properties.first { mutant.failure.contains($0.words) }?.properties)
        #expect(fitting.contains(violated), "\(mutant.name): \(mutant.failure)")

        let counterexample = try #require(hunt.counterexample { _, choices in choices })
        #expect(counterexample.property == violated, "\(counterexample.explanation)")
        #expect(counterexample.isShrunk)
        let summary = try #require(hunt.explored.last?.summary)
        #expect(CheckFailure([counterexample], summary: summary).description.contains(mutant.name))
    }

    @Test("of the catalogue, so that they can be replayed", arguments: Mutants.catalogued)
    func replay(mutant: Mutant) throws {
        let hunt = Hunt(for: mutant)
        let violated = try #require(hunt.violated)
        let counterexample = try #require(hunt.counterexample { _, choices in choices })
        let examination = Examination(
            mutant.algorithmScope, .exhaustive().with(mutant.budgets)
        ) { _, choices in choices }
        let choices = try #require(
            examination.choices(in: "\(examination.name):\(counterexample.choices)"))
        let failure = #expect(throws: CheckFailure.self) { try examination.replay(choices) }
        #expect(failure?.violations.map(\.property) == [violated])
        #expect(failure?.violations.map(\.choices) == [counterexample.choices])
    }

    @Test("and nothing where there is none, in the same scopes", arguments: Mutants.catalogued)
    func clean(mutant: Mutant) throws {
        let shipped = try MutantTests.shipped(mutant.base)
        for algorithm in [shipped.algorithm, shipped.copy] {
            var scope = mutant.algorithmScope
            scope.algorithm = algorithm
            let examination = Examination(
                scope, .exhaustive().with(scope.budgets)
            ) { _, choices in choices }
            #expect(try examination.run().isExhausted)
        }
    }

    /// In a minute: those that are soon found. With PAWL_SOAK_ROUNDS, as `make soak` sets it: all
    /// of them, and the harmless ones in all their scopes.
    @Test("that are generated, or they are harmless for a reason that is given")
    func generated() async throws {
        let mutants = try await MutantTests.generated()
        var found: Set<String> = []
        for mutant in mutants where Self.isThorough || !Self.hidden.contains(mutant.name) {
            let executions = Self.isThorough ? Hunt.patience : 200
            let hunt = Hunt(for: mutant, .exhaustive(executions: executions))
            if hunt.isFound { found.insert(mutant.name) }
        }
        let all = Set(mutants.map(\.name)).subtracting(Self.isThorough ? [] : Self.hidden)
        let harmless = Set(Mutants.harmless.keys)
        #expect(found.isDisjoint(with: harmless), "\(found.intersection(harmless))")
        #expect(
            found.union(harmless) == all,
            "neither found nor known to be harmless: \(all.subtracting(found).subtracting(harmless))"
        )
    }
}
