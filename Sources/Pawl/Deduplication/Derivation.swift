/// What a handler made of the states and the message that it was given.
package struct Derivation: Sendable {
    /// The new states; those that it was given if it has turned the message down.
    package let bodies: [[UInt8]?]
    /// The messages, not addressed yet.
    package let sent: [Context.Sent]

    /// What a handler has made.
    ///
    /// - Parameters:
    ///   - context: What it was handed.
    ///   - before: The states that it was given.
    ///   - after: The states that it returned.
    package init(of context: Context, from before: [[UInt8]?], to after: [[UInt8]?]) {
        bodies = context.isRejected ? before : after
        sent = context.sent
    }

    /// Where two derivations differ first.
    package struct Difference: Sendable {
        /// What differs: `the state of Account/anna`, `output 2 (AccountCharged)`.
        package let place: String
        /// Where in it, as a JSON path such as `$.charges[2].amount`; `nil` if it is not about the
        /// inside of it.
        package let path: String?
        /// What the first one has there.
        package let first: String
        /// What the second one has there.
        package let second: String

        package init(place: String, path: String?, first: String, second: String) {
            self.place = place
            self.path = path
            self.first = first
            self.second = second
        }

        /// The difference as half a sentence.
        package var description: String {
            "\(place)\(path.map { " differs at \($0)" } ?? " differs"): \(first), then \(second)"
        }
    }

    /// Finds where another run of the same handler, given the same, has made something else.
    ///
    /// - Parameters:
    ///   - other: What the other run has made.
    ///   - keys: The addresses of the states.
    /// - Returns: The first difference; `nil` if there is none.
    package func difference(from other: Derivation, of keys: [DocumentKey]) -> Difference? {
        for (index, key) in keys.enumerated() {
            let place = "the state of \(key)"
            if let found = Self.difference(bodies[index], other.bodies[index], in: place) {
                return found
            }
        }
        for (index, (mine, theirs)) in zip(sent, other.sent).enumerated() where mine != theirs {
            let place = "output \(index + 1) (\(mine.type))"
            if mine.type != theirs.type {
                return Difference(place: place, path: nil, first: mine.type, second: theirs.type)
            }
            if let found = Self.difference(mine.body, theirs.body, in: place) { return found }
            return Difference(
                place: place, path: nil, first: mine.addressing, second: theirs.addressing)
        }
        if sent.count == other.sent.count { return nil }
        return Difference(
            place: "the number of outputs", path: nil, first: "\(sent.count)",
            second: "\(other.sent.count)")
    }

    private static func difference(
        _ first: [UInt8]?, _ second: [UInt8]?, in place: String
    ) -> Difference? {
        guard first != second else { return nil }
        guard let first, let second else {
            return Difference(
                place: place, path: nil, first: first == nil ? "absent" : "there",
                second: second == nil ? "absent" : "there")
        }
        let difference = JSONDifference(first, second)
        return Difference(
            place: place, path: difference.path, first: difference.first,
            second: difference.second)
    }
}

extension Context.Sent {
    /// Where it goes, and when.
    fileprivate var addressing: String {
        let receiver =
            switch target {
            case .handler: "to its handler"
            case .subscribers: "to all who subscribe"
            case .queue(let name): "to \(name)"
            }
        return receiver + (notBefore.map { " not before \($0.microseconds) µs" } ?? " at once")
    }

    /// What tells it from others, in 128 bits.
    var digest: MessageID {
        var writer = ByteWriter(capacity: body.count + 64)
        writer.write(type)
        switch target {
        case .handler: writer.write(UInt8(0))
        case .subscribers: writer.write(UInt8(1))
        case .queue(let name):
            writer.write(UInt8(2))
            writer.write(name)
        }
        writer.write(notBefore) { $0.write($1.microseconds) }
        writer.write(body)
        return MessageID(hashing: writer.bytes)
    }
}
