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
        // It dies when its wait is over, or half a second later; then it waits anew.
        let plan = plan(
            Budgets(crashes: 1),
            Plan.Role(name: "late") { process in
                try? await process.environment.sleep(.seconds(10))
                await process.put("a", Int(process.environment.now().microseconds))
            },
            Plan.Role(name: "clock") { process in
                try? await process.environment.sleep(.milliseconds(10_500))
            })
        #expect(expectSameEnds(plan).terminals.count == 4)
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
        func sloth(_ name: String, restarts: Bool) -> Plan.Role {
            Plan.Role(name: name, restarts: restarts, forgets: true) { process in
                while let delivery = try? await process.database.receive(
                    from: Self.queue, max: 1, lease: .seconds(30)
                ).first {
                    // The first time it lets the lease run out, unless it dies before.
                    guard (try? await process.number("seen")) == 1 else {
                        await process.put("seen", 1)
                        continue
                    }
                    await process.put(name, Int(process.environment.now().microseconds))
                    _ = try? await process.database.acknowledge(delivery.receipt)
                }
            }
        }
        // Only if the second has it and dies can the first have it at once.
        let plan = plan(
            Budgets(crashes: 1), copies: 1, sloth("mortal", restarts: false),
            sloth("immortal", restarts: true))
        #expect(expectSameEnds(plan).terminals.count > 2)
    }

    @Test("whose lease ends, of two that hold copies of one message")
    func leases() {
        let plan = plan(
            Budgets(redeliveries: 1), copies: 2,
            Plan.Role(name: "consumer", instances: 2) { process in
                while let delivery = try? await process.database.receive(
                    from: Self.queue, max: 1, lease: .seconds(30)
                ).first {
                    _ = try? await process.number("a")
                    _ = try? await process.database.acknowledge(delivery.receipt)
                }
            })
        let most = ExplorerThread.run { executor in
            var most = 0
            _ = Simulation(plan, on: executor).replay { _, candidates in
                let ends = candidates.map(\.transition).filter { $0.kind == .leaseEnds }
                most = max(most, Set(ends).count)
                // Both receive before either goes on.
                let next = candidates.firstIndex { $0.transition.detail != 0 } ?? 0
                return candidates.isEmpty || candidates[next].transition.isFault ? nil : next
            }
            return most
        }
        #expect(most == 2)
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
                let lives = simulation.world.processes.reduce(0) { $0 + $1.incarnation + 1 }
                let written = simulation.world.documents.count { $0.content != nil }
                let isOnceEach = simulation.world.documents.allSatisfy { $0.writes <= 1 }
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
}
