import PawlMutants

/// A mutant in JSON.
struct MutantRow: Encodable {
    let mutant: String
    let algorithm: String
    let found: Bool
    let executions: Int
    let violated: String?
    let steps: Int?

    init(_ hunt: Hunt, steps: Int?) {
        mutant = hunt.mutant.name
        algorithm = hunt.mutant.base
        found = hunt.isFound
        executions = hunt.executions
        violated = hunt.violated
        self.steps = steps
    }

    /// Why there is nothing to be found, where there is not.
    var harmless: String? { Mutants.harmless[mutant] }

    /// Whether it was found, or need not be.
    var isAsExpected: Bool { found == (harmless == nil) }

    private enum Key: CodingKey {
        case mutant, algorithm, found, executions, violated, steps
    }

    /// Absent values are written as `null`.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(mutant, forKey: .mutant)
        try container.encode(algorithm, forKey: .algorithm)
        try container.encode(found, forKey: .found)
        try container.encode(executions, forKey: .executions)
        try container.encode(violated, forKey: .violated)
        try container.encode(steps, forKey: .steps)
    }
}

/// All mutants, in at most 100 columns.
struct MutantTable: CustomStringConvertible {
    private let rows: [MutantRow]

    init(_ rows: [MutantRow]) {
        self.rows = rows
    }

    var description: String {
        let name = rows.map(\.mutant.count).max() ?? 0
        // Gaps of two, and the three columns with figures.
        let property = max(20, 100 - name - 5 - 10 - 5 - 4 * 2)
        var lines: [String] = []
        func add(
            _ first: String, _ found: String, _ violated: String, _ executions: String,
            _ steps: String
        ) {
            let words = Words.wrap(violated, width: property)
            lines.append(
                Words.trim(
                    [
                        Words.left(first, name), Words.left(found, 5),
                        Words.left(words.first ?? "", property), Words.right(executions, 10),
                        Words.right(steps, 5),
                    ].joined(separator: "  ")))
            for more in words.dropFirst() {
                lines.append(String(repeating: " ", count: name + 5 + 4) + more)
            }
        }
        add("mutant", "found", "violated", "executions", "steps")
        for row in rows {
            add(
                row.mutant, row.found ? "yes" : "no",
                row.violated.map { Self.short($0) } ?? (row.harmless == nil ? "" : "(harmless)"),
                Words.grouped(row.executions), row.steps.map { "\($0)" } ?? "")
        }
        return (lines + [""] + harmless + [verdict]).joined(separator: "\n")
    }

    /// What is behind the colon says it all.
    private static func short(_ property: String) -> String {
        property.split(separator: ": ", maxSplits: 1).last.map { String($0) } ?? property
    }

    private var harmless: [String] {
        let harmless = rows.filter { $0.harmless != nil }
        if harmless.isEmpty { return [] }
        return ["Harmless, and why:"]
            + harmless.flatMap { row in
                ["  \(row.mutant)"]
                    + Words.wrap(row.harmless ?? "", width: 94).map { "      \($0)" }
            } + [""]
    }

    private var verdict: String {
        let found = rows.count(where: \.found)
        let missed = rows.filter { !$0.isAsExpected }
        let counts =
            "\(rows.count) mutants: \(found) found, \(rows.count { $0.harmless != nil }) harmless"
        guard !missed.isEmpty else { return counts }
        return counts + "; NOT as expected: " + missed.map(\.mutant).joined(separator: ", ")
    }
}
