import Pawl
import Testing

@testable import PawlCheck

/// What the key of a state or the footprint of a step might forget, each in the smallest world in
/// which that would show: a search that leaves out would miss an end that plain search reaches.
@Suite("States are told apart by all that matters", .timeLimit(.minutes(2)))
struct StateTests {
    private static let queue = "orders"

    /// A plan with these roles, and copies of one message.
    private func plan(
        _ budgets: Budgets = Budgets(), copies: Int = 0, _ roles: Plan.Role...
    ) -> Plan {
        var plan = Plan()
        plan.budgets = budgets
        plan.checksMessages = false
        plan.endpoints = [Self.queue: ["Order"]]
        plan.consumed = [Self.queue]
        if copies > 0 {
            let envelope = Envelope(
                id: MessageID("order"), type: "Order", body: [], sentAt: Plan.beginning)
            plan.messages = [
                Plan.Message(
                    envelope: envelope, queue: Self.queue, copies: copies, isLocal: false)
            ]
        }
        plan.roles = roles
        return plan
    }

    @Test("when a process began its life")
    func beginnings() {
        let plan = plan(
            Budgets(crashes: 1),
            Plan.Role(name: "late") { process in
                _ = try? await process.number("a")
                try? await process.environment.sleep(.seconds(10))
                await process.put("a", Int(process.environment.now().microseconds))
            },
            Plan.Role(name: "clock") { process in
                try? await process.environment.sleep(.seconds(1))
                await process.put("b", 1)
            })
        #expect(expectSameEnds(plan).terminals.count > 2)
    }

    @Test("whether it is the one that is dead")
    func deaths() {
        let plan = plan(
            Budgets(crashes: 1),
            Plan.Role(name: "writer", instances: 2, restarts: false) { process in
                await process.put("a", Int(process.environment.random() >> 8))
            })
        #expect(expectSameEnds(plan).terminals.count >= 4)
    }

    @Test("whether it is the one that hangs")
    func hanging() {
        let plan = plan(
            Budgets(delays: 1),
            Plan.Role(name: "writer", instances: 2) { process in
                let number = (try? await process.number("a")) ?? 0
                await process.put("a", number + 1)
            },
            Plan.Role(name: "clock") { process in
                try? await process.environment.sleep(.seconds(5))
                await process.put("b", (try? await process.number("a")) ?? 0)
            })
        #expect(expectSameEnds(plan).terminals.count > 2)
    }

    @Test("what it holds though it has forgotten it")
    func holdings() {
        let plan = plan(
            Budgets(crashes: 1), copies: 1,
            Plan.Role(name: "sloth", instances: 2, forgets: true) { process in
                while let delivery = try? await process.database.receive(
                    from: Self.queue, max: 1, lease: .seconds(30)
                ).first {
                    await process.put("last", process.index)
                    // The first time it lets the lease run out.
                    guard delivery.attempt > 1 else { continue }
                    _ = try? await process.database.acknowledge(delivery.receipt)
                }
            })
        var symmetric = plan
        // What it writes shows which of the two it is.
        symmetric.roles[0].isSymmetric = false
        #expect(expectSameEnds(symmetric).terminals.count > 2)
    }

    @Test("whose lease has ended, of two that hold copies of one message")
    func leases() {
        let plan = plan(
            Budgets(redeliveries: 1), copies: 2,
            Plan.Role(name: "slow") { await $0.consume { await $0.put("last", 1) } },
            Plan.Role(name: "quick") { await $0.consume { _ in } })
        #expect(expectSameEnds(plan).terminals.count > 1)
    }

    @Test("how often a message was given back before it was gone")
    func duplicates() {
        let plan = plan(
            Budgets(duplicates: 1), copies: 1,
            Plan.Role(name: "consumer", instances: 2) { process in
                while let delivery = try? await process.database.receive(
                    from: Self.queue, max: 1, lease: .seconds(30)
                ).first {
                    let number = (try? await process.number("a")) ?? 0
                    if number == 0 {
                        await process.put("a", 1)
                        _ = try? await process.database.release(delivery.receipt, after: .zero)
                    } else {
                        _ = try? await process.database.acknowledge(delivery.receipt)
                    }
                }
            })
        expectSameEnds(plan)
    }

    @Test("which endpoints there are by now")
    func endpoints() {
        let plan = plan(
            Budgets(),
            Plan.Role(name: "newcomer") { process in
                _ = try? await process.number("a")
                _ = try? await process.database.register(
                    Registration(endpoint: "new", types: ["Order"]))
            },
            Plan.Role(name: "sender") { process in
                _ = try? await process.number("b")
                let directory = try? await process.database.directory(fresh: true)
                await process.put("c", directory?.handlers(of: "Order").count ?? 0)
            })
        #expect(expectSameEnds(plan).terminals.count == 2)
    }

    @Test("a random number comes up once only, in all processes and all of their lives")
    func random() {
        let plan = plan(
            Budgets(crashes: 1),
            Plan.Role(name: "drawer", instances: 2) { process in
                let number = process.environment.random()
                await process.put("drawn \(number)", 1)
                await process.put("done \(process.environment.random())", 1)
            })
        var checked = plan
        checked.finally.append(
            Plan.Property(name: "as many numbers as lives") { snapshot in
                let simulation = snapshot.simulation
                let lives = simulation.processes.reduce(0) { $0 + $1.incarnation + 1 }
                let written = simulation.documents.count { $0.content != nil }
                let isOnceEach = simulation.documents.allSatisfy { $0.writes <= 1 }
                return isOnceEach && (4...2 * lives).contains(written)
            })
        let findings = checked.explore()
        #expect(findings.failure == nil)
        #expect(findings.isExhausted)
    }

    @Test("no property can look at an order that is left to chance")
    func order() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.queue("log", for: ["Line"])
            for text in ["a", "b"] {
                world.process("writer \(text)") { process in
                    let line = Envelope(
                        id: MessageID(text), type: "Line", body: try JSON.encode(Line(text: text)),
                        sentAt: process.environment.now())
                    try await process.transport.send([Outgoing(line, to: "log")])
                }
            }
            let expected = ["a", "b"].sorted { MessageID($0) < MessageID($1) }
            world.finally("by id") { try $0.sent(Line.self).map(\.text) == expected }
        }
        #expect(summary.isExhausted)
    }
}

private struct Line: Command {
    static let typeName = "Line"
    let text: String
}

extension SimulatedProcess {
    private static let partition = PartitionKey("p")

    fileprivate func number(_ id: String) async throws -> Int? {
        let key = DocumentKey(kind: "Number", id: id)
        let body = try await database.read(key, in: Self.partition)?.content.body
        return body.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    fileprivate func put(_ id: String, _ number: Int) async {
        let key = DocumentKey(kind: "Number", id: id)
        let content = Content(body: Array(String(number).utf8))
        _ = try? await database.write([.put(key, content, if: .any)], in: Self.partition)
    }

    /// Reads before it does its work, so that a lease may end in between.
    fileprivate func consume(_ work: (SimulatedProcess) async -> Void) async {
        while let delivery = try? await database.receive(
            from: "orders", max: 1, lease: .seconds(30)
        ).first {
            _ = try? await number("last")
            await work(self)
            _ = try? await database.acknowledge(delivery.receipt)
        }
    }
}
