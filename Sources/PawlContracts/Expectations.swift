import Pawl

/// Throws a violation unless the condition holds.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws(ContractViolation) {
    guard condition else { throw ContractViolation(message()) }
}

/// Throws a violation unless both are equal.
func expect<Value: Equatable>(
    _ what: @autoclosure () -> String, _ seen: Value, is expected: Value
) throws(ContractViolation) {
    guard seen != expected else { return }
    throw ContractViolation(
        "\(what()): expected \(excerpt(expected)), saw \(excerpt(seen))")
}

/// Throws a violation unless the call fails and says that it can never happen.
func expectImpossible(_ what: String, _ call: () async throws -> Void) async throws {
    do {
        try await call()
    } catch let error as BackendError {
        return try expect("the error of \(what)", error.effect, is: .canNeverHappen)
    }
    throw ContractViolation("\(what) must fail, but it succeeded")
}

private func excerpt(_ value: some Any) -> String {
    let text = String(describing: value)
    return text.utf8.count > 400 ? "\(text.prefix(400))…" : text
}

extension Optional {
    /// The value, or a violation if there is none.
    func required(_ what: @autoclosure () -> String) throws(ContractViolation) -> Wrapped {
        guard let self else { throw ContractViolation("\(what()): there is none") }
        return self
    }
}

extension Environment {
    /// A name that nothing else has, so that checks can share a database.
    func fresh(_ name: String) -> String {
        let digits = String(random(), radix: 16)
        return name + "-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension String {
    /// The text's bytes: unlike `==`, they tell two spellings of one text apart.
    var bytes: [UInt8] { Array(utf8) }
}

/// Runs the same work in several tasks at once.
func concurrently<Value: Sendable>(
    _ count: Int, _ work: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
        for number in 0..<count { group.addTask { try await work(number) } }
        var values: [Value] = []
        for try await value in group { values.append(value) }
        return values
    }
}
