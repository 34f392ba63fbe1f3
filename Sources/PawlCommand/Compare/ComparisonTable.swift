import Foundation
import Pawl
import PawlMutants

/// The comparison in tables of at most 100 columns.
extension Comparison: CustomStringConvertible {
    private static let width = 100

    var description: String {
        [measured, storeNeeds, bills, trials, promises].map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n")
    }

    // MARK: Measured

    private var measured: [String] {
        let rows = algorithms.map { compared in
            let measurement = compared.measurement
            return [
                compared.name + Self.mark(compared.demand),
                Self.decimal(measurement.roundTrips, 1),
                Self.decimal(measurement.roundTripsOfCopy, 1),
                Words.grouped(measurement.remembered),
                Words.grouped(measurement.rememberedAtRest),
                Self.time(measurement.window),
            ]
        }
        return Self.table(
            [
                "algorithm", "round trips", "of a copy",
                "bytes after \(Words.grouped(messages))", "at rest", "copies caught for",
            ], rows)
            + Self.note(
                """
                \(Words.grouped(messages)) messages about \
                \(Words.grouped(entities)) entities of \(Workplace.bodySize) bytes, each message \
                causes another one; 1 % come twice. Round trips are calls to store and queues \
                without receiving. Bytes are what is there for copies alone when nothing is \
                under way any more; at rest is when all retentions have passed, too. \
                (transactional: the ids of what came from outside the database, which remembers them \
                for as long as it is told to; this one, for ever.) Copies are tried at all ages up to 100 years.
                """)
            + demands
    }

    /// What the figures of some are worth only with.
    private var demands: [String] {
        var notes: [String] = []
        if algorithms.contains(where: { $0.demand == .idempotence }) {
            notes += Self.note(
                """
                * with handlers that may be called twice: a copy is handled, changes nothing, and \
                sends what it caused once more.
                """)
        }
        if algorithms.contains(where: { $0.demand == .determinism }) {
            notes += Self.note(
                "† with handlers that do the same whenever they are given the same.")
        }
        return notes
    }

    private static func mark(_ demand: HandlerDemand) -> String {
        switch demand {
        case .nothing: ""
        case .idempotence: " *"
        case .determinism: " †"
        }
    }

    private var storeNeeds: [String] {
        Self.table(
            ["algorithm", "what the store was seen to need"],
            algorithms.map { [$0.name, $0.storeNeeds] }, isText: true)
    }

    // MARK: On SQS and DynamoDB

    private var bills: [String] {
        let rows = algorithms.map { compared in
            guard let batched = compared.batched, let unbatched = compared.unbatched else {
                return [compared.name, "–", "–", "–", "–", "–"]
            }
            let counts = [batched.requests, batched.readUnits, batched.writeUnits].map {
                Words.grouped(Int($0.rounded()))
            }
            return [compared.name] + counts
                + [
                    "$\(Self.decimal(batched.dollars, 2))",
                    "$\(Self.decimal(unbatched.dollars, 2))",
                ]
        }
        let apart = algorithms.filter { $0.batched == nil }.map(\.name)
        return Self.table(
            [
                "a million messages", "SQS requests", "read units", "write units", "dollars",
                "unbatched",
            ], rows)
            + Self.note(
                """
                SQS in batches of \(Prices.largestBatch), and one by one; DynamoDB on demand, all \
                reads strongly consistent, writes of several documents as transactions. \
                $\(Self.price(Prices.dollarsPerMillionRequests)) a million requests, \
                $\(Self.price(Prices.dollarsPerMillionReadUnits)) a million read units, \
                $\(Self.price(Prices.dollarsPerMillionWriteUnits)) a million write units; without storage. An \
                entity's ledger is written with it: with more messages per entity than \
                \(Words.grouped(messages / entities)) within a retention, it has more units.
                """)
            + (apart.isEmpty
                ? []
                : Self.note("– \(apart.joined(separator: ", ")): \(Bill.impossible)."))
    }

    // MARK: Put to faults

    private var trials: [String] {
        var letters: [String] = []
        func cell(_ verdict: Trial.Verdict) -> String {
            guard let property = verdict.violated, let steps = verdict.steps else {
                return verdict.isExhausted
                    ? "holds" : "not found in \(Words.grouped(verdict.executions))"
            }
            if !letters.contains(property) { letters.append(property) }
            let number = letters.firstIndex(of: property) ?? 0
            return "✗\(Self.letter(number)) in \(steps)"
        }
        var rows = algorithms.map { [$0.name] + $0.trials.map(cell) + [""] }
        rows += others.map {
            ["\($0.product.name) (model)"] + $0.trials.map(cell) + [cell($0.asAssumed)]
        }
        let legend = letters.enumerated().map { "✗\(Self.letter($0)) \($1)" }
        return Self.table(
            [
                "all orders of events", "copy", "crash", "lease ends", "late copy", "stale read",
                "as assumed",
            ], rows)
            + Self.note(
                """
                Each fault in the smallest scope in which it can show; a late copy comes after \
                \(Self.time(Trial.late)), a stale read answers what was there before. What does not hold, and in how many steps: \
                \(legend.joined(separator: "; ")). As assumed: where the documentation promises it, \
                with two consumers, two copies, and all faults at once that it copes with. The handler of \
                natural only adds here; one that also removes needs reads that are up to date.
                """)
    }

    private static func letter(_ number: Int) -> String {
        String(UnicodeScalar(UInt8(ascii: "a") + UInt8(min(number, 25))))
    }

    private var promises: [String] {
        ["What the others promise, and where they say so:"]
            + others.flatMap { compared in
                let product = compared.product
                let window = product.window.map { " (modelled: \(Self.time($0)))" } ?? ""
                return ["  \(product.name)\(window)"]
                    + Words.wrap(product.promise, width: Self.width - 6).map { "      \($0)" }
                    + product.sources.map { "      \($0)" }
            }
    }

    // MARK: Words

    private static func decimal(_ number: Double, _ places: Int) -> String {
        let text = String(format: "%.\(places)f", number)
        return places == 1 && text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// With two places, or three where it takes them.
    private static func price(_ dollars: Double) -> String {
        let text = decimal(dollars, 3)
        return text.hasSuffix("0") ? String(text.dropLast()) : text
    }

    /// A duration in the largest unit of which it is a whole number, to the second.
    static func time(_ duration: Duration?) -> String {
        guard let duration else { return "no limit seen" }
        // What is removed at a moment is there until a second before it.
        let seconds = Int(duration.components.seconds)
        for (size, one, many) in [
            (86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes"),
        ] where seconds >= size - 1 {
            let count = (seconds + 1) / size
            if seconds + 1 - count * size <= 1 { return "\(count) \(count == 1 ? one : many)" }
        }
        return "\(Words.grouped(seconds)) seconds"
    }

    /// Columns as wide as they have to be, all but the first flush right unless they are text.
    private static func table(
        _ head: [String], _ rows: [[String]], isText: Bool = false
    ) -> [String] {
        let widths = head.indices.map { column in
            ([head] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([head] + rows).map { row in
            Words.trim(
                row.enumerated().map { column, cell in
                    column == 0 || isText
                        ? Words.left(cell, widths[column]) : Words.right(cell, widths[column])
                }.joined(separator: "  "))
        }
    }

    private static func note(_ text: String) -> [String] {
        Words.wrap(text, width: width - 2).map { "  \($0)" }
    }
}
