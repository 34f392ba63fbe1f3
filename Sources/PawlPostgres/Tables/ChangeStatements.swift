internal import Pawl

/// The statements that carry changes out, with the versions that they write.
struct ChangeStatements {
    private(set) var bound: [Bound] = []
    /// For each change, for each of its writes.
    private(set) var versions: [[Version?]]

    /// Creates the statements.
    ///
    /// - Parameters:
    ///   - changes: What to carry out; they have no key in common.
    ///   - now: The time, or `nil` for the server's.
    ///   - newVersion: Makes a version that there never was.
    init(_ changes: [Change], now: Int64?, newVersion: () -> Int64) {
        versions = changes.map { [Version?](repeating: nil, count: $0.writes.count) }
        let holds = changes.compactMap(\.hold).sorted()
        if !holds.isEmpty {
            bound.append(Bound(.consume) { $0.add(holds: holds) })
        }
        let processed = changes.compactMap(\.processed).sorted()
        if !processed.isEmpty {
            bound.append(
                Bound(.insertProcessed) { parameters in
                    parameters.add(now)
                    parameters.add(texts: processed.map(\.endpoint))
                    parameters.add(bytes: processed.map(\.id))
                })
        }
        addWrites(PlacedWrite.all(of: changes), now: now, newVersion: newVersion)
        addMessages(changes.flatMap(\.messages))
    }

    private mutating func addWrites(
        _ writes: [PlacedWrite], now: Int64?, newVersion: () -> Int64
    ) {
        var updates: [PlacedWrite] = []
        var inserts: [PlacedWrite] = []
        var puts: [PlacedWrite] = []
        var deletions: [PlacedWrite] = []
        var anyDeletions: [PlacedWrite] = []
        var absences: [PlacedWrite] = []
        for placed in writes {
            switch (placed.write.content, placed.write.condition) {
            case (_?, .version): updates.append(placed)
            case (_?, .absent): inserts.append(placed)
            case (_?, .any): puts.append(placed)
            case (nil, .version): deletions.append(placed)
            case (nil, .any): anyDeletions.append(placed)
            case (nil, .absent): absences.append(placed)
            }
        }
        add(.updateDocuments, updates, now: .some(now), old: true, new: newVersion)
        add(.insertDocuments, inserts, now: .some(now), old: false, new: newVersion)
        add(.putDocuments, puts, now: nil, old: false, new: newVersion)
        if !deletions.isEmpty {
            bound.append(
                Bound(.deleteDocuments) { parameters in
                    parameters.add(now)
                    parameters.add(keysOf: deletions)
                    parameters.add(numbers: deletions.map(\.write.condition.version))
                })
        }
        if !anyDeletions.isEmpty {
            bound.append(Bound(.deleteAnyDocuments) { $0.add(keysOf: anyDeletions) })
        }
        if !absences.isEmpty {
            bound.append(
                Bound(.holdAbsence) { parameters in
                    parameters.add(now)
                    parameters.add(keysOf: absences)
                })
            bound.append(Bound(.deleteAnyDocuments) { $0.add(keysOf: absences) })
        }
    }

    /// Adds a statement that writes documents.
    ///
    /// - Parameters:
    ///   - statement: The statement.
    ///   - writes: What it writes.
    ///   - now: The time, or `nil` for a statement that does not take it.
    ///   - old: Whether it takes the versions that there have to be.
    ///   - new: Makes a version that there never was.
    private mutating func add(
        _ statement: SQL, _ writes: [PlacedWrite], now: Int64??, old: Bool, new: () -> Int64
    ) {
        if writes.isEmpty { return }
        let numbers = writes.map { _ in new() }
        for (placed, number) in zip(writes, numbers) {
            versions[placed.change][placed.index] = Version(rawValue: String(number))
        }
        bound.append(
            Bound(statement) { parameters in
                if let now { parameters.add(now) }
                parameters.add(keysOf: writes)
                if old { parameters.add(numbers: writes.map(\.write.condition.version)) }
                parameters.add(numbers: numbers)
                let contents = writes.compactMap(\.write.content)
                parameters.add(utf8: contents.map(\.body))
                parameters.add(bytes: contents.map { $0.ledger.isEmpty ? nil : $0.ledger })
                parameters.add(numbers: contents.map { $0.expires?.microseconds })
            })
    }

    private mutating func addMessages(_ messages: [EncodedMessage]) {
        let now = messages.filter { $0.notBefore == nil }
        if !now.isEmpty {
            bound.append(
                Bound(.insertMessages) { parameters in
                    parameters.add(smallNumbers: now.map(\.queue))
                    parameters.add(flags: now.map(\.isLocal))
                    parameters.add(bytes: now.map(\.bytes))
                })
        }
        let later = messages.filter { $0.notBefore != nil }
        if !later.isEmpty {
            bound.append(
                Bound(.insertDelayed) { parameters in
                    parameters.add(smallNumbers: later.map(\.queue))
                    parameters.add(numbers: later.map { $0.notBefore?.microseconds })
                    parameters.add(flags: later.map(\.isLocal))
                    parameters.add(bytes: later.map(\.bytes))
                })
        }
    }
}

extension Write.Condition {
    /// The version that there has to be; `nil` for the other conditions.
    fileprivate var version: Int64? {
        if case .version(let version) = self { version.number } else { nil }
    }
}
