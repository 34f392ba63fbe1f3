/// A counterexample as text for a terminal: a sequence diagram, then what it proves and how to see
/// it again.
///
/// The lifelines stand close together on the left, and what happens is told beside them on the
/// right, so that no text has to fit between two of them:
///
/// ```
///         billing 1   billing 2   store   queue
///         ────┬────   ────┬────   ──┬──   ──┬──
///   1         │◄────────────────────┼───────┤    deliver m1
///   2         ├─────────────┼──────►│       │    read Account/alice
///             │◄┄┄┄┄┄┄┄┄┄┄┄┄┼┄┄┄┄┄┄┄┤       │    ← absent
///   3 ✗       ✗             │       │       │    ✗ billing 1 crashes
/// ```
///
/// The sign beside the number tells what is not of the ordinary: `✗` a crash, `!` a fault, `◆` an
/// event that no process caused, `‖` a process that is left standing. A process that stands has a
/// dotted lifeline; one that crashed has none until it runs again.
package struct Diagram: CustomStringConvertible {
    package let description: String

    /// Draws a counterexample, with all that is known of it.
    ///
    /// - Parameters:
    ///   - counterexample: What to draw.
    ///   - width: How many columns there are; only the replay command and a choice without spaces
    ///     may be longer, since they are there to be copied.
    package init(_ counterexample: Counterexample, width: Int = 100) {
        let canvas = Canvas(Storyboard(counterexample.trace), width: width)
        let lines = canvas.draw() + [""] + Self.verdict(counterexample, width: canvas.width)
        description = lines.joined(separator: "\n")
    }

    /// Draws a trace alone.
    package init(_ trace: Trace, width: Int = 100) {
        description = Canvas(Storyboard(trace), width: width).draw().joined(separator: "\n")
    }

    private static func verdict(_ counterexample: Counterexample, width: Int) -> [String] {
        var lines = [String(repeating: "─", count: width)]
        lines += Fields.lines("VIOLATED", counterexample.property, width: width)
        lines += Fields.lines("", counterexample.explanation, width: width)
        lines += Fields.lines("with", counterexample.circumstances, width: width)
        lines += Fields.lines("choices", counterexample.choices, width: width, keepsWords: true)
        if let replay = counterexample.replay {
            // Neither wrapped nor tidied: it is there to be pasted.
            lines.append(Fields.head("replay") + Text.clean(replay))
        }
        return lines
    }
}

/// Names with values, aligned.
enum Fields {
    /// How many columns the names take.
    static let indent = 12

    /// One field, in as many lines as it needs.
    static func lines(
        _ name: String, _ value: String, width: Int, keepsWords: Bool = false
    ) -> [String] {
        let longest = Text.clean(value).split(separator: " ").map(\.count).max() ?? 0
        let room = max(width - indent, keepsWords ? longest : 0)
        return Text.wrap(value, width: room).enumerated().map { index, line in
            head(index == 0 ? name : "") + line
        }
    }

    /// What stands before the value.
    static func head(_ name: String) -> String {
        name + String(repeating: " ", count: max(indent - name.count, 1))
    }
}
