/// A trace in rows, each with the state in which every lifeline is: what terminal and page draw.
///
/// Beside the steps it has rows for what follows from them: that a process is left standing, and
/// that one which crashed runs again.
struct Storyboard {
    /// The state of a lifeline while a row is drawn.
    enum Life {
        case running
        /// In the middle of something, and another process goes on.
        case standing
        /// Crashed, and not started again yet.
        case dead
    }

    /// What a row shows.
    enum Content {
        /// A process was left standing; `nil` where the trace doesn't tell which.
        case leftStanding(Int?)
        /// A process that crashed runs again.
        case restarted(Int)
        /// A step with its number, which counts from 1.
        case step(number: Int, Trace.Step)
    }

    struct Row {
        var content: Content
        /// How the lifelines are when the row begins.
        var before: [Life]
        /// How they are when it ends.
        var after: [Life]
    }

    let lifelines: [String]
    private(set) var rows: [Row] = []
    /// The lifelines that act as a process somewhere in the trace, in order.
    let processes: [Int]

    private var lives: [Life]
    /// Which process acted last.
    private var latest: Int?

    init(_ trace: Trace) {
        let names = trace.lifelines.map { Text.wrap($0, width: .max).joined() }
        lifelines = names
        lives = names.map { _ in .running }
        processes = names.indices.filter { index in
            trace.steps.contains { $0.lifeline == index && $0.kind != .event }
        }
        for (index, step) in trace.steps.enumerated() {
            add(Self.repaired(step, lifelines: names.count), number: index + 1)
        }
    }

    /// The step with a target only if there is such a lifeline and it is another one: what draws an
    /// arrow need not ask again.
    private static func repaired(_ step: Trace.Step, lifelines: Int) -> Trace.Step {
        var step = step
        if let target = step.target, !(0..<lifelines).contains(target) || target == step.lifeline {
            step.target = nil
        }
        if !(0..<lifelines).contains(step.lifeline) { step.target = nil }
        if step.kind != .call, step.kind != .delivery { step.target = nil }
        return step
    }

    private mutating func add(_ step: Trace.Step, number: Int) {
        if step.isPreemption {
            // Who that is, the trace tells only by who acted before.
            let left = latest.flatMap { $0 != step.lifeline && lives[$0] == .running ? $0 : nil }
            addRow(.leftStanding(left)) { lives in
                if let left { lives[left] = .standing }
            }
        }
        let process = lives.indices.contains(step.lifeline) && step.kind != .event
        if process, step.kind != .crash {
            if lives[step.lifeline] == .dead {
                addRow(.restarted(step.lifeline)) { $0[step.lifeline] = .running }
            }
            lives[step.lifeline] = .running
        }
        addRow(.step(number: number, step)) { lives in
            if process, step.kind == .crash { lives[step.lifeline] = .dead }
        }
        if process { latest = step.lifeline }
    }

    private mutating func addRow(_ content: Content, change: (inout [Life]) -> Void) {
        let before = lives
        change(&lives)
        rows.append(Row(content: content, before: before, after: lives))
    }

    /// The name of a lifeline.
    func name(_ index: Int) -> String {
        lifelines.indices.contains(index) ? lifelines[index] : "?"
    }
}

extension Counterexample {
    /// What goes wrong on the way, and whether it could go with less.
    var circumstances: String {
        let counts = [
            Text.counted(crashes, "crash", "crashes"),
            Text.counted(faults, "other fault", "other faults"),
            Text.counted(preemptions, "preemption", "preemptions"),
        ].joined(separator: ", ")
        return counts + (isShrunk ? "; shrunk" : "; as found, not shrunk")
    }
}
