/// One change to one of the calls that an algorithm makes, whatever that call is for.
package enum Mutation: Hashable, Sendable, CustomStringConvertible {
    /// Not made, but answered as if it had been.
    case skip(Call)
    /// Made without the conditions of its writes.
    case unconditional(Call)
    /// A commit made without the delivery that it consumes.
    case withoutReceipt(Call)
    /// A read answered with the document before the current one.
    case staleRead(Call)
    /// Made only after the call that follows it, but answered before that.
    case swap(Call)

    /// Which of an algorithm's three functions is running.
    package enum Phase: String, CaseIterable, Sendable {
        case process, submit, complete
    }

    /// The calls that algorithms make.
    package enum CallKind: String, CaseIterable, Sendable {
        case read, write, send, acknowledge, release, commit, isProcessed

        /// Whether it changes anything.
        package var isWriteLike: Bool {
            switch self {
            case .write, .send, .acknowledge, .release, .commit: true
            case .read, .isProcessed: false
            }
        }
    }

    /// One call of a run: of this phase, the nth from 1, and of this kind. A run on another path,
    /// whose nth call is of another kind, is left as it is.
    package struct Call: Hashable, Sendable {
        package let phase: Phase
        package let number: Int
        package let kind: CallKind

        package init(_ phase: Phase, _ number: Int, _ kind: CallKind) {
            self.phase = phase
            self.number = number
            self.kind = kind
        }
    }

    /// The call that is changed.
    package var call: Call {
        switch self {
        case .skip(let call), .unconditional(let call), .withoutReceipt(let call),
            .staleRead(let call), .swap(let call):
            call
        }
    }

    /// The mutation as names have it, for example `process skip 4 write`.
    package var description: String {
        "\(call.phase) \(verb) \(call.number) \(call.kind)"
    }

    private var verb: String {
        switch self {
        case .skip: "skip"
        case .unconditional: "unconditional"
        case .withoutReceipt: "no-receipt"
        case .staleRead: "stale"
        case .swap: "swap"
        }
    }

    /// What is done wrong, in one sentence.
    package var sentence: String {
        let name = "Call \(call.number) of \(call.phase), \(call.kind),"
        return switch self {
        case .skip: "\(name) is not made, but answered as if it had been."
        case .unconditional: "\(name) writes whatever is there."
        case .withoutReceipt: "\(name) commits without the delivery that it consumes."
        case .staleRead: "\(name) is answered with the document before the current one."
        case .swap: "\(name) is made after the call that follows it."
        }
    }
}
