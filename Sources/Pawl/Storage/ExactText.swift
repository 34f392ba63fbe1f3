/// Text that is told apart and ordered by its bytes, as databases do. A `String` alone takes
/// different spellings of `é` for equal.
package struct ExactText: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    package static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.precedesInBytes(right.text)
    }
}
