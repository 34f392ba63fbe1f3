/// One execution, told step by step: what a report draws.
package struct Trace: Sendable {
    /// The lifelines, in the order in which they are drawn: the processes, then what they share.
    package var lifelines: [String]
    /// What happened, in order.
    package var steps: [Step]

    /// One step.
    package struct Step: Sendable {
        /// What sort of step it is.
        package enum Kind: Sendable {
            /// A process called, and was answered: an arrow to `target` and back.
            case call
            /// Something was handed to a process: an arrow from `target` to the lifeline.
            case delivery
            /// A process died, and what it had in flight with it.
            case crash
            /// Something that no process did: a lease ended, time went by, a record expired.
            case event
            /// What a process has found out or done inside; no arrow.
            case note
        }

        package var kind: Kind
        /// The lifeline that acts; an index into ``Trace/lifelines``.
        package var lifeline: Int
        /// The lifeline that is called, or that delivers; `nil` where there is none.
        package var target: Int?
        /// What is done, for example `write Account/alice if version 1`.
        package var text: String
        /// What came back, for example `version 2` or `conflict`; `nil` for nothing to tell.
        package var answer: String?
        /// What went wrong, for example `took effect, but reported failure`; `nil` for nothing.
        package var fault: String?
        /// Whether another process was in the middle of something and was left standing.
        package var isPreemption = false

        package init(
            kind: Kind, lifeline: Int, target: Int? = nil, text: String, answer: String? = nil,
            fault: String? = nil, isPreemption: Bool = false
        ) {
            self.kind = kind
            self.lifeline = lifeline
            self.target = target
            self.text = text
            self.answer = answer
            self.fault = fault
            self.isPreemption = isPreemption
        }
    }

    package init(lifelines: [String], steps: [Step]) {
        self.lifelines = lifelines
        self.steps = steps
    }
}

/// A property that did not hold, and the execution that shows it.
package struct Counterexample: Sendable {
    /// The property's name, for example `exactly once`.
    package var property: String
    /// What was seen instead, with names and values.
    package var explanation: String
    /// The execution, up to where the property failed.
    package var trace: Trace
    /// The choices that lead there, as text: what a replay is given.
    package var choices: String
    /// How many processes crash in it.
    package var crashes: Int
    /// How many other faults it has.
    package var faults: Int
    /// How often a process is left standing for another one.
    package var preemptions: Int
    /// Whether it was made as small as can be; otherwise it is as it was found.
    package var isShrunk: Bool
    /// The command that replays it; `nil` if there is none.
    package var replay: String?

    package init(
        property: String, explanation: String, trace: Trace, choices: String, crashes: Int,
        faults: Int, preemptions: Int, isShrunk: Bool, replay: String? = nil
    ) {
        self.property = property
        self.explanation = explanation
        self.trace = trace
        self.choices = choices
        self.crashes = crashes
        self.faults = faults
        self.preemptions = preemptions
        self.isShrunk = isShrunk
        self.replay = replay
    }
}

extension Trace {
    /// The beginning and the end of an execution that is too long to be read.
    var shortened: Trace {
        let ends = 60
        guard steps.count > 3 * ends else { return self }
        let middle = Step(
            kind: .event, lifeline: lifelines.count - 1,
            text: "… and \(steps.count - 2 * ends) more steps …")
        return Trace(
            lifelines: lifelines,
            steps: Array(steps.prefix(ends)) + [middle] + Array(steps.suffix(ends)))
    }
}
