internal import Pawl

/// Locks what the conditions of changes are about, and says which of them do not hold.
struct Look {
    private let changes: [Change]
    private let held: [(change: Int, hold: Hold)]
    private let remembered: [(change: Int, processed: Change.Processed)]
    private let documents: [PlacedWrite]
    let bound: [Bound]

    init(_ changes: [Change], now: Int64?) {
        self.changes = changes
        let held = changes.indexed { $0.hold }.sorted { $0.1 < $1.1 }
        let remembered = changes.indexed { $0.processed }
        // Also what is put or deleted whatever is there: it is locked in the same order.
        let documents = PlacedWrite.all(of: changes)
        self.held = held.map { (change: $0.0, hold: $0.1) }
        self.remembered = remembered.map { (change: $0.0, processed: $0.1) }
        self.documents = documents
        var bound: [Bound] = []
        if !held.isEmpty {
            bound.append(Bound(.lookAtHeld) { $0.add(holds: held.map(\.1)) })
        }
        if !documents.isEmpty {
            bound.append(
                Bound(.lookAtDocuments) { parameters in
                    parameters.add(now)
                    parameters.add(keysOf: documents)
                })
        }
        if !remembered.isEmpty {
            bound.append(
                Bound(.lookAtProcessed) { parameters in
                    parameters.add(texts: remembered.map(\.1.endpoint))
                    parameters.add(bytes: remembered.map(\.1.id))
                })
        }
        self.bound = bound
    }

    /// Reads the answers.
    ///
    /// - Returns: For each change why it is refused; `nil` if it is not.
    func verdicts(_ answers: [Answer]) -> [Verdict?] {
        var answers = answers[...]
        var verdicts = [Verdict?](repeating: nil, count: changes.count)
        var isHeld = [Bool](repeating: false, count: held.count)
        if !held.isEmpty {
            for row in answers.removeFirst().rows { isHeld[Int(row.integer(0)) - 1] = true }
        }
        if !documents.isEmpty {
            var versions = [Int64?](repeating: nil, count: documents.count)
            for row in answers.removeFirst().rows where !row.isNull(1) {
                versions[Int(row.integer(0)) - 1] = row.integer(1)
            }
            for (placed, version) in zip(documents, versions) where !placed.holds(at: version) {
                verdicts[placed.change] = .conflict
            }
        }
        if !remembered.isEmpty {
            for row in answers.removeFirst().rows {
                verdicts[remembered[Int(row.integer(0)) - 1].change] = .duplicate
            }
        }
        // Whoever does not hold the message any more has no say in the rest.
        for (index, isHeld) in isHeld.enumerated() where !isHeld {
            verdicts[held[index].change] = .leaseLost
        }
        return verdicts
    }
}

extension [Change] {
    /// What some of the changes have, each with its change's index.
    func indexed<Value>(_ value: (Change) -> Value?) -> [(Int, Value)] {
        indices.compactMap { index in value(self[index]).map { (index, $0) } }
    }
}

/// A write, and where it belongs.
struct PlacedWrite {
    /// The index of the change that it is of, and its own index in it.
    let change: Int
    let index: Int
    let partition: PartitionKey
    let write: Write

    /// All writes, sorted by key: so two transactions that lock some of the same documents do so in
    /// the same order.
    static func all(of changes: [Change]) -> [PlacedWrite] {
        var all: [PlacedWrite] = []
        for (number, change) in changes.enumerated() {
            for (index, write) in change.writes.enumerated() {
                all.append(
                    PlacedWrite(
                        change: number, index: index, partition: change.partition, write: write))
            }
        }
        return all.sorted { ($0.partition, $0.write.key) < ($1.partition, $1.write.key) }
    }

    func holds(at version: Int64?) -> Bool {
        switch write.condition {
        case .any: true
        case .absent: version == nil
        case .version(let expected): version == expected.number
        }
    }
}

extension Version {
    /// A version that is not one of ours is no document's.
    var number: Int64 { Int64(rawValue) ?? -1 }
}

extension Parameters {
    mutating func add(holds: [Hold]) {
        add(smallNumbers: holds.map(\.queue))
        add(numbers: holds.map(\.seq))
        add(numbers: holds.map(\.lease))
    }

    mutating func add(keysOf writes: [PlacedWrite]) {
        add(texts: writes.map(\.write.key.kind))
        add(texts: writes.map(\.partition.name))
        add(texts: writes.map(\.write.key.id))
    }
}
