import Foundation

/// What the demo found out about one of the two shops.
struct Finding: Sendable {
    let audit: Audit
    let summary: ShopRun.Summary

    /// Why its numbers are worth nothing; empty if they are worth something.
    fileprivate func shortcomings(_ options: DemoOptions) -> [String] {
        var complaints: [String] = []
        if let unrest = summary.unrest { complaints.append("It did not come to rest: \(unrest).") }
        if audit.submitted != options.orders {
            complaints.append("\(audit.submitted) of \(options.orders) carts were submitted.")
        }
        if summary.kills != options.kills {
            complaints.append("\(summary.kills) of \(options.kills) processes were killed.")
        }
        return complaints
    }

    /// What Pawl should have prevented; empty if it did.
    fileprivate func failures() -> [String] {
        var complaints: [String] = []
        if audit.lost > 0 { complaints.append("\(audit.lost) orders were lost.") }
        if audit.duplicated > 0 { complaints.append("\(audit.duplicated) were duplicated.") }
        if audit.ghosts > 0 { complaints.append("There are \(audit.ghosts) ghosts.") }
        return complaints
    }
}

/// Both shops, as a table and as JSON.
struct Report: Sendable {
    let naive: Finding
    let pawl: Finding

    private struct JSON: Encodable {
        struct Naive: Encodable {
            let lost, duplicated, ghosts: Int
        }
        struct Pawl: Encodable {
            let lost, duplicated, ghosts, duplicates_delivered, kills: Int
            let seconds: Double
        }
        let orders: Int
        let naive: Naive
        let pawl: Pawl
    }

    /// Why the demo has failed; empty if it has not. That the shop without Pawl loses orders is no
    /// reason.
    func complaints(_ options: DemoOptions) -> [String] {
        naive.shortcomings(options).map { "Without Pawl: \($0)" }
            + (pawl.shortcomings(options) + pawl.failures()).map { "With Pawl: \($0)" }
    }

    /// One object on one line.
    func json() throws -> String {
        let object = JSON(
            orders: pawl.audit.submitted,
            naive: JSON.Naive(
                lost: naive.audit.lost, duplicated: naive.audit.duplicated,
                ghosts: naive.audit.ghosts),
            pawl: JSON.Pawl(
                lost: pawl.audit.lost, duplicated: pawl.audit.duplicated,
                ghosts: pawl.audit.ghosts,
                duplicates_delivered: pawl.summary.duplicatesDelivered,
                kills: pawl.summary.kills,
                seconds: (pawl.summary.seconds * 10).rounded() / 10))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(object), as: UTF8.self)
    }

    /// An aligned table, with a line for each thing that was counted.
    func table() -> String {
        var lines = [row("", "without Pawl", "with Pawl"), ""]
        func add(_ label: String, _ value: (Finding) -> Int) {
            lines.append(row(label, "\(value(naive))", "\(value(pawl))"))
        }
        add("orders submitted", \.audit.submitted)
        add("charged once", \.audit.chargedOnce)
        add("shipped once", \.audit.shippedOnce)
        add("LOST", \.audit.lost)
        add("DUPLICATED", \.audit.duplicated)
        add("GHOSTS", \.audit.ghosts)
        add("duplicates delivered", \.summary.duplicatesDelivered)
        add("kills survived", \.summary.kills)
        lines.append(row("seconds", seconds(naive), seconds(pawl)))
        return lines.joined(separator: "\n")
    }

    private func row(_ label: String, _ left: String, _ right: String) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let label = label + String(repeating: " ", count: max(0, 22 - label.count))
        return "  \(label)\(pad(left, 14))\(pad(right, 12))".trimmedAtEnd
    }

    private func seconds(_ finding: Finding) -> String {
        let tenths = Int((finding.summary.seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
