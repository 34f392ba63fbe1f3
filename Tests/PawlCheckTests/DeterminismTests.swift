import Foundation
import Pawl
import PawlCheck
import Synchronization
import Testing

@Suite("Handlers that have to be deterministic", .timeLimit(.minutes(2)))
struct DeterminismTests {
    /// What a handler must not depend on.
    enum Hidden: CaseIterable {
        case clock, freshID, chance, counter, order, orderInMessage, failure
    }

    private struct Order: Command {
        let id: String
        var lines: Set<String> = []
    }

    private struct Packed: Event {
        let number: Int
        var list: [String] = []
        var label: String?
    }

    private struct Parcel: Entity {
        var lines: [String] = []
        var log = Log()

        struct Log: Codable {
            var entries: [Double] = []
        }
    }

    private struct Dropped: Error {}

    private static let words = (0..<24).map { "line \($0)" }

    /// A handler that sends two events, of which the second depends on what it must not.
    private static func handlers(_ hidden: Hidden?) -> Handlers {
        let counter = Mutex(0)
        return Handlers("packing") {
            Handle(Order.self, by: \.id) { (message, parcel: inout Parcel, context) in
                parcel.lines.append("of \(message.id)")
                context.publish(Packed(number: 1))
                var second = Packed(number: Int.random(in: 0..<9, using: &context.random))
                second.label = "\(context.uuid()) at \(context.now.microseconds)"
                switch hidden {
                case nil: second.list = message.lines.sorted()
                case .clock: parcel.log.entries = [1, Date().timeIntervalSinceReferenceDate]
                case .freshID: second.label = UUID().uuidString
                case .chance: second.list = ["a", "\(UInt64.random(in: 0 ... .max))"]
                case .counter:
                    second.list = [
                        counter.withLock {
                            $0 += 1
                            return "\($0)"
                        }
                    ]
                case .order: second.list = Set(words).map { $0 }
                case .orderInMessage: second.list = Array(message.lines)
                case .failure:
                    let isEven = counter.withLock {
                        $0 += 1
                        return $0 % 2 == 0
                    }
                    if isEven { throw Dropped() }
                }
                context.publish(second)
            }
        }
    }

    private static let message = Order(id: "7", lines: Set(words))

    /// The words by which the place of a difference is named.
    private static func place(_ hidden: Hidden) -> (place: String, path: String?) {
        switch hidden {
        case .clock: ("the state of Parcel/7", "$.log.entries[1]")
        case .freshID: ("output 2 (Packed)", "$.label")
        case .chance: ("output 2 (Packed)", "$.list[1]")
        case .counter: ("output 2 (Packed)", "$.list[0]")
        // Where two orders differ first, nobody knows.
        case .order, .orderInMessage: ("output 2 (Packed)", nil)
        case .failure: ("whether it throws", nil)
        }
    }

    // MARK: In a world

    private func explore(_ hidden: Hidden?) throws -> CheckSummary {
        try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(
                Self.handlers(hidden), instances: 2, deduplication: .replay,
                options: EndpointOptions(concurrency: 1))
            world.outside("mail", handles: Packed.self)
            world.deliver(Self.message)
            world.finally("packed once") {
                try $0.state(Parcel.self, "7").lines == ["of 7"]
            }
        }
    }

    @Test("are found where they are not, and where they differ is said", arguments: Hidden.allCases)
    func found(hidden: Hidden) throws {
        let failure = try #require(throws: CheckFailure.self) { try explore(hidden) }
        let violation = try #require(failure.violations.first)
        #expect(violation.property == "handlers are deterministic")
        let (place, path) = Self.place(hidden)
        #expect(
            violation.explanation.contains("the handler of Order made something else: \(place)"))
        #expect(violation.explanation.contains(path.map { "differs at \($0): " } ?? "differs"))
    }

    @Test("may use the context's time, ids and random numbers")
    func honest() throws {
        let summary = try explore(nil)
        #expect(summary.isExhausted)
        #expect(summary.executions > 1)
    }

    @Test("are not asked for by an algorithm that keeps what it sends")
    func undemanded() throws {
        // One that counts its runs can't be explored; but that it differs within one attempt is no
        // violation.
        let counter = Mutex(0)
        let handlers = Handlers("packing") {
            Handle(Order.self, by: \.id) { (_, parcel: inout Parcel, _) in
                parcel.lines.append("line \(counter.withLock { $0 += 1; return $0 })")
            }
        }
        func explore(_ deduplication: Deduplication) throws {
            try check(.exhaustive(crashes: 0, failures: 0)) { world in
                world.run(
                    handlers, deduplication: deduplication,
                    options: EndpointOptions(concurrency: 1))
                world.deliver(Self.message)
            }
        }
        #expect(throws: CheckError.self) { try explore(.outbox) }
        #expect(throws: CheckFailure.self) { try explore(.replay) }
    }

    @Test("don't include what is performed, which is not done twice to see what comes of it")
    func performed() throws {
        let runs = Mutex(0)
        let handlers = Handlers("packing") {
            Perform(Order.self) { _, _ in
                Packed(
                    number: runs.withLock {
                        $0 += 1; return $0
                    })
            }
        }
        let error = #expect(throws: CheckError.self) {
            try check(.exhaustive(crashes: 0, failures: 0)) { world in
                world.run(
                    handlers, deduplication: .replay, options: EndpointOptions(concurrency: 1))
                world.outside("mail", handles: Packed.self)
                world.deliver(Self.message)
            }
        }
        #expect(error?.code == .outOfControl)
    }

    @Test("don't include sessions, which keep what they send")
    func sessions() throws {
        let handlers = Self.handlers(nil)
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(
                handlers, deduplication: .replay, options: EndpointOptions(concurrency: 1))
            world.outside("mail", handles: Packed.self)
            world.session(handlers, deduplication: .replay) { session in
                try await session.change(Parcel.self, "7", id: "s") { parcel, context in
                    parcel.lines.append("of a session")
                    context.publish(Packed(number: 1))
                }
            }
            world.deliver(Self.message)
            world.always("a session saves once") {
                try $0.state(Parcel.self, "7").lines.count { $0 == "of a session" } < 2
            }
            world.finally("and the message beside it") {
                try $0.state(Parcel.self, "7").lines.contains("of 7")
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("may turn a message down, whether there is an entity or not", arguments: [1, 2])
    func rejected(messages: Int) throws {
        let handlers = Handlers("packing") {
            Handle(Order.self, by: \.id) { (message, parcel: inout Parcel, context) in
                if message.lines.isEmpty {
                    context.reject()
                    context.publish(Packed(number: parcel.lines.count))
                    return
                }
                parcel.lines.append("one more")
            }
        }
        let summary = try check(.exhaustive(crashes: 1, failures: messages == 1 ? 1 : 0)) { world in
            world.run(
                handlers, instances: messages, deduplication: .replay,
                options: EndpointOptions(concurrency: 1))
            world.outside("mail", handles: Packed.self)
            world.deliver(Order(id: "7"), copies: 2)
            if messages == 2 { world.deliver(Self.message) }
            world.finally("told once") { try $0.sent(Packed.self).count == 1 }
        }
        #expect(summary.isExhausted)
    }

    // MARK: By itself

    @Test("are found without a world, too", arguments: Hidden.allCases)
    func alone(hidden: Hidden) async throws {
        let found = try await #require(throws: NotDeterministic.self) {
            try await checkDeterminism(
                of: Self.handlers(hidden), Self.message,
                on: .entity("7", Parcel(lines: ["first"])))
        }
        let (place, path) = Self.place(hidden)
        #expect(found.message == "Order" && found.place == place)
        if let path { #expect(found.path == path) }
        #expect(found.first != found.second)
        #expect("\(found)".contains("The handler of Order is not deterministic"))
    }

    @Test("pass without a world if they are deterministic")
    func fine() async throws {
        try await checkDeterminism(of: Self.handlers(nil), Self.message)
        try await checkDeterminism(
            of: Self.handlers(nil), Self.message, on: .entity("7", Parcel(lines: ["first"])))
    }

    @Test("are not said to be checked where nothing was")
    func nothing() async throws {
        let performing = Handlers("packing") {
            Perform(Packed.self) { _, _ in }
            Handle(Order.self, by: \.id, .mustExist) { (_, parcel: inout Parcel, _) in
                parcel.lines = []
            }
        }
        func code(_ body: () async throws -> Void) async -> CheckError.Code? {
            let error = await #expect(throws: CheckError.self) { try await body() }
            return error?.code
        }
        #expect(
            await code { try await checkDeterminism(of: performing, Packed(number: 1)) }
                == .notApplicable)
        #expect(
            await code { try await checkDeterminism(of: Self.handlers(nil), Packed(number: 1)) }
                == .notApplicable)
        #expect(
            await code {
                try await checkDeterminism(
                    of: performing, Self.message, on: .entity("8", Parcel()))
            } == .notApplicable)
        // What it throws, it throws in every run.
        await #expect(throws: PawlError.self) {
            try await checkDeterminism(of: performing, Self.message)
        }
    }
}
