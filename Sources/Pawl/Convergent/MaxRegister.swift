/// A value that only rises: raising it twice is raising it once, in any order.
///
/// ```swift
/// sensor.highest.raise(to: message.temperature)
/// ```
///
/// It is written as the plain value.
///
/// Source: the join of a semilattice that is a chain; M. Shapiro, N. Preguiça, C. Baquero,
/// M. Zawirski, "Conflict-free Replicated Data Types", SSS 2011, section 2.
public struct MaxRegister<Value: Comparable & Hashable & Codable & Sendable>: Hashable, Sendable {
    /// The highest value so far.
    public private(set) var value: Value

    /// Creates a register.
    ///
    /// - Parameter value: Where it begins.
    public init(_ value: Value) {
        self.value = value
    }

    /// Raises the value, if the new one is higher.
    ///
    /// - Parameter value: The new value.
    public mutating func raise(to value: Value) {
        self.value = max(self.value, value)
    }
}

extension MaxRegister: Codable {
    /// Reads the plain value.
    public init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(Value.self)
    }

    /// Writes the plain value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
