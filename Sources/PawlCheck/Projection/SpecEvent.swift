/// A choice of the explorer as the action of a spec that it is.
struct SpecEvent: Hashable {
    let action: String
    /// Whose action it is; empty where it is nobody's.
    var process = ""

    var label: String { process.isEmpty ? action : "\(action) \(process)" }
}

extension Transition {
    /// The action that this choice is.
    ///
    /// - Parameter hands: What the processes are doing before it is made, with their names.
    /// - Returns: The action.
    func event(from hands: [(name: String, hand: Hand)]) -> SpecEvent {
        guard process != .max else {
            return SpecEvent(action: kind == .time ? "time" : "lease ends")
        }
        let (name, hand) = hands[Int(process)]
        let action =
            switch (kind, ending) {
            case (.crash, _), (.crashPartly, _): "crash"
            case (_, .success): hand.step
            case (_, .failBefore), (_, .failLost): "lost"
            case (_, .failAfter), (_, .failPartly): "after"
            case (_, .stale): "stale"
            }
        return SpecEvent(action: action, process: name)
    }
}

/// A state as a spec has it.
struct SpecState {
    /// The variables, in a fixed order.
    let variables: [Variable]
    /// What the processes are doing, with their names.
    let hands: [(name: String, hand: Hand)]

    /// All variables, with tabs between them.
    var text: String {
        variables.map { "\($0.name) = \($0.value)" }.joined(separator: "\t")
    }
}
