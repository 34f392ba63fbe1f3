package import Pawl
package import PawlCheck

/// An algorithm with one of its calls mutated, in every run.
package struct MutatedAlgorithm: DeduplicationAlgorithm {
    private let algorithm: AlgorithmUnderCheck
    private let mutation: Mutation
    private let database: any Database
    private let environment: Environment
    private let memory = ReadMemory()

    /// The algorithm of one process.
    package init(
        _ algorithm: AlgorithmUnderCheck, _ mutation: Mutation, database: any Database,
        environment: Environment
    ) {
        self.algorithm = algorithm
        self.mutation = mutation
        self.database = database
        self.environment = environment
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        try await run(.process) { try await $0.process(attempt, receipt) }
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await run(.submit) { try await $0.submit(attempt) }
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await run(.complete) { try await $0.complete(submission, isLastTry: isLastTry) }
    }

    private func run<Outcome>(
        _ phase: Mutation.Phase, _ body: (any DeduplicationAlgorithm) async throws -> Outcome
    ) async throws -> Outcome {
        let mutated = MutatedDatabase(
            base: database, mutation: mutation.call.phase == phase ? mutation : nil, memory: memory)
        do {
            let outcome = try await body(algorithm.make(mutated, environment))
            await mutated.finish()
            return outcome
        } catch {
            await mutated.finish()
            throw error
        }
    }
}

extension Mutants {
    /// Every mutation of every call that an algorithm makes.
    ///
    /// Not each of them is wrong. Compare-and-set makes good for what was read too late; two
    /// neighbours of which neither depends on the other may change places.
    ///
    /// - Parameters:
    ///   - algorithm: The algorithm.
    ///   - calls: The calls that it makes in each phase, on each path.
    /// - Returns: The mutants, in the order of the calls.
    package static func generated(
        from algorithm: AlgorithmUnderCheck, calls: [Mutation.Phase: [[Mutation.CallKind]]]
    ) -> [Mutant] {
        Mutation.Phase.allCases.flatMap { phase in
            mutations(in: phase, of: calls[phase] ?? []).map { mutant(of: algorithm, $0) }
        }
    }

    /// Every mutation of every call that an algorithm makes on the paths that are rehearsed.
    package static func generated(from algorithm: AlgorithmUnderCheck) async throws -> [Mutant] {
        generated(from: algorithm, calls: try await CallRecorder.calls(of: algorithm))
    }

    private static func mutations(
        in phase: Mutation.Phase, of paths: [[Mutation.CallKind]]
    ) -> [Mutation] {
        var mutations: [Mutation] = []
        for number in 1..<(paths.map(\.count).max() ?? 0) + 1 {
            for kind in Mutation.CallKind.allCases {
                let paths = paths.filter { $0.count >= number && $0[number - 1] == kind }
                if paths.isEmpty { continue }
                let call = Mutation.Call(phase, number, kind)
                if kind.isWriteLike { mutations.append(.skip(call)) }
                if kind == .write || kind == .commit { mutations.append(.unconditional(call)) }
                // A submission has none.
                if kind == .commit, phase == .process { mutations.append(.withoutReceipt(call)) }
                if kind == .read { mutations.append(.staleRead(call)) }
                // The last call of all has nobody to change places with.
                if kind.isWriteLike, paths.contains(where: { $0.count > number }) {
                    mutations.append(.swap(call))
                }
            }
        }
        return mutations
    }

    private static func mutant(
        of algorithm: AlgorithmUnderCheck, _ mutation: Mutation
    ) -> Mutant {
        let name = "\(algorithm.name)/\(mutation)"
        var scope = Mutant.Scope()
        scope.needsSession = mutation.call.phase != .process
        var keepsMemory = false
        switch mutation {
        // A message that is remembered is not applied again.
        case .withoutReceipt:
            scope.isLocal = true
            scope.copies = 1
        // Who submits has a process of his own, and all that he has seen is part of its state.
        case .staleRead: keepsMemory = mutation.call.phase != .submit
        default: break
        }
        return Mutant(
            name: name, mistake: mutation.sentence, failure: "Nobody has worked it out.",
            base: algorithm.name,
            algorithm: AlgorithmUnderCheck(
                name: name, needsDatabase: algorithm.needsDatabase,
                largestDocument: algorithm.largestDocument, hasTokens: algorithm.hasTokens,
                demand: algorithm.demand
            ) {
                MutatedAlgorithm(algorithm, mutation, database: $0, environment: $1)
            }, scope: scope, keepsMemory: keepsMemory, mutation: mutation)
    }
}
