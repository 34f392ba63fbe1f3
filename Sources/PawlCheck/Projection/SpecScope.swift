internal import Pawl

/// A scope of an algorithm, as its spec sees it.
package struct SpecScope: Sendable {
    /// Which spec describes the algorithm.
    package enum Spec: String, Sendable, CaseIterable {
        case outbox = "Outbox"
        case transactional = "Transactional"
        case session = "Session"
        case inbox = "Inbox"
        case tokens = "Tokens"
        case replay = "Replay"
        case natural = "Natural"
        case outboxStaged = "OutboxStaged"
        case claimInbox = "ClaimInbox"
    }

    /// What could not be projected.
    package struct Failure: Error, CustomStringConvertible {
        /// What happened.
        package let description: String
    }

    private let spec: Spec
    let plan: Plan

    package init(_ spec: Spec, _ scope: AlgorithmScope) {
        self.spec = spec
        var plan = scope.plan
        plan.tellsCopiesApart = true
        plan.tellsTimesApart = spec == .replay
        // What is wrong with the end of an execution, the spec's own properties say.
        plan.reference = nil
        self.plan = plan
    }

    var projection: any Projection {
        switch spec {
        case .outbox: OutboxProjection()
        case .transactional: TransactionalProjection()
        case .session: SessionProjection()
        case .inbox: InboxProjection()
        case .tokens: TokensProjection()
        case .replay: ReplayProjection()
        case .natural: NaturalProjection()
        case .outboxStaged: OutboxStagedProjection()
        case .claimInbox: ClaimInboxProjection()
        }
    }

    /// Explores the scope and collects all its states. No symmetry is used, and no order is left
    /// out, so that all steps between the states are met, too.
    package func states() throws -> StateGraph {
        try states(Reductions(sleepSets: false, symmetry: false))
    }

    func states(_ reductions: Reductions) throws -> StateGraph {
        let result = ExplorerThread.run { executor -> Result<StateGraph, Failure> in
            var graph = StateGraph()
            var projection = projection
            var path: [(number: Int, state: SpecState)] = []
            var search = Search(Simulation(plan, on: executor), reductions)
            search.reached = { simulation, depth, transition in
                let state = projection.state(of: simulation)
                let number = graph.insert(state.text)
                path.removeSubrange(min(depth, path.count)...)
                if let last = path.last, let transition {
                    let event = transition.event(from: last.state.hands)
                    graph.insert(
                        StateGraph.Step(from: last.number, to: number, label: event.label))
                }
                path.append((number, state))
            }
            let findings = search.run()
            graph.checkerStates = findings.states
            if let failure = findings.failure {
                return .failure(Failure(description: "\(failure.violation)"))
            }
            return findings.isExhausted
                ? .success(graph)
                : .failure(Failure(description: findings.caveats.joined(separator: "\n")))
        }
        return try result.get()
    }
}
