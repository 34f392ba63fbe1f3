import PawlCheck
import Testing

/// Traces to report on.
enum Sample {
    /// Two consumers get the same message, since the lease of the first one ends too early.
    static let race = Trace(
        lifelines: ["billing 1", "billing 2", "store", "queue"],
        steps: [
            .init(kind: .delivery, lifeline: 0, target: 3, text: "deliver m1"),
            .init(
                kind: .call, lifeline: 0, target: 2, text: "read Account/alice", answer: "absent"),
            .init(kind: .event, lifeline: 3, text: "the lease on m1 ends"),
            .init(
                kind: .delivery, lifeline: 1, target: 3, text: "deliver m1 again",
                isPreemption: true),
            .init(
                kind: .call, lifeline: 1, target: 2, text: "write Account/alice if absent",
                answer: "failed", fault: "took effect, but reported failure"),
            .init(kind: .note, lifeline: 1, text: "will try again"),
            .init(
                kind: .call, lifeline: 0, target: 2, text: "write Account/alice if absent",
                answer: "conflict", isPreemption: true),
            .init(kind: .crash, lifeline: 0, text: "crashes"),
            .init(
                kind: .call, lifeline: 1, target: 3, text: "publish AccountCharged order-1",
                fault: "took effect twice"),
            .init(kind: .delivery, lifeline: 0, target: 3, text: "deliver m1 once more"),
        ])

    static func counterexample(_ trace: Trace) -> Counterexample {
        Counterexample(
            property: "exactly once",
            explanation: "m1 was applied twice: Account/alice has balance -20, expected -10",
            trace: trace, choices: "0 0 2 1 1.2 1 0 0! 1 0", crashes: 1, faults: 2,
            preemptions: 2, isShrunk: true, replay: "pawl check outbox --replay '0 0 2 1 1.2'")
    }

    /// Every kind of step, with texts of all lengths, over as many lifelines as asked for.
    static func crowd(lifelines count: Int) -> Trace {
        let names = [
            "billing 1", "billing 2", "shipping in the far harbour", "store", "queue", "mail",
            "log",
        ]
        let kinds: [Trace.Step.Kind] = [.call, .delivery, .note, .event, .call, .crash]
        let steps = (0..<60).map { index -> Trace.Step in
            let kind = kinds[index % kinds.count]
            return Trace.Step(
                kind: kind, lifeline: index % count, target: (index * 3 + 1) % count,
                text: String(repeating: "step \(index) ", count: index % 9 + 1),
                answer: index % 3 == 0 ? String(repeating: "key/", count: index) : nil,
                fault: index % 4 == 0 ? "reported failure \(index)" : nil,
                isPreemption: index % 5 == 0)
        }
        return Trace(lifelines: Array(names.prefix(count)), steps: steps)
    }

    /// What nobody should put into a text.
    static let hostile =
        "</svg></pre><script>alert(\"1\")</script> & '\u{1B}[2J\u{202E}\r\nnext\tline \u{301}"
}

/// A diagram, read back.
struct ReadDiagram {
    let rows: [[Character]]
    /// Where the lifelines are.
    let columns: [Int]

    init(_ diagram: String) throws {
        let lines = diagram.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        let end = lines.firstIndex { $0.count > 20 && Set($0) == ["─"] } ?? lines.endIndex
        let isRule = { (line: [Character]) in line.contains("┬") }
        let isStair = { (line: [Character]) in line.contains("┌") }
        if let rule = lines.first(where: isRule) {
            columns = rule.indices.filter { rule[$0] == "┬" }
        } else {
            columns = lines.prefix(while: isStair).compactMap { $0.firstIndex(of: "┌") }
        }
        let names = Set(lines.indices.filter { isRule(lines[$0]) }.map { $0 - 1 })
        rows = lines.indices.prefix { $0 < end }
            .filter { !names.contains($0) && !isRule(lines[$0]) && !isStair(lines[$0]) }
            .map { lines[$0] }.filter { !$0.isEmpty }
        try #require(!columns.isEmpty)
    }

    /// The sign at a lifeline.
    func sign(_ row: [Character], _ lifeline: Int) -> Character {
        row.indices.contains(columns[lifeline]) ? row[columns[lifeline]] : " "
    }

    /// The text beside the lifelines, and where it begins.
    func text(_ row: [Character]) -> (column: Int, text: String)? {
        let edge = (columns.last ?? 0) + 1
        guard let start = row.indices.first(where: { $0 >= edge && row[$0] != " " }) else {
            return nil
        }
        return (start, String(row[start...]))
    }

    /// The rows of the step with this number.
    func rows(of number: Int) -> [[Character]] {
        let gutter = (columns.first ?? 0) - 1
        let first = rows.firstIndex { Self.number($0, gutter) == number } ?? rows.endIndex
        let next = rows[first...].dropFirst().firstIndex { row in
            Self.number(row, gutter) != nil || row.prefix(gutter).contains { $0 != " " }
        }
        return Array(rows[first..<(next ?? rows.endIndex)])
    }

    private static func number(_ row: [Character], _ gutter: Int) -> Int? {
        Int(String(row.prefix(gutter).filter(\.isNumber)))
    }
}

@Suite("The diagram of a counterexample")
struct DiagramTests {
    @Test("shows who did what to whom, and what went wrong")
    func looksLike() {
        let expected = """
                  billing 1   billing 2   store   queue
                  ────┬────   ────┬────   ──┬──   ──┬──
              1       │◄──────────┼─────────┼───────┤     deliver m1
              2       ├───────────┼────────►│       │     read Account/alice
                      │◄┄┄┄┄┄┄┄┄┄┄┼┄┄┄┄┄┄┄┄┄┤       │     ← absent
              3 ◆     │           │         │       ◆     ◆ the lease on m1 ends
                ‖     ‖           │         │       │     ‖ billing 1 is left standing
              4       ┊           │◄────────┼───────┤     deliver m1 again
              5 !     ┊           ├────────►│       │     write Account/alice if absent
                      ┊           │◄┄┄┄!┄┄┄┄┤       │     ← failed
                      ┊           │         │       │     ! took effect, but reported failure
              6       ┊           ●         │       │     will try again
                ‖     ┊           ‖         │       │     ‖ billing 2 is left standing
              7       ├───────────┼────────►│       │     write Account/alice if absent
                      │◄┄┄┄┄┄┄┄┄┄┄┼┄┄┄┄┄┄┄┄┄┤       │     ← conflict
              8 ✗     ✗           ┊         │       │     ✗ billing 1: crashes
              9 !                 ├────!────┼──────►│     publish AccountCharged order-1
                                  │         │       │     ! took effect twice
                      ○           │         │       │     ○ billing 1 runs again
             10       │◄──────────┼─────────┼───────┤     deliver m1 once more
            """
        #expect(Diagram(Sample.race).description == expected)
    }

    @Test("ends with what is violated, the choices, and the command that replays it")
    func verdict() {
        let lines = Diagram(Sample.counterexample(Sample.race)).description.split(separator: "\n")
        #expect(
            lines.suffix(5) == [
                "VIOLATED    exactly once",
                "            m1 was applied twice: Account/alice has balance -20, expected -10",
                "with        1 crash, 2 other faults, 2 preemptions; shrunk",
                "choices     0 0 2 1 1.2 1 0 0! 1 0",
                "replay      pawl check outbox --replay '0 0 2 1 1.2'",
            ])
    }

    @Test("keeps every row in its columns", arguments: [60, 72, 100, 140], 2...7)
    func columns(width: Int, lifelines: Int) throws {
        let text = Diagram(Sample.counterexample(Sample.crowd(lifelines: lifelines)), width: width)
            .description
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
        let diagram = try ReadDiagram(text)
        try #require(diagram.columns.count == lifelines)
        try #require(diagram.rows.count >= 60)
        let starts = diagram.rows.compactMap { diagram.text($0)?.column }
        let textColumn = try #require(starts.min())
        let edge = try #require(diagram.columns.last)
        #expect(textColumn > edge)
        for row in diagram.rows {
            for index in (diagram.columns.first ?? 0)...edge where row.indices.contains(index) {
                let allowed = diagram.columns.contains(index) ? "│┊ ┼├┤─┄✗◆‖○●" : " ─┄►◄!"
                #expect(allowed.contains(row[index]), "\(String(row))")
            }
            let start = diagram.text(row)?.column ?? textColumn
            #expect([textColumn, textColumn + 2].contains(start), "\(String(row))")
        }
    }

    @Test("loses nothing of a text without an ellipsis", arguments: [60, 100], 2...7)
    func completeness(width: Int, lifelines: Int) throws {
        let trace = Sample.crowd(lifelines: lifelines)
        let diagram = try ReadDiagram(Diagram(trace, width: width).description)
        var shortened = 0
        for (index, step) in trace.steps.enumerated() {
            let shown = diagram.rows(of: index + 1).compactMap { diagram.text($0)?.text }
                .joined().filter { $0 != " " }
            for text in [step.text, step.answer, step.fault].compactMap(\.self) {
                let wanted = text.filter { $0 != " " }
                if shown.contains(wanted) { continue }
                let pieces = shown.split(separator: "…")
                #expect(
                    shown.contains("…")
                        && pieces.contains { $0.contains(wanted.prefix(width / 3)) },
                    "step \(index + 1) lacks \(text): \(shown)")
                shortened += 1
            }
        }
        #expect(shortened < 40)
    }

    @Test("draws no lifeline for a process from its crash until it runs again")
    func crash() throws {
        let diagram = try ReadDiagram(Diagram(Sample.race).description)
        let crash = try #require(diagram.rows.firstIndex { diagram.sign($0, 0) == "✗" })
        let restart = try #require(diagram.rows.firstIndex { diagram.sign($0, 0) == "○" })
        #expect(restart - crash == 3)
        for row in diagram.rows[crash + 1..<restart] { #expect(diagram.sign(row, 0) == " ") }
        #expect(diagram.sign(diagram.rows[restart + 1], 0) == "│")
    }

    @Test("dots the lifeline of a process for as long as it is left standing")
    func standing() throws {
        let diagram = try ReadDiagram(Diagram(Sample.race).description)
        let signs = diagram.rows.map { diagram.sign($0, 0) }
        let start = try #require(signs.firstIndex(of: "‖"))
        #expect(signs[(start + 1)...].prefix { $0 == "┊" }.count == 6)
        #expect(!signs[..<start].contains("┊"))
    }

    @Test("survives steps that make no sense")
    func nonsense() throws {
        let kinds: [Trace.Step.Kind] = [.call, .delivery, .crash, .event, .note]
        let steps = kinds.flatMap { kind in
            [-1, 0, 1, 99].flatMap { lifeline in
                [nil, -1, 0, 99].map { target in
                    Trace.Step(
                        kind: kind, lifeline: lifeline, target: target, text: "", answer: "",
                        fault: "", isPreemption: true)
                }
            }
        }
        for lifelines in [[], ["a"], ["", ""]] {
            let counterexample = Sample.counterexample(Trace(lifelines: lifelines, steps: steps))
            let diagram = Diagram(counterexample, width: -5).description
            #expect(diagram.contains("80"), "the last step is numbered")
            try Tags.check(Page([counterexample]).html)
        }
    }

    @Test("says that a trace has no steps")
    func empty() throws {
        for lifelines in [[], ["billing", "store"]] {
            let trace = Trace(lifelines: lifelines, steps: [])
            #expect(Diagram(trace).description.contains("(no steps)"))
            #expect(Page([Sample.counterexample(trace)]).html.contains("no steps"))
        }
    }

    @Test("lets no text move the cursor or begin a line")
    func control() {
        let trace = Trace(
            lifelines: [Sample.hostile, "store"],
            steps: [.init(kind: .call, lifeline: 0, target: 1, text: Sample.hostile)])
        let diagram = Diagram(Sample.counterexample(trace)).description
        for scalar in diagram.unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 32 && scalar != "\u{202E}" && scalar != "\u{301}")
        }
        #expect(!diagram.split(separator: "\n").contains { $0.hasPrefix("next") })
    }
}

/// Reads a page's tags.
enum Tags {
    struct Unbalanced: Error {
        let reason: String
    }

    /// Throws if a tag is not closed, or closed in the wrong order, or if a sign is left bare.
    /// Returns the names of all elements.
    @discardableResult
    static func check(_ html: String) throws -> [String] {
        var open: [String] = []
        var all: [String] = []
        var rest = html[...]
        while let start = rest.firstIndex(of: "<") {
            try checkText(rest[..<start])
            rest = rest[rest.index(after: start)...]
            var quoted = false
            let end = rest.firstIndex { character in
                if character == "\"" { quoted.toggle() }
                return character == ">" && !quoted
            }
            guard let end else { throw Unbalanced(reason: "a tag has no end: \(rest.prefix(40))") }
            let tag = rest[..<end]
            rest = rest[rest.index(after: end)...]
            let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
            if tag.contains("<") { throw Unbalanced(reason: "< in <\(tag)>") }
            if tag.hasPrefix("!") { continue }
            if tag.hasPrefix("/") {
                guard open.popLast() == name else { throw Unbalanced(reason: "</\(name)>") }
                continue
            }
            all.append(name)
            if !tag.hasSuffix("/") { open.append(name) }
            if name == "style", let close = rest.firstRange(of: "</style>") {
                rest = rest[close.lowerBound...]
            }
        }
        try checkText(rest)
        guard open.isEmpty else { throw Unbalanced(reason: "still open: \(open)") }
        return all
    }

    private static func checkText(_ text: Substring) throws {
        if text.contains(">") { throw Unbalanced(reason: "> in \(text)") }
        for piece in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
            let names = ["amp;", "lt;", "gt;", "quot;", "#39;"]
            guard names.contains(where: piece.hasPrefix) else {
                throw Unbalanced(reason: "& before \(piece.prefix(20))")
            }
        }
    }
}

@Suite("The page of a counterexample")
struct PageTests {
    @Test("closes every tag that it opens", arguments: 1...7)
    func wellFormed(lifelines: Int) throws {
        let page = Page([Sample.counterexample(Sample.crowd(lifelines: lifelines))])
        let names = try Tags.check(page.html)
        #expect(names.count { $0 == "svg" } == 2)
        #expect(names.count { $0 == "tr" } > 60)
    }

    @Test("is checked by something that finds mistakes")
    func checkerFinds() {
        for bad in [
            "<p>", "<p></b>", "<a><b></a></b>", "a & b", "a > b", "<p title=\"<\"></p>", "<",
        ] {
            #expect(throws: Tags.Unbalanced.self, "\(bad)") { try Tags.check(bad) }
        }
    }

    @Test("escapes every text, wherever it comes from")
    func escapes() throws {
        let bad = Sample.hostile
        let steps = [Trace.Step.Kind.call, .delivery, .crash, .event, .note].map {
            Trace.Step(
                kind: $0, lifeline: 0, target: 1, text: bad, answer: bad, fault: bad,
                isPreemption: true)
        }
        let counterexample = Counterexample(
            property: bad, explanation: bad, trace: Trace(lifelines: [bad, bad], steps: steps),
            choices: bad, crashes: 0, faults: 0, preemptions: 0, isShrunk: false, replay: bad)
        let summary = Sample.summary(isExhausted: false, limits: [bad])
        let html = CheckFailure([counterexample], summary: summary).html()
        let names = try Tags.check(html)
        #expect(!names.contains("script"))
        #expect(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;·[2J"))
        #expect(
            !html.unicodeScalars.contains("\u{1B}") && !html.unicodeScalars.contains("\u{202E}"))
    }

    @Test("tells every step in full, with its fault")
    func complete() {
        for trace in [Sample.race, Sample.crowd(lifelines: 4)] {
            let html = Page([Sample.counterexample(trace)]).html
            for (index, step) in trace.steps.enumerated() {
                #expect(html.contains("id=\"c1s\(index + 1)\""))
                #expect(html.contains("id=\"c1t\(index + 1)\""))
                for text in [step.text, step.answer].compactMap(\.self) {
                    #expect(html.contains("\(text)</td>") || html.contains("\(text)<span"))
                }
                if let fault = step.fault { #expect(html.contains("<b>!</b> \(fault)</span>")) }
            }
        }
    }

    @Test("makes crashes, faults, events and preemptions visible")
    func marks() {
        let html = Page([Sample.counterexample(Sample.race)]).html
        for mark in [
            "class=\"cross\"", "class=\"pause\"", "class=\"open p0\"", "band of-crash",
            "band of-fault", "band of-event", "life stands process p0", "faulty",
        ] {
            #expect(html.contains(mark), "\(mark)")
        }
    }

    @Test("needs nothing from elsewhere")
    func selfContained() {
        let html = Page([Sample.counterexample(Sample.race)]).html
        for reference in ["://", "src=", "url(", "@import", "<link", "<script"] {
            #expect(!html.contains(reference), "\(reference)")
        }
    }

    @Test("gives the steps of several counterexamples ids of their own")
    func ids() {
        let html = Page([Sample.race, Sample.race].map(Sample.counterexample)).html
        let ids = html.matches(of: #/ id="([^"]+)"/#).map { String($0.1) }
        #expect(ids.count == 40)
        #expect(Set(ids).count == ids.count)
    }
}
