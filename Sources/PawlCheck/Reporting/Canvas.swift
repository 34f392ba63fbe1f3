/// Draws a storyboard in lines of text.
struct Canvas {
    /// How many columns every line fits in.
    let width: Int

    /// How many lines one text of a step may take.
    private static let textLimit = 6
    /// After how many lines the names of the lifelines are told again.
    private static let page = 36

    private let board: Storyboard
    private let layout: Layout

    init(_ board: Storyboard, width: Int) {
        self.board = board
        layout = Layout(board, width: width)
        self.width = layout.width
    }

    func draw() -> [String] {
        var lines = header()
        guard !board.rows.isEmpty else {
            return lines + [String(repeating: " ", count: layout.gutter) + "(no steps)"]
        }
        var sinceHeader = 0
        for (index, row) in board.rows.enumerated() {
            // Not for the last few, beside which the end of the page would be hard to see.
            if sinceHeader >= Self.page, index + 5 < board.rows.count {
                lines += header()
                sinceHeader = 0
            }
            let drawn = self.lines(of: row)
            lines += drawn
            sinceHeader += drawn.count
        }
        return lines
    }

    // MARK: - Header

    private func header() -> [String] {
        layout.isStaircase ? staircase() : sideBySide()
    }

    /// Every name above its lifeline.
    private func sideBySide() -> [String] {
        var names = blank(layout.textColumn)
        var rules = names
        for (column, name) in zip(layout.columns, board.lifelines) {
            let start = column - name.count / 2
            put(Array(name), into: &names, at: start)
            put(Array(repeating: "─", count: name.count), into: &rules, at: start)
            put(["┬"], into: &rules, at: column)
        }
        return [text(names), text(rules)]
    }

    /// Where the lifelines are too close for their names: each name in a line of its own.
    private func staircase() -> [String] {
        board.lifelines.enumerated().map { index, name in
            var line = blank(layout.width)
            for earlier in layout.columns.prefix(index) { line[earlier] = "│" }
            let column = layout.columns[index]
            put(Array("┌ " + name), into: &line, at: column)
            return text(line)
        }
    }

    // MARK: - Rows

    private func lines(of row: Storyboard.Row) -> [String] {
        switch row.content {
        case .leftStanding(let process):
            let name = process.map(board.name) ?? "another process"
            return lines(
                mark: "‖", row: row, sign: "‖", at: process,
                texts: [texts("‖ ", "\(name) is left standing")])
        case .restarted(let process):
            return lines(
                mark: " ", row: row, sign: "○", at: process,
                texts: [texts("○ ", "\(board.name(process)) runs again")])
        case .step(let number, let step): return lines(of: step, number: number, row: row)
        }
    }

    private func lines(of step: Trace.Step, number: Int, row: Storyboard.Row) -> [String] {
        let fault = step.fault.map { texts("! ", $0) }
        let answer = step.answer.map { texts("← ", $0) }
        let mark: Character = fault == nil ? " " : "!"
        switch step.kind {
        case .call, .delivery:
            let isCall = step.kind == .call
            guard let target = step.target else {
                return lines(
                    number: number, mark: mark, row: row, sign: "●", at: step.lifeline,
                    texts: [texts("", step.text), answer, fault].compactMap(\.self))
            }
            let from = isCall ? step.lifeline : target
            let to = isCall ? target : step.lifeline
            // The fault lies on the way back if there was one.
            let there = arrow(
                from: from, to: to, stroke: "─", row: row,
                isFaulty: fault != nil && answer == nil)
            var result = block(
                texts("", step.text), first: there, row: row, number: number, mark: mark)
            if let answer {
                let back = arrow(
                    from: to, to: from, stroke: "┄", row: row, isFaulty: fault != nil)
                result += block(answer, first: back, row: row)
            }
            if let fault { result += block(fault, first: lifelines(row.after), row: row) }
            return result
        case .crash:
            let name = board.name(step.lifeline)
            let text = step.text.contains(name) ? step.text : "\(name): \(step.text)"
            return lines(
                number: number, mark: "✗", row: row, sign: "✗", at: step.lifeline,
                texts: [texts("✗ ", text), answer, fault].compactMap(\.self))
        case .event:
            return lines(
                number: number, mark: fault == nil ? "◆" : "!", row: row, sign: "◆",
                at: step.lifeline,
                texts: [texts("◆ ", step.text), answer, fault].compactMap(\.self))
        case .note:
            return lines(
                number: number, mark: mark, row: row, sign: "●", at: step.lifeline,
                texts: [texts("", step.text), answer, fault].compactMap(\.self))
        }
    }

    /// A row with a sign on one lifeline.
    private func lines(
        number: Int? = nil, mark: Character, row: Storyboard.Row, sign: Character, at index: Int?,
        texts: [[String]]
    ) -> [String] {
        var first = lifelines(row.before)
        if let index, layout.columns.indices.contains(index) { first[layout.columns[index]] = sign }
        return texts.enumerated().flatMap { position, text in
            position == 0
                ? block(text, first: first, row: row, number: number, mark: mark)
                : block(text, first: lifelines(row.after), row: row)
        }
    }

    /// A text beside the lifelines; its further lines stand beside lifelines without a sign.
    private func block(
        _ texts: [String], first: [Character], row: Storyboard.Row, number: Int? = nil,
        mark: Character = " "
    ) -> [String] {
        (texts.isEmpty ? [""] : texts).enumerated().map { index, text in
            var line = index == 0 ? first : lifelines(row.after)
            if index == 0, let number {
                let digits = Array(String(number))
                put(digits, into: &line, at: layout.gutter - 3 - digits.count)
            }
            if index == 0 { line[layout.gutter - 2] = mark }
            return self.text(line + Array(text))
        }
    }

    /// A text in lines; those after the first are set in.
    private func texts(_ prefix: String, _ text: String) -> [String] {
        Text.wrap(prefix + text, width: layout.textWidth - 2, limit: Self.textLimit)
            .enumerated().map { $0 == 0 ? $1 : "  " + $1 }
    }

    // MARK: - Lifelines and arrows

    private func lifelines(_ lives: [Storyboard.Life]) -> [Character] {
        var line = blank(layout.textColumn)
        for (column, life) in zip(layout.columns, lives) {
            line[column] =
                switch life {
                case .running: "│"
                case .standing: "┊"
                case .dead: " "
                }
        }
        return line
    }

    private func arrow(
        from: Int, to: Int, stroke: Character, row: Storyboard.Row, isFaulty: Bool
    ) -> [Character] {
        var line = lifelines(row.after)
        let (start, end) = (layout.columns[from], layout.columns[to])
        for column in min(start, end) + 1..<max(start, end) {
            line[column] = line[column] == " " ? stroke : "┼"
        }
        line[start] = start < end ? "├" : "┤"
        line[start < end ? end - 1 : end + 1] = start < end ? "►" : "◄"
        if isFaulty {
            // In the middle between two lifelines, so that it hides none.
            let next = layout.columns[from + (from < to ? 1 : -1)]
            line[(start + next) / 2] = "!"
        }
        return line
    }

    private func blank(_ count: Int) -> [Character] { Array(repeating: " ", count: count) }

    private func put(_ characters: [Character], into line: inout [Character], at start: Int) {
        for (offset, character) in characters.enumerated()
        where line.indices.contains(start + offset) {
            line[start + offset] = character
        }
        // A name that ends beyond the line says so.
        if start + characters.count > line.count, let last = line.indices.last {
            line[last] = "…"
        }
    }

    private func text(_ line: [Character]) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}

/// Which columns of the terminal are for what.
struct Layout {
    /// The width that is used: what was asked for, or what it takes at least.
    let width: Int
    /// Step number and sign, on the left.
    let gutter: Int
    /// The column of each lifeline.
    let columns: [Int]
    /// Where the texts begin.
    let textColumn: Int
    /// Whether the lifelines are too close for their names to stand side by side.
    let isStaircase: Bool

    var textWidth: Int { width - textColumn }

    /// The least distance between two lifelines: arrow head, a stroke, and a sign on it.
    private static let closest = 4

    init(_ board: Storyboard, width: Int) {
        let names = board.lifelines.map(\.count)
        let steps = board.rows.count
        gutter = max(String(steps).count, 2) + 4
        self.width = max(width, 40, gutter + names.count * Self.closest + 16)
        let text = max(self.width * 2 / 5, 16)

        var wide: [Int] = []
        var edge = gutter
        for name in names {
            let column = max(edge + name / 2, (wide.last ?? -8) + 8)
            wide.append(column)
            edge = column + max((name + 1) / 2, 1) + 3
        }
        if edge + text <= self.width {
            (columns, textColumn, isStaircase) = (wide, edge, false)
            return
        }
        let room = (self.width / 2 - gutter) / max(names.count, 1)
        let distance = min(max(room, Self.closest), 10)
        let first = gutter + 1
        columns = names.indices.map { first + $0 * distance }
        textColumn = (columns.last ?? gutter) + 4
        isStaircase = true
    }
}
