internal import Pawl

extension SpecScope {
    /// Makes executions, drawn at random, and writes down what happens in each.
    ///
    /// - Parameters:
    ///   - count: How many executions.
    ///   - seed: What the draws follow from.
    /// - Returns: One trace an execution: a sequence of events, each with the action of the spec that
    ///   it is, whose it is, and the variables that it changes.
    package func traces(_ count: Int, seed: UInt64) -> [String] {
        ExplorerThread.run { executor in
            let simulation = Simulation(plan, on: executor)
            var projection = projection
            var draws = SeededGenerator(seed: seed)
            return (0..<count).map { _ in
                trace(of: simulation, &projection, &draws)
            }
        }
    }

    private func trace(
        of simulation: Simulation, _ projection: inout any Projection,
        _ draws: inout SeededGenerator
    ) -> String {
        var events: [String] = []
        var last: (state: SpecState, choice: Transition)?
        _ = simulation.replay { _, candidates in
            let state = projection.state(of: simulation)
            if let last {
                let event = last.choice.event(from: last.state.hands)
                events.append(event.value(changing: last.state.variables, to: state.variables))
            }
            // One step of ten goes wrong, as long as something can. Of what is at rest, nothing does.
            let good = candidates.indices.filter { !candidates[$0].transition.isFault }
            let bad = candidates.indices.filter { candidates[$0].transition.isFault }
            let choices = draws.below(10) == 0 && !bad.isEmpty ? bad : good
            guard !good.isEmpty, let choice = draws.one(of: choices) else { return nil }
            last = (state, candidates[choice].transition)
            return choice
        }
        return TLA.sequence(events)
    }
}

extension SpecEvent {
    /// The event, and what it does to the variables.
    fileprivate func value(changing before: [Variable], to after: [Variable]) -> String {
        let changed = zip(before, after).filter { $0 != $1 }.map { ($1.name, $1.value) }
        return TLA.record([
            ("action", TLA.text(action)), ("process", TLA.text(process)),
            ("changed", changed.isEmpty ? TLA.sequence([]) : TLA.record(changed)),
        ])
    }
}
