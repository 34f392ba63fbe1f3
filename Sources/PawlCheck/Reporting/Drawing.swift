/// Draws a storyboard as two pictures of the same width: the names, which stay in sight while one
/// scrolls, and what happens.
struct Drawing {
    /// The names of the lifelines.
    let header: String
    /// The lifelines and what happens between them.
    let body: String

    init(_ board: Storyboard, name: String) {
        let scale = Scale(board)
        var pen = Pen(board: board, scale: scale, name: name)
        for row in board.rows { pen.draw(row) }
        body = pen.finished()
        header = Self.header(board, scale)
    }

    /// What sort of step it is, as the page's styles call it.
    static func style(of step: Trace.Step) -> String {
        switch step.kind {
        case .crash: "crash"
        case _ where step.fault != nil: "fault"
        case .event: "event"
        case .call, .delivery, .note: "plain"
        }
    }

    private static func header(_ board: Storyboard, _ scale: Scale) -> String {
        let names = board.lifelines.enumerated().map { index, name in
            let text = Text.shorten(name, to: scale.characters(scale.distance - 32))
            let width = text.count * Scale.character + 24
            let sort = "\(scale.color(of: index))\(scale.isProcess(index) ? " process" : "")"
            return """
                <g><title>\(Markup.escape(name))</title>\
                <rect class="box \(sort)" x="\(scale.x(index) - width / 2)" y="9" width="\(width)" \
                height="26" rx="6" />\
                <text class="name \(sort)" x="\(scale.x(index))" y="26" \
                text-anchor="middle">\(Markup.escape(text))</text></g>
                """
        }
        return """
            <svg width="\(scale.width)" height="44" role="img" \
            aria-label="lifelines">
            \(names.joined(separator: "\n"))
            </svg>
            """
    }
}

/// Where things are, in pixels.
struct Scale {
    /// How wide a character is at most. A font with a fixed width is not asked for its measures: all
    /// that are in use have them nearly the same.
    static let character = 8
    static let lineHeight = 16

    let distance: Int
    let width: Int
    private let processes: [Int]

    init(_ board: Storyboard) {
        let count = board.lifelines.count
        let distance = [0: 300, 1: 300, 2: 300, 3: 280, 4: 240, 5: 210][count] ?? 190
        processes = board.processes
        self.distance = distance
        width = max(64 + count * distance + 22, 1046)
    }

    /// The middle of a lifeline.
    func x(_ lifeline: Int) -> Int { 64 + distance / 2 + lifeline * distance }

    /// How many characters fit.
    func characters(_ pixels: Int) -> Int { max(pixels / Self.character, 4) }

    func isProcess(_ lifeline: Int) -> Bool { processes.contains(lifeline) }

    /// The class that gives a lifeline its color: one of its own for each process.
    func color(of lifeline: Int) -> String {
        guard let rank = processes.firstIndex(of: lifeline) else { return "shared" }
        return "p\(rank % PageStyle.processColors)"
    }
}
