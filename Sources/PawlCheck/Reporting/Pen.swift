/// Draws one row after the other, from top to bottom.
struct Pen {
    private let board: Storyboard
    private let scale: Scale
    /// What the ids of the steps begin with.
    private let name: String
    /// How far down everything is drawn.
    private var y = 10
    private var rows: [String] = []
    private var bands: [String] = []
    private var lives: [String] = []
    /// Since where each lifeline is in its state.
    private var since: [(y: Int, life: Storyboard.Life)]

    private static let textLimit = 4

    init(board: Storyboard, scale: Scale, name: String) {
        self.board = board
        self.scale = scale
        self.name = name
        since = board.lifelines.map { _ in (0, .running) }
    }

    mutating func draw(_ row: Storyboard.Row) {
        switch row.content {
        case .leftStanding(let process):
            let name = process.map(board.name) ?? "another process"
            var drawn = ""
            if let process {
                let x = scale.x(process)
                drawn += """
                    <path class="pause" d="M\(x - 4) \(y + 4)v12M\(x + 4) \(y + 4)v12" />
                    """
            }
            drawn += text("\(name) is left standing", "standing", at: process, top: y)
            pass(20, into: row.after, changeAt: 10)
            rows.append("<g>\(drawn)</g>")
        case .restarted(let process):
            let drawn = """
                <circle class="open \(scale.color(of: process))" cx="\(scale.x(process))" \
                cy="\(y + 10)" r="5" />
                """
            let label = text("runs again", "standing", at: process, top: y)
            pass(20, into: row.after, changeAt: 10)
            rows.append("<g>\(drawn)\(label)</g>")
        case .step(let number, let step): draw(step, number: number, row: row)
        }
    }

    /// The picture.
    mutating func finished() -> String {
        if board.rows.isEmpty {
            rows.append("<text x=\"64\" y=\"\(y + 14)\" class=\"standing\">no steps</text>")
            y += 20
        }
        y += 14
        for lifeline in since.indices { endLife(of: lifeline, at: y) }
        return """
            <svg width="\(scale.width)" height="\(y)" role="img" \
            aria-label="sequence diagram; the table below tells the same">
            \((bands + lives + rows).joined(separator: "\n"))
            </svg>
            """
    }

    // MARK: - Steps

    private mutating func draw(_ step: Trace.Step, number: Int, row: Storyboard.Row) {
        let style = Drawing.style(of: step)
        let top = y
        y += 6
        let numbered = """
            <a href="#\(name)t\(number)"><text class="number" x="40" y="\(y + 13)" \
            text-anchor="end">\(number)</text></a>
            """
        let drawn: String
        if let target = step.target {
            drawn = arrows(step, target: target, row: row)
        } else {
            drawn = sign(step, row: row)
        }
        pass(6, into: row.after, changeAt: 0)
        if style != "plain" {
            bands.append(
                """
                <rect class="band of-\(style)" x="1" y="\(top)" width="\(scale.width - 2)" \
                height="\(y - top)" />
                """)
        }
        let told = [step.text, step.answer, step.fault].compactMap(\.self).joined(separator: "\n")
        rows.append(
            """
            <g id="\(name)s\(number)" class="of-\(style)"><title>\(Markup.escape(told))</title>\
            \(numbered)\(drawn)</g>
            """)
    }

    /// A call or delivery: an arrow, and one back if there was an answer.
    private mutating func arrows(
        _ step: Trace.Step, target: Int, row: Storyboard.Row
    ) -> String {
        let (from, to) =
            step.kind == .delivery ? (target, step.lifeline) : (step.lifeline, target)
        let color = scale.color(of: step.lifeline)
        let isFaulty = step.fault != nil
        var drawn = label(step.text, "", from: from, to: to, row: row)
        drawn += arrow(
            from: from, to: to, style: "\(color)\(isFaulty && step.answer == nil ? " faulty" : "")")
        if let answer = step.answer {
            pass(4, into: row.after, changeAt: 0)
            drawn += label(answer, "answer", from: from, to: to, row: row)
            drawn += arrow(
                from: to, to: from, style: "back \(color)\(isFaulty ? " faulty" : "")")
        }
        if let fault = step.fault {
            pass(4, into: row.after, changeAt: 0)
            drawn += label("! \(fault)", "fault", from: from, to: to, row: row)
        }
        return drawn
    }

    /// A step on one lifeline.
    private mutating func sign(_ step: Trace.Step, row: Storyboard.Row) -> String {
        var drawn = ""
        if board.lifelines.indices.contains(step.lifeline) {
            let (x, middle) = (scale.x(step.lifeline), y + 9)
            switch step.kind {
            case .crash:
                drawn += """
                    <path class="cross" d="M\(x - 7) \(middle - 7)l14 14m0 -14l-14 14" />
                    """
            case .event:
                drawn += """
                    <path class="event" d="M\(x) \(middle - 8)l8 8l-8 8l-8 -8z" />
                    """
            case .call, .delivery, .note:
                drawn += """
                    <circle class="dot \(scale.color(of: step.lifeline))" cx="\(x)" \
                    cy="\(middle)" r="4.5" />
                    """
            }
        }
        let style = step.kind == .crash ? "crash" : step.kind == .event ? "event" : ""
        let texts = [
            (step.text, style), (step.answer.map { "← \($0)" } ?? "", "answer"),
            (step.fault.map { "! \($0)" } ?? "", "fault"),
        ]
        for (index, text) in texts.enumerated() where index == 0 || !text.0.isEmpty {
            let lines = sideLines(text.0, at: step.lifeline)
            drawn += self.text(text.0, text.1, at: step.lifeline, top: y)
            pass(max(lines.count, 1) * Scale.lineHeight + 2, into: row.after, changeAt: 9)
        }
        return drawn
    }

    // MARK: - Texts and arrows

    /// A text over the arrow that comes next.
    private mutating func label(
        _ text: String, _ style: String, from: Int, to: Int, row: Storyboard.Row
    ) -> String {
        let (start, end) = (scale.x(min(from, to)), scale.x(max(from, to)))
        let lines = Text.wrap(
            text, width: scale.characters(end - start - 20), limit: Self.textLimit)
        let drawn = lines.enumerated().map { index, line in
            """
            <text class="halo \(style)" x="\((start + end) / 2)" \
            y="\(y + index * Scale.lineHeight + 13)" \
            text-anchor="middle">\(Markup.escape(line))</text>
            """
        }
        pass(lines.count * Scale.lineHeight, into: row.after, changeAt: 0)
        return drawn.joined()
    }

    private mutating func arrow(from: Int, to: Int, style: String) -> String {
        let (start, end) = (scale.x(from), scale.x(to))
        let back = start < end ? -1 : 1
        y += 10
        return """
            <g class="\(style)"><path class="arrow\(style.hasPrefix("back") ? " back" : "")" \
            d="M\(start) \(y - 4)H\(end + back * 9)" />\
            <path class="head" d="M\(end + back) \(y - 4)l\(back * 10) -5v10z" /></g>
            """
    }

    /// A text beside a lifeline.
    private func text(_ text: String, _ style: String, at lifeline: Int?, top: Int) -> String {
        let (x, isLeft) = side(of: lifeline)
        return sideLines(text, at: lifeline).enumerated().map { index, line in
            """
            <text class="halo \(style)" x="\(x)" y="\(top + index * Scale.lineHeight + 14)"\
            \(isLeft ? " text-anchor=\"end\"" : "")>\(Markup.escape(line))</text>
            """
        }.joined()
    }

    private func sideLines(_ text: String, at lifeline: Int?) -> [String] {
        let (x, isLeft) = side(of: lifeline)
        // Over the next lifeline at most: further away nobody sees whose text it is.
        let room = min(isLeft ? x - 64 : scale.width - x - 16, scale.distance * 2 - 40)
        return Text.wrap(text, width: scale.characters(room), limit: Self.textLimit)
    }

    /// Where a text beside a lifeline begins, or where it ends if it stands to the left.
    private func side(of lifeline: Int?) -> (x: Int, isLeft: Bool) {
        guard let lifeline, board.lifelines.indices.contains(lifeline) else { return (64, false) }
        let isLast = lifeline > 0 && lifeline == board.lifelines.count - 1
        return (scale.x(lifeline) + (isLast ? -16 : 16), isLast)
    }

    // MARK: - Lifelines

    /// Goes down, and lets the lifelines change on the way.
    private mutating func pass(_ height: Int, into after: [Storyboard.Life], changeAt offset: Int) {
        for lifeline in since.indices where since[lifeline].life != after[lifeline] {
            endLife(of: lifeline, at: y + offset)
            since[lifeline] = (y + offset, after[lifeline])
        }
        y += height
    }

    private mutating func endLife(of lifeline: Int, at end: Int) {
        let (start, life) = since[lifeline]
        guard life != .dead, end > start else { return }
        let x = scale.x(lifeline)
        let sort = scale.isProcess(lifeline) ? " process \(scale.color(of: lifeline))" : ""
        lives.append(
            """
            <line class="life\(life == .standing ? " stands" : "")\(sort)" x1="\(x)" y1="\(start)" \
            x2="\(x)" y2="\(end)" />
            """)
    }
}
