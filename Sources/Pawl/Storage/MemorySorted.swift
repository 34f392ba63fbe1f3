/// Values by name, which can also be walked in the order of their names.
///
/// Names are put in order when somebody asks for the order, not before, so writes cost what a
/// dictionary's do.
struct MemorySorted<Value: Sendable>: Sendable {
    private var values: [ExactText: Value] = [:]
    /// In order; together with `added` holds every name, and perhaps some that are gone.
    private var sorted: [ExactText] = []
    private var added: [ExactText] = []

    var isEmpty: Bool { values.isEmpty }

    subscript(name: ExactText) -> Value? { values[name] }

    /// Adds, changes or (by setting it to `nil`) removes the value of a name.
    mutating func update(_ name: ExactText, _ change: (inout Value?) -> Void) {
        let before = values.count
        change(&values[name])
        guard values.count > before else { return }
        added.append(name)
        // Names that are gone are forgotten here, so that they never outnumber the others.
        if sorted.count + added.count > 2 * values.count + 32 {
            sorted = []
            added = Array(values.keys)
        }
    }

    /// The names after `start` (or from `start` on, if it is included), in order.
    mutating func names(
        after start: ExactText?, including isIncluded: Bool = false
    ) -> ArraySlice<ExactText> {
        sort()
        guard let start else { return sorted[...] }
        // The first index whose name is not wanted any more marks where the wanted ones begin.
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = low + (high - low) / 2
            let isBefore = isIncluded ? sorted[middle] < start : sorted[middle] <= start
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return sorted[low...]
    }

    private mutating func sort() {
        guard !added.isEmpty else { return }
        sorted.append(contentsOf: added)
        added = []
        sorted.sort()
        var last: ExactText?
        sorted.removeAll { name in
            defer { last = name }
            return name == last || values[name] == nil
        }
    }
}
