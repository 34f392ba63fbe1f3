/// An execution made again.
struct Replayed: Sendable {
    /// What it has shown to be wrong; `nil` if nothing.
    let violation: Violation?
    /// The choices, each as its place among those that could be made.
    let places: [Int]
    /// The choices themselves.
    let choices: [Transition]
    /// How often a process was left standing that could have gone on.
    let preemptions: Int
    /// What happened, step by step.
    let trace: Trace
    /// Why it could not be made again as it was; `nil` if it could.
    let difference: String?
}

extension Simulation {
    /// Makes an execution again and writes down what happens.
    ///
    /// - Parameter next: Picks the choice for a step, from the candidates; `nil` ends the execution.
    /// - Returns: What was done, what was violated and the trace of it.
    func replay(_ next: (_ step: Int, _ candidates: [Candidate]) -> Int?) -> Replayed {
        isTracing = true
        // What is told has to have run.
        let recalled = recalls
        recalls = false
        defer {
            isTracing = false
            recalls = recalled
        }
        begin()
        var places: [Int] = []
        var choices: [Transition] = []
        var preemptions = 0
        var last = UInt8.max
        var difference: String?
        execution: while true {
            let candidates: [Candidate]
            switch look(preferring: last, after: choices.count) {
            case .choices(let found), .rest(let found): candidates = found
            case .violated: break execution
            case .stuck(let caveat):
                difference = caveat
                break execution
            }
            guard let place = next(choices.count, candidates), !candidates.isEmpty else { break }
            guard candidates.indices.contains(place) else {
                difference = "Step \(choices.count + 1) has no choice number \(place)."
                break
            }
            let transition = candidates[place].transition
            let isPreemption =
                transition.process != last && last != .max && transition.process != .max
                && candidates.contains { $0.transition.process == last && !$0.transition.isFault }
            guard apply(transition) else {
                difference = Search.divergence
                break
            }
            if isPreemption {
                preemptions += 1
                if !steps.isEmpty { steps[steps.count - 1].isPreemption = true }
            }
            if transition.process != .max { last = transition.process }
            places.append(place)
            choices.append(transition)
        }
        let violation = world.violation
        let trace = Trace(lifelines: lifelines, steps: steps)
        if !end() { difference = difference ?? Search.endless }
        return Replayed(
            violation: violation, places: places, choices: choices, preemptions: preemptions,
            trace: trace, difference: difference ?? executor.seenEscape)
    }

    /// Makes an execution again from its list of choices.
    func replay(_ choices: [Transition]) -> Replayed {
        replay { step, candidates in
            guard step < choices.count else { return nil }
            return candidates.firstIndex { $0.transition == choices[step] } ?? candidates.count
        }
    }

    /// Makes an execution again from the places of its choices; where the list ends, the first
    /// choice without a fault is made until nothing is left to be done.
    func replay(places: [Int]) -> Replayed {
        replay { step, candidates in
            if step < places.count { return places[step] }
            return candidates.first?.transition.isFault == false ? 0 : nil
        }
    }
}

/// Places of choices as text: `0*4.7.0*3`.
enum ChoiceList {
    static func text(_ places: [Int]) -> String {
        var parts: [String] = []
        var index = 0
        while index < places.count {
            var end = index
            while end < places.count, places[end] == places[index] { end += 1 }
            parts.append(
                end - index > 1 ? "\(places[index])*\(end - index)" : "\(places[index])")
            index = end
        }
        return parts.joined(separator: ".")
    }

    /// The places that a text stands for; `nil` if it is not one of ours.
    static func places(_ text: String) -> [Int]? {
        var places: [Int] = []
        for part in text.split(separator: ".") {
            let numbers = part.split(separator: "*", omittingEmptySubsequences: false)
                .map { Int($0) }
            switch numbers.count {
            case 1:
                guard let place = numbers[0] else { return nil }
                places.append(place)
            case 2:
                guard let place = numbers[0], let count = numbers[1], 0...100_000 ~= count else {
                    return nil
                }
                places += Array(repeating: place, count: count)
            default: return nil
            }
        }
        return places
    }
}
