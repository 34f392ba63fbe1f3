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
        ("overwritten", ["idempotence: the same end, whatever the copies"]),
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
        let strategy = try #require(hunt.explored.last?.strategy)
        let examination = Examination(mutant.algorithmScope, strategy) { _, choices in choices }
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
            // `make soak` goes to the end of it, here and with Scripts/check-larger-scopes.
            let isWhole = Self.isThorough || !mutant.scope.isLarge
            let strategy: Strategy =
                isWhole ? .exhaustive() : .exhaustive(executions: Hunt.patience)
            let examination = Examination(
                scope, strategy.with(scope.budgets)
            ) { _, choices in choices }
            let (findings, summary) = examination.explore { _ in }
            #expect(findings.failure == nil)
            #expect(summary.isExhausted == isWhole)
        }
    }

    /// In a minute: that what is harmless is not found all the same. `make check` looks for all of
    /// them in a release build; with PAWL_SOAK_ROUNDS, as `make soak` sets it, so does this.
    @Test("that are generated, or they are harmless for a reason that is given")
    func generated() async throws {
        let mutants = try await MutantTests.generated()
        let harmless = Set(Mutants.harmless.keys)
        #expect(harmless.isSubset(of: mutants.map(\.name)))
        var found: Set<String> = []
        for mutant in mutants {
            let executions = Self.isThorough ? Hunt.patience : 200
            let hunt = Hunt(for: mutant, .exhaustive(executions: executions))
            if hunt.isFound { found.insert(mutant.name) }
        }
        #expect(found.isDisjoint(with: harmless), "\(found.intersection(harmless))")
        let missing = Set(mutants.map(\.name)).subtracting(found).subtracting(harmless)
        #expect(!Self.isThorough || missing.isEmpty, "neither found nor harmless: \(missing)")
        #expect(missing.count * 4 < mutants.count, "most are found soon, but not \(missing)")
    }
}
