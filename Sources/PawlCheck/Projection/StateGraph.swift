/// All states that the algorithm's code reaches in a scope, as a spec has them, and the steps
/// between them.
package struct StateGraph: Sendable {
    /// A step from one state to another.
    struct Step: Hashable {
        let from: Int
        let to: Int
        let label: String
    }

    private var numbers: [String: Int] = [:]
    private(set) var states: [String] = []
    private var steps: Set<Step> = []
    /// How many states the checker told apart.
    package internal(set) var checkerStates = 0

    /// How many different states there are.
    package var count: Int { states.count }

    /// Notes a state. Returns its number; the first one is where everything begins.
    mutating func insert(_ state: String) -> Int {
        if let known = numbers[state] { return known }
        states.append(state)
        numbers[state] = states.count - 1
        return states.count - 1
    }

    mutating func insert(_ step: Step) {
        steps.insert(step)
    }

    /// One line a state, the nearest to the beginning first: its number, the number of a state that
    /// comes before it on a shortest path, the step from there, and its variables, with tabs between.
    package var lines: [String] {
        var after: [[Step]] = Array(repeating: [], count: states.count)
        for step in steps { after[step.from].append(step) }
        var lines: [String] = []
        var isSeen = Array(repeating: false, count: states.count)
        var next: [Step] = states.isEmpty ? [] : [Step(from: 0, to: 0, label: "begin")]
        while !next.isEmpty {
            var reached: [Step] = []
            for step in next where !isSeen[step.to] {
                isSeen[step.to] = true
                lines.append("\(step.to)\t\(step.from)\t\(step.label)\t\(states[step.to])")
                reached += after[step.to].sorted { ($0.label, $0.to) < ($1.label, $1.to) }
            }
            next = reached
        }
        return lines
    }
}
