import Foundation
import Pawl
import Synchronization
import Testing

@testable import PawlCheck

/// The checker as its users have it.
@Suite("check(…)", .timeLimit(.minutes(3)))
struct CheckTests {
    // MARK: What is right

    @Test("an account is charged once, whatever happens", arguments: [false, true])
    func charged(isTransactional: Bool) throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(
                billing, instances: 2, deduplication: isTransactional ? nil : .outbox,
                options: .single)
            world.outside("mail", handles: AccountCharged.self)
            world.deliver(ChargeAccount.example)
            world.finally("one charge") { try $0.state(Account.self, "anna").charges.count == 1 }
            world.finally("told once") { try $0.sent(AccountCharged.self).count == 1 }
        }
        #expect(summary.isExhausted)
        #expect(summary.executions > 1)
    }

    @Test("a call that fails is made again")
    func failures() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 1)) { world in
            world.run(billing, deduplication: .outbox, options: .single)
            world.outside("mail", handles: AccountCharged.self)
            world.deliver(ChargeAccount.example)
            world.finally("one charge") { try $0.state(Account.self, "anna").charges.count == 1 }
        }
        #expect(summary.isExhausted)
    }

    @Test("work without an entity is done once by a database", arguments: [1, 2])
    func memo(copies: Int) throws {
        let relay = Handlers("relay") {
            Handle(ChargeAccount.self) { message, context in
                context.publish(
                    AccountCharged(
                        order: message.order, customer: message.customer, amount: message.amount))
            }
        }
        let summary = try check(.exhaustive(crashes: copies == 1 ? 1 : 0, failures: 0)) { world in
            world.run(relay, instances: 2, options: .single)
            world.outside("mail", handles: AccountCharged.self)
            world.deliver(ChargeAccount.example, copies: copies)
            world.finally("told once") { try $0.sent(AccountCharged.self).count == 1 }
        }
        #expect(summary.isExhausted)
    }

    @Test("an event reaches every endpoint that subscribes")
    func events() throws {
        func counting(_ name: String) -> Handlers {
            Handlers(name) {
                Handle(AccountCharged.self, by: { _ in name }) { (_, count: inout Count, _) in
                    count.number += 1
                }
            }
        }
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(billing, options: .single)
            world.run(counting("mail"), options: .single)
            world.run(counting("books"), options: .single)
            world.deliver(ChargeAccount.example)
            for name in ["mail", "books"] {
                world.finally("\(name) counts one") { try $0.state(Count.self, name).number == 1 }
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("a reply comes back to whoever asked")
    func replies() throws {
        let asking = Handlers("asking") {
            Handle(ChargeAccount.self) { message, context in
                context.send(Ask(customer: message.customer))
            }
            Handle(Answer.self, by: \.customer) { (answer, count: inout Count, _) in
                count.number += answer.number
            }
        }
        let answering = Handlers("answering") {
            Handle(Ask.self) { ask, context in
                context.reply(Answer(customer: ask.customer, number: 7))
            }
        }
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(asking, options: .single)
            world.run(answering, options: .single)
            world.deliver(ChargeAccount.example)
            world.finally("the answer") { try $0.state(Count.self, "anna").number == 7 }
        }
        #expect(summary.isExhausted)
    }

    @Test("a message that is sent for later comes later, in no time")
    func delayed() throws {
        let reminding = Handlers("reminding") {
            Handle(ChargeAccount.self) { message, context in
                context.send(Ask(customer: message.customer), after: .days(30))
            }
            Handle(Ask.self, by: \.customer) { (ask, count: inout Count, context) in
                count.number = Int((context.now - Plan.beginning) / .days(1))
            }
        }
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(reminding, options: .single)
            world.deliver(ChargeAccount.example)
            world.finally("a month") { try $0.state(Count.self, "anna").number == 30 }
        }
        #expect(summary.isExhausted)
    }

    @Test("a message that can't be handled ends in the dead letters")
    func deadLetters() throws {
        struct Refused: Error {}
        let refusing = Handlers("refusing") {
            Handle(ChargeAccount.self, by: \.customer) { (_, _: inout Account, _) in
                throw Refused()
            }
        }
        let options = EndpointOptions(
            concurrency: 1, retries: RetryPolicy(immediate: 1, delayed: 1))
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(refusing, deduplication: .outbox, options: options)
            world.deliver(ChargeAccount.example)
            world.finally("one dead letter") { $0.deadLetters == 1 }
            world.finally("out of the way") { $0.waiting(in: "refusing") == 0 }
        }
        #expect(summary.isExhausted)
    }

    @Test("a session's submission is saved, and what it sends is sent", arguments: [false, true])
    func sessions(isTransactional: Bool) throws {
        let deduplication: Deduplication? = isTransactional ? nil : .outbox
        // A message that is looked at again and again makes many states.
        let crashes = isTransactional ? 1 : 0
        let summary = try check(
            .exhaustive(crashes: crashes, failures: 0, executions: 3_000)
        ) { world in
            world.run(billing, deduplication: deduplication, options: .single)
            world.outside("mail", handles: AccountCharged.self)
            world.session(billing, deduplication: deduplication) { session in
                try await session.change(Account.self, "anna", id: "first") { account, context in
                    account.charges.append("42")
                    context.publish(AccountCharged(order: "42", customer: "anna", amount: 10))
                }
            }
            world.finally("saved and sent, or neither") {
                let charges = try $0.state(Account.self, "anna").charges.count
                return try $0.sent(AccountCharged.self).count == charges
            }
        }
        #expect(summary.isExhausted)
        #expect(summary.terminalStates > crashes)
    }

    @Test("sessions without an id are different submissions")
    func freshSessions() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(billing, options: .single)
            world.session(billing, instances: 2) { session in
                try await session.change(Account.self, "anna") { account, _ in
                    account.charges.append("42")
                }
            }
            world.finally("both") { try $0.state(Account.self, "anna").charges.count == 2 }
        }
        #expect(summary.isExhausted)
    }

    @Test("code without an endpoint that acknowledges last is right")
    func plainCode() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.describeConsumer(acknowledgesFirst: false)
        }
        #expect(summary.isExhausted)
    }

    @Test("what is sent to an endpoint outside is seen, and goes no further")
    func outside() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(billing, options: .single)
            world.outside("mail", handles: AccountCharged.self)
            world.deliver(ChargeAccount.example)
            world.finally("sent") { try $0.sent(AccountCharged.self).map(\.order) == ["42"] }
            world.finally("gone") { $0.waiting(in: "mail") == 0 }
        }
        #expect(summary.isExhausted)
    }

    @Test("stale reads, leases that end and copies do no harm")
    func otherFaults() throws {
        for strategy in [
            Strategy.exhaustive(crashes: 0, failures: 0, redeliveries: 1),
            .exhaustive(crashes: 0, failures: 0, duplicates: 1),
            .exhaustive(crashes: 0, failures: 0, staleReads: 1),
        ] {
            let summary = try check(strategy) { world in
                world.run(billing, deduplication: .outbox, options: .single)
                world.outside("mail", handles: AccountCharged.self)
                world.deliver(ChargeAccount.example, copies: 2)
                world.finally("one charge") {
                    try $0.state(Account.self, "anna").charges.count == 1
                }
            }
            #expect(summary.isExhausted)
            #expect(summary.executions > 1)
        }
    }

    @Test("a call that hangs for long does no harm")
    func delays() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 0, delays: 1)) { world in
            world.describeConsumer(acknowledgesFirst: false)
        }
        #expect(summary.isExhausted)
    }

    // MARK: What is wrong

    /// Something wrong, and the property by which it is found.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let property: String
        var strategy = Strategy.exhaustive(crashes: 1, failures: 0)
        let world: @Sendable (World) -> Void
    }

    static let mistakes = [
        Mistake(
            testDescription: "plain code acknowledges before it writes",
            property: "finally: one charge"
        ) { $0.describeConsumer(acknowledgesFirst: true) },
        Mistake(
            testDescription: "a process fails", property: "no process ends by an error",
            strategy: .exhaustive(crashes: 0, failures: 0)
        ) { world in
            world.process("hasty") { _ in throw CancellationError() }
        },
        Mistake(
            testDescription: "an always that does not hold between two writes",
            property: "always: nothing goes missing", strategy: .exhaustive(crashes: 0, failures: 0)
        ) { world in
            let transfer = Handlers("transfer") {
                Handle(ChargeAccount.self, by: { _ in "from" }) {
                    (message, from: inout Count, context) in
                    from.number -= message.amount
                    context.send(Deposit(amount: message.amount))
                }
                Handle(Deposit.self, by: { _ in "to" }) { (deposit, to: inout Count, _) in
                    to.number += deposit.amount
                }
            }
            world.run(transfer, options: .single)
            world.deliver(ChargeAccount.example)
            world.always("nothing goes missing") {
                try $0.state(Count.self, "from").number + $0.state(Count.self, "to").number == 0
            }
        },
        Mistake(
            testDescription: "two messages that depend on their order",
            property: "finally: the first is first", strategy: .exhaustive(crashes: 0, failures: 0)
        ) { world in
            world.run(billing, options: .single)
            world.outside("mail", handles: AccountCharged.self)
            world.deliver(ChargeAccount(order: "1", customer: "anna", amount: 1))
            world.deliver(ChargeAccount(order: "2", customer: "anna", amount: 1))
            world.finally("the first is first") {
                try $0.state(Account.self, "anna").charges == ["1", "2"]
            }
        },
    ]

    @Test("a mistake is found, told step by step, and made again", arguments: mistakes)
    func found(mistake: Mistake) throws {
        let failure = try #require(throws: CheckFailure.self) {
            try check(mistake.strategy, mistake.world)
        }
        let violation = try #require(failure.violations.first)
        #expect(violation.property == mistake.property)
        #expect(!failure.summary.isExhausted)
        #expect("\(failure)".contains(mistake.property))

        let world = World()
        mistake.world(world)
        let examination = Examination(
            plan: world.plan(mistake.strategy.budgets), strategy: mistake.strategy,
            scope: world.scope, replay: { name, choices in "\(name):\(choices)" })
        // PAWL_REPLAY='<name>:<choices>' swift test …
        let replay = try #require(violation.replay?.split(separator: "'").dropFirst().first)
        let choices = examination.choices(in: String(replay))
        let again = try #require(throws: CheckFailure.self) {
            _ = try examination.replay(try #require(choices))
        }
        #expect(again.violations.first?.property == mistake.property)
        #expect(again.violations.first?.choices == violation.choices)
    }

    @Test("a copy that comes when its record has expired is handled again, and that is said")
    func expiry() throws {
        var scope = AlgorithmScope(.outbox)
        scope.consumers = 1
        // It is the second one's commit that sweeps away what has expired.
        scope.messages = 2
        let strategy = Strategy.exhaustive(crashes: 0, failures: 0, duplicates: 1, expiries: 1)
        let examination = Examination(scope, strategy) { name, choices in "\(name):\(choices)" }
        let failure = try #require(throws: CheckFailure.self) { _ = try examination.run() }
        #expect(
            failure.violations.first?.property == "exactly once: no message is applied twice")
        #expect("\(failure)".contains("time goes by until records expire"))
    }

    @Test("a handler that keeps something in memory is told that it must not")
    func memory() throws {
        let error = try #require(throws: CheckError.self) {
            try check(.exhaustive(crashes: 0, failures: 0)) { world in
                let last = Mutex<String>("")
                let handlers = Handlers("billing") {
                    Handle(ChargeAccount.self, by: \.customer) {
                        (message, account: inout Account, _) in
                        let before = last.withLock { last in
                            defer { last += message.order }
                            return last
                        }
                        account.charges.append(before)
                    }
                }
                world.run(handlers, options: .single)
                world.deliver(ChargeAccount.example)
            }
        }
        #expect(error.code == .outOfControl)
        #expect(error.message.contains("state that outlives it"))
    }

    @Test("the diagram names the steps")
    func diagram() throws {
        let failure = try #require(throws: CheckFailure.self) {
            try check(.exhaustive(crashes: 1, failures: 0)) { world in
                world.describeConsumer(acknowledgesFirst: true)
            }
        }
        let text = "\(failure)"
        for step in ["consumer", "acknowledge", "dies", "queues", "PAWL_REPLAY="] {
            #expect(text.contains(step), "\(step)")
        }
    }

    @Test("a replay that does not fit is refused")
    func unfit() throws {
        let world = World()
        world.describeConsumer(acknowledgesFirst: true)
        let strategy = Strategy.exhaustive(crashes: 1, failures: 0)
        let examination = Examination(
            plan: world.plan(strategy.budgets), strategy: strategy, scope: world.scope,
            replay: { name, choices in "\(name):\(choices)" })
        #expect(examination.choices(in: "another:0*3") == nil)
        #expect(examination.choices(in: "\(examination.name):0*3.1") == [0, 0, 0, 1])
        let error = try #require(throws: CheckError.self) { try examination.replay([0, 99]) }
        #expect(error.code == .noSuchReplay)
    }

    @Test(
        "choices are the same after a way through text",
        arguments: [
            [], [0], [3], [0, 0, 0], [1, 0, 0, 2, 2, 2, 17], Array(repeating: 5, count: 999),
        ])
    func choices(places: [Int]) {
        #expect(ChoiceList.places(ChoiceList.text(places)) == places)
    }

    @Test("what is no list of choices is none", arguments: ["x", "1*", "1*2*3", "1.x", "1*999999"])
    func noChoices(text: String) {
        #expect(ChoiceList.places(text) == nil)
    }

    @Test("a scope that is too large is not claimed to be exhausted")
    func tooLarge() throws {
        let error = try #require(throws: CheckError.self) {
            try check(.exhaustive(executions: 20)) { world in
                world.run(billing, instances: 2, deduplication: .outbox)
                world.outside("mail", handles: AccountCharged.self)
                world.deliver(ChargeAccount.example, copies: 2)
            }
        }
        #expect(error.code == .notExhausted)
        #expect(error.summary?.isExhausted == false)
    }

    @Test("memory stays flat, however many executions there are")
    func flatMemory() {
        var scope = AlgorithmScope(.outbox)
        scope.messages = 2
        scope.budgets = Budgets(crashes: 1, failures: 1)
        func use(_ executions: Int) -> Int {
            var limits = ExplorationLimits()
            limits.executions = executions
            let findings = scope.plan.explore(.none, limits)
            #expect(findings.executions == executions)
            return Self.residentPages
        }
        let few = use(1_000)
        let many = use(8_000)
        // 16 MiB; every execution has some hundred allocations.
        #expect(many - few < (16 << 20) / 4_096)
    }

    private static var residentPages: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, file)
        let numbers = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) ?? 0 : 0
    }
}

private struct ChargeAccount: Command {
    static let example = ChargeAccount(order: "42", customer: "anna", amount: 10)
    let order: String
    let customer: String
    let amount: Int
}

private struct AccountCharged: Event {
    let order: String
    let customer: String
    let amount: Int
}

private struct Ask: Command {
    let customer: String
}

private struct Answer: Reply {
    let customer: String
    let number: Int
}

private struct Deposit: Command {
    let amount: Int
}

private struct Account: Entity {
    var balance = 0
    var charges: [String] = []
}

private struct Count: Entity {
    var number = 0
}

private let billing = Handlers("billing") {
    Handle(ChargeAccount.self, by: \.customer) { (message, account: inout Account, context) in
        account.balance -= message.amount
        account.charges.append(message.order)
        context.publish(
            AccountCharged(
                order: message.order, customer: message.customer, amount: message.amount))
    }
}

extension EndpointOptions {
    /// One message at a time: the fewest orders of things.
    fileprivate static let single = EndpointOptions(concurrency: 1)
}

extension World {
    /// A consumer without an endpoint, and one message for it.
    fileprivate func describeConsumer(acknowledgesFirst: Bool) {
        queue("orders", for: [ChargeAccount.typeName])
        process("consumer") { process in
            while true {
                let deliveries = try await process.transport.receive(
                    from: "orders", max: 1, lease: .seconds(30))
                guard let delivery = deliveries.first else { return }
                if acknowledgesFirst {
                    _ = try await process.transport.acknowledge(delivery.receipt)
                }
                let key = DocumentKey(kind: Account.kind, id: "anna")
                let content = Content(body: Array(#"{"balance":-10,"charges":["42"]}"#.utf8))
                _ = try await process.store.write(
                    [.put(key, content, if: .any)], in: PartitionKey("anna"))
                if !acknowledgesFirst {
                    _ = try await process.transport.acknowledge(delivery.receipt)
                }
            }
        }
        deliver(ChargeAccount.example, to: "orders")
        finally("one charge") { try $0.state(Account.self, "anna").charges.count == 1 }
    }
}
