import Pawl

/// One thing that every backend of a kind must do, with the code that finds out.
///
/// Checks are data, so any test framework runs them, and a program without one can, too:
///
/// ```swift
/// for check in StoreContract.checks {
///     try await check.run(StoreSubject(store, clock: clock))
/// }
/// ```
///
/// With Swift Testing every check is a test case of its own:
///
/// ```swift
/// @Test(arguments: StoreContract.checks)
/// func store(check: Check<StoreSubject>) async throws {
///     let clock = ManualClock()
///     let store = MyStore(environment: clock.environment)
///     try await check.run(StoreSubject(store, clock: clock))
/// }
/// ```
public struct Check<Subject: ContractSubject>: Sendable, CustomStringConvertible {
    /// What must be so, as a sentence.
    public let name: String
    /// What the subject must offer for the check to be possible.
    public let requires: Set<Capability>
    private let body: @Sendable (Subject) async throws -> Void

    /// Creates a check.
    ///
    /// - Parameters:
    ///   - name: What must be so, as a sentence.
    ///   - requires: What the subject must offer for the check to be possible.
    ///   - body: Finds out; throws a ``ContractViolation`` if it is not so.
    public init(
        _ name: String, requires: Set<Capability> = [],
        body: @escaping @Sendable (Subject) async throws -> Void
    ) {
        self.name = name
        self.requires = requires
        self.body = body
    }

    /// The check's name.
    public var description: String { name }

    /// What the check requires and a subject lacks.
    ///
    /// - Parameter subject: What would be checked.
    /// - Returns: The capabilities, in the order of their declaration; none if the check can run.
    public func lacking(in subject: Subject) -> [Capability] {
        let lacking = requires.subtracting(subject.capabilities)
        return Capability.allCases.filter { lacking.contains($0) }
    }

    /// Runs the check, unless the subject lacks something that it requires.
    ///
    /// - Parameters:
    ///   - subject: What is checked.
    ///   - patience: After how much real time the check is given up, as failed: what waits for
    ///     ever must not stop the others from running. `nil` where no real time goes by, as in a
    ///     simulation: whoever runs the check sees to its end then.
    /// - Returns: Whether it passed or was skipped, and for lack of what.
    /// - Throws: A ``ContractViolation`` with the name of this check.
    @discardableResult
    public func run(
        _ subject: Subject, patience: Duration? = .seconds(60)
    ) async throws -> CheckOutcome {
        let lacking = lacking(in: subject)
        guard lacking.isEmpty else { return .skipped(lacking: lacking) }
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await body(subject) }
                if let patience {
                    group.addTask {
                        try await Environment.system.sleep(patience)
                        throw ContractViolation("it did not end within \(patience)")
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let violation as ContractViolation {
            throw ContractViolation(violation.message, check: name)
        } catch {
            throw ContractViolation("it threw where it must not: \(error)", check: name)
        }
        return .passed
    }
}

/// How a check ended that did not fail.
public enum CheckOutcome: Hashable, Sendable {
    /// It is as it must be.
    case passed
    /// The subject lacks what the check requires.
    case skipped(lacking: [Capability])
}

/// What not every backend, or not every way to run one, offers.
public enum Capability: String, Hashable, Sendable, CaseIterable {
    /// A second handle on the same data can be opened, as another process would.
    case secondHandle
    /// Time can be moved forward.
    case clock
    /// The largest things that the backend accepts are small enough to be tried.
    case reachableLimits
    /// The transport knows, and says, when a lease was no longer the caller's.
    case fencing
}

/// What a check is run on: a backend, and how to look at it from outside.
public protocol ContractSubject: Sendable {
    /// What this backend, run in this way, offers.
    var capabilities: Set<Capability> { get }
}

/// A backend did not do what it must.
public struct ContractViolation: Error, CustomStringConvertible {
    /// The name of the check that failed, once it is known.
    public let check: String?
    /// What was expected and what was seen.
    public let message: String

    /// Creates a violation.
    ///
    /// - Parameters:
    ///   - message: What was expected and what was seen.
    ///   - check: The name of the check that failed.
    public init(_ message: String, check: String? = nil) {
        self.check = check
        self.message = message
    }

    /// The check's name and the message.
    public var description: String {
        check.map { "\"\($0)\" does not hold: \(message)" } ?? message
    }
}
