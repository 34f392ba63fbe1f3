/// Values as TLA+ writes them.
package enum TLA {
    /// A string.
    package static func text(_ text: String) -> String { "\"\(text)\"" }

    /// `TRUE` or `FALSE`.
    package static func truth(_ isTrue: Bool) -> String { isTrue ? "TRUE" : "FALSE" }

    /// A sequence.
    package static func sequence(_ values: some Sequence<String>) -> String {
        "<<\(values.joined(separator: ", "))>>"
    }

    /// A set, in the order of its texts.
    package static func set(_ values: some Sequence<String>) -> String {
        "{\(Set(values).sorted().joined(separator: ", "))}"
    }

    /// A record.
    package static func record(_ fields: [(name: String, value: String)]) -> String {
        "[\(fields.map { "\($0.name) |-> \($0.value)" }.joined(separator: ", "))]"
    }

    /// A function, by its arguments and values.
    package static func function(_ values: [(argument: String, value: String)]) -> String {
        if values.isEmpty { return "<<>>" }
        let pairs = values.sorted { $0.argument < $1.argument }
        return "(\(pairs.map { "\($0.argument) :> \($0.value)" }.joined(separator: " @@ ")))"
    }
}
