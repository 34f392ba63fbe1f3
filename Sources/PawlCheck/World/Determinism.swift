internal import Pawl

/// Handlers that have to be deterministic run twice on what they are given.
extension Simulation {
    /// Runs a handler, and once more on the same; that it makes something else then is a finding.
    ///
    /// - Parameters:
    ///   - work: The handler's work.
    ///   - again: The same, with the message decoded once more: it may hold a set itself.
    ///   - bodies: The states.
    ///   - context: What it is handed.
    ///   - process: The process that it runs in.
    /// - Returns: The new states.
    /// - Throws: What the handler threw when it ran first.
    func runTwice(
        _ work: Work, _ again: Work, on bodies: [[UInt8]?], _ context: Context,
        in process: SimulatedProcess
    ) async throws -> [[UInt8]?] {
        let first = await Run(work, bodies, context)
        var surroundings = Surroundings()
        surroundings.change()
        let second = await Run(
            again, bodies, Context(message: context.message, now: context.now))
        surroundings.restore()
        if executor.isOnOwnThread, isLive(process.identity),
            let difference = first.difference(from: second, of: work.keys)
        {
            let violation = Violation(
                property: "handlers are deterministic",
                explanation: """
                    Run twice on the same, the handler of \(name(of: context.message)) made \
                    something else: \(difference.description).
                    """)
            act(.violate(violation), by: process.identity)
        }
        return try first.after.get()
    }
}

/// One run of a handler.
struct Run {
    /// What it returned, or threw.
    let after: Result<[[UInt8]?], any Error>
    private let derivation: Derivation?

    init(_ work: Work, _ bodies: [[UInt8]?], _ context: Context) async {
        do {
            let after = try await work.run(bodies, context)
            derivation = Derivation(of: context, from: bodies, to: after)
            self.after = .success(after)
        } catch {
            derivation = nil
            after = .failure(error)
        }
    }

    /// Where another run differs first; `nil` if it does not. How two that throw differ is nobody's
    /// business: nothing of them is saved.
    func difference(from other: Run, of keys: [DocumentKey]) -> Derivation.Difference? {
        switch (derivation, other.derivation) {
        case (let mine?, let theirs?): mine.difference(from: theirs, of: keys)
        case (nil, nil): nil
        case (_, _):
            Derivation.Difference(
                place: "whether it throws", path: nil, first: words, second: other.words)
        }
    }

    private var words: String {
        switch after {
        case .success: "it does not"
        case .failure(let error): "\(error)"
        }
    }
}

/// What a run depends on without being given it: where in memory it is. The order of a dictionary or
/// a set follows from that, and what is freed is the first to be handed out again.
struct Surroundings {
    private var blocks: [[UInt8]] = []

    /// Takes a block of every size that a small collection may have, so that none is handed out
    /// where one was before.
    mutating func change() {
        for size in stride(from: 16, through: 2048, by: 16) {
            blocks.append([UInt8](repeating: 0, count: size))
        }
    }

    /// Gives them back; until then nobody may.
    mutating func restore() {
        blocks = []
    }
}
