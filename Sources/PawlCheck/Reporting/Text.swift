/// Texts made fit for a report: nothing in them can break a column.
///
/// Widths are counted in Characters, each taken to be one column wide.
enum Text {
    /// The text on one line, with what a terminal might obey shown as a dot.
    ///
    /// Texts hold keys and values from the program that is checked: a line break or an escape
    /// sequence among them would tear the diagram apart.
    static func clean(_ text: String) -> String {
        String(
            text.map { character -> Character in
                if character.isWhitespace { return " " }
                guard let first = character.unicodeScalars.first else { return character }
                return switch first.properties.generalCategory {
                case .control, .format, .surrogate, .unassigned, .privateUse,
                    .nonspacingMark, .enclosingMark, .spacingMark:
                    "·"
                default: character
                }
            })
    }

    /// The text in lines of at most `width`, broken between words where possible. What does not fit
    /// into `limit` lines is left out, and an ellipsis says so.
    static func wrap(_ text: String, width: Int, limit: Int = .max) -> [String] {
        let width = max(width, 2)
        var lines: [String] = []
        var line: [Character] = []
        for word in clean(text).split(separator: " ") {
            var rest = Array(word)[...]
            if !line.isEmpty, line.count + 1 + rest.count <= width {
                line.append(" ")
                line.append(contentsOf: rest)
                continue
            }
            if !line.isEmpty { lines.append(String(line)) }
            while rest.count > width {
                let end = lastBreak(in: rest.prefix(width)) ?? rest.startIndex + width
                lines.append(String(rest[..<end]))
                rest = rest[end...]
            }
            line = Array(rest)
        }
        if !line.isEmpty { lines.append(String(line)) }
        guard lines.count > max(limit, 1) else { return lines }
        var kept = Array(lines.prefix(max(limit, 1)))
        kept[kept.count - 1] = shorten(kept[kept.count - 1] + " …", to: width)
        return kept
    }

    /// The text, or its beginning and an ellipsis.
    static func shorten(_ text: String, to width: Int) -> String {
        guard text.count > width else { return text }
        var kept = text.prefix(max(width - 1, 0))
        while kept.last == " " || kept.last == "…" { kept.removeLast() }
        return kept + "…"
    }

    /// `count` of something, in words: `no crashes`, `1 crash`, `2 crashes`.
    static func counted(_ count: Int, _ one: String, _ many: String) -> String {
        count == 1 ? "1 \(one)" : "\(count == 0 ? "no" : grouped(count)) \(many)"
    }

    /// A number with a comma after each thousand.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// Where a long word breaks best: behind the last sign that joins its parts, if it isn't so
    /// early that most of the line stays empty.
    private static func lastBreak(in word: ArraySlice<Character>) -> Int? {
        guard let sign = word.lastIndex(where: { "/,;:=.-_&?".contains($0) }) else { return nil }
        return sign - word.startIndex > word.count / 2 ? sign + 1 : nil
    }
}
