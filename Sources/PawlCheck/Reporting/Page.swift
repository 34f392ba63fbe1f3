/// Counterexamples as one HTML page, which needs nothing but itself: no script, no font, no picture
/// from elsewhere.
package struct Page: Sendable {
    /// The whole page.
    package let html: String

    /// Writes the page.
    ///
    /// - Parameters:
    ///   - counterexamples: What to show, one after the other.
    ///   - summary: What the check looked at, for the page's end; `nil` to leave that out.
    package init(_ counterexamples: [Counterexample], summary: CheckSummary? = nil) {
        let title = Self.title(counterexamples)
        let sections = counterexamples.enumerated().map { index, counterexample in
            Section(
                counterexample, name: "c\(index + 1)",
                place: counterexamples.count > 1
                    ? "Counterexample \(index + 1) of \(counterexamples.count)" : "Counterexample"
            ).html
        }
        html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <title>\(Markup.escape(title))</title>
            <style>
            \(PageStyle.css)
            </style>
            </head>
            <body>
            <main>
            \(sections.joined(separator: "\n"))
            \(summary.map(Self.html) ?? "")
            </main>
            </body>
            </html>

            """
    }

    private static func title(_ counterexamples: [Counterexample]) -> String {
        guard let first = counterexamples.first else { return "Pawl: no counterexample" }
        let more = counterexamples.count > 1 ? ", and \(counterexamples.count - 1) more" : ""
        return "Violated: \(first.property)\(more)"
    }

    private static func html(_ summary: CheckSummary) -> String {
        let fields = summary.fields.map { name, value in
            "<dt>\(Markup.escape(name))</dt><dd>\(Markup.escape(value))</dd>"
        }
        return """
            <section class="summary">
            <h2>What was checked</h2>
            <dl>
            \(fields.joined(separator: "\n"))
            </dl>
            <p class="\(summary.isExhausted ? "complete" : "incomplete")">\
            \(Markup.escape(summary.verdict))</p>
            </section>
            """
    }
}

/// One counterexample on the page.
private struct Section {
    let counterexample: Counterexample
    /// What the ids of its steps begin with.
    let name: String
    let place: String
    let board: Storyboard

    init(_ counterexample: Counterexample, name: String, place: String) {
        self.counterexample = counterexample
        self.name = name
        self.place = place
        board = Storyboard(counterexample.trace)
    }

    var html: String {
        let drawing = Drawing(board, name: name)
        return """
            <section>
            <header>
            <p class="place">\(Markup.escape(place)) · violated</p>
            <h1>\(Markup.escape(counterexample.property))</h1>
            <p class="explanation">\(Markup.escape(counterexample.explanation))</p>
            <ul class="facts">\(facts)</ul>
            </header>
            <h2>What happens</h2>
            <figure>
            <div class="names">\(drawing.header)</div>
            \(drawing.body)
            </figure>
            \(Self.legend)
            <h2>Step by step</h2>
            <table>
            <thead><tr><th>#</th><th>who</th><th>what</th><th>answer</th></tr></thead>
            <tbody>
            \(board.rows.map(row).joined(separator: "\n"))
            </tbody>
            </table>
            <h2>See it again</h2>
            <h3>Choices</h3>
            <pre>\(Markup.escape(counterexample.choices))</pre>
            \(replay)
            </section>
            """
    }

    private var facts: String {
        let facts = [
            (Text.counted(counterexample.crashes, "crash", "crashes"), "crash"),
            (Text.counted(counterexample.faults, "other fault", "other faults"), "fault"),
            (Text.counted(counterexample.preemptions, "preemption", "preemptions"), "standing"),
            (Text.counted(counterexample.trace.steps.count, "step", "steps"), "plain"),
            (counterexample.isShrunk ? "shrunk" : "as found, not shrunk", "plain"),
        ]
        return facts.map { text, style in
            "<li class=\"\(text.hasPrefix("no ") ? "plain" : style)\">\(Markup.escape(text))</li>"
        }.joined()
    }

    private static let legend = """
        <p class="legend">
        <span class="crash">✗</span> crash
        <span class="fault">!</span> fault
        <span class="event">◆</span> no process did this
        <span class="standing">‖</span> left standing: its lifeline is dotted until it goes on
        <span>○</span> runs again after a crash
        </p>
        """

    private func row(_ row: Storyboard.Row) -> String {
        switch row.content {
        case .leftStanding(let process):
            let name = process.map(board.name) ?? "another process"
            return """
                <tr class="standing"><td></td><td>\(Markup.escape(name))</td>\
                <td colspan="2"><b>‖</b> is left standing</td></tr>
                """
        case .restarted(let process):
            return """
                <tr class="restarted"><td></td><td>\(Markup.escape(board.name(process)))</td>\
                <td colspan="2">○ runs again</td></tr>
                """
        case .step(let number, let step):
            let style = Drawing.style(of: step)
            let sign = ["crash": "<b>✗</b> ", "event": "<b>◆</b> "][style] ?? ""
            let fault = step.fault.map {
                "<span class=\"fault\"><b>!</b> \(Markup.escape($0))</span>"
            }
            return """
                <tr id="\(name)t\(number)" class="\(style)">\
                <td><a href="#\(name)s\(number)">\(number)</a></td>\
                <td>\(Markup.escape(who(step)))</td>\
                <td>\(sign)\(Markup.escape(step.text))\(step.answer == nil ? fault ?? "" : "")</td>\
                <td>\(Markup.escape(step.answer ?? ""))\
                \(step.answer == nil ? "" : fault ?? "")</td></tr>
                """
        }
    }

    private func who(_ step: Trace.Step) -> String {
        guard let target = step.target else { return board.name(step.lifeline) }
        let (from, to) =
            step.kind == .delivery ? (target, step.lifeline) : (step.lifeline, target)
        return "\(board.name(from)) → \(board.name(to))"
    }

    private var replay: String {
        guard let replay = counterexample.replay else { return "" }
        return """
            <h3>Replay</h3>
            <pre>\(Markup.escape(replay))</pre>
            """
    }
}

/// What every piece of the page is made of.
enum Markup {
    /// The text as it may stand between tags and in attributes.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            default:
                // Control characters are not allowed in HTML, and those that turn the direction of
                // the text would make it read as something else.
                switch scalar.properties.generalCategory {
                case .control, .surrogate: escaped += "·"
                case .format where scalar.value != 0x200D: escaped += "·"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
        }
        return escaped
    }
}
