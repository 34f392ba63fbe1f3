import Pawl
import Testing

@testable import PawlCheck

/// The states of the code as the specs have them: what `make specs` compares must neither hide what
/// a spec has nor bring together what differs.
@Suite("States as the specs have them", .timeLimit(.minutes(2)))
struct ProjectionTests {
    private func scope(
        _ algorithm: AlgorithmUnderCheck, crashes: Int = 0, failures: Int = 0,
        redeliveries: Int = 0, messages: Int = 1, copies: Int = 2
    ) -> AlgorithmScope {
        var scope = AlgorithmScope(algorithm)
        scope.messages = messages
        scope.copies = copies
        scope.budgets = Budgets(
            crashes: crashes, failures: failures, redeliveries: redeliveries)
        return scope
    }

    @Test("of the transactional algorithm are as many as the checker tells apart")
    func transactional() throws {
        let scope = scope(.transactional, crashes: 1, failures: 1, redeliveries: 1)
        let graph = try SpecScope(.transactional, scope).states()
        #expect(graph.count == graph.checkerStates)
        #expect(graph.count == 1_143)
    }

    /// What was looked at of a state.
    private struct Look: Hashable {
        let key: Digest
        let world: Digest
        let budgets: Budgets
    }

    @Test(
        "of the outbox are fewer only where a process has been answered what it no longer needs",
        arguments: [(1, 1, 1, 2), (1, 0, 2, 1)])
    func outbox(crashes: Int, failures: Int, messages: Int, copies: Int) {
        var plan = scope(
            .outbox, crashes: crashes, failures: failures, messages: messages,
            copies: copies
        ).plan
        plan.tellsCopiesApart = true
        let told = plan
        let (looks, hands) = ExplorerThread.run { executor in
            var projection = OutboxProjection()
            var looks: [String: Set<Look>] = [:]
            var hands: [String: [String]] = [:]
            var search = Search(
                Simulation(told, on: executor), Reductions(sleepSets: false, symmetry: false))
            search.reached = { simulation, _, _ in
                let state = projection.state(of: simulation)
                looks[state.text, default: []].insert(
                    Look(
                        key: simulation.key(isSymmetric: false), world: simulation.worldDigest,
                        budgets: simulation.world.budgets))
                hands[state.text] = state.hands.map(\.hand.step)
            }
            _ = search.run()
            return (looks, hands)
        }
        let merged = looks.filter { $0.value.count > 1 }
        #expect(!merged.isEmpty)
        for (state, looks) in merged {
            // The world is the same, and so is what may still go wrong.
            #expect(Set(looks.map(\.world)).count == 1)
            #expect(Set(looks.map(\.budgets)).count == 1)
            // Somebody is past the point where it matters what he has read.
            #expect(
                hands[state]?.contains { ["mark", "reload", "acknowledge"].contains($0) } == true)
        }
    }

    @Test("of the inbox have a record before the entity forgets, or both, but never neither")
    func inbox() throws {
        let graph = try SpecScope(.inbox, scope(.inbox)).states()
        let saved = graph.states.filter { !$0.contains("committed = {}") }
        #expect(saved.contains { !$0.contains("records = {}") })
        #expect(
            saved.allSatisfy {
                // The first variable is the document; what processes have in hand comes later.
                !$0.contains("records = {}")
                    || $0.prefix { $0 != "\t" }.contains("state |-> \"pending\"")
            })
        // What is written next is taken from the past: each step has to be met.
        for step in ["load", "check", "save", "send", "add", "forget", "reload", "acknowledge"] {
            #expect(graph.states.contains { $0.contains("at |-> \"\(step)\"") }, "\(step)")
        }
        #expect(!graph.states.contains { $0.contains("another call") })
    }

    @Test("of tokens know each attempt by its name, and meet each step")
    func tokens() throws {
        let graph = try SpecScope(.tokens, scope(.tokens)).states()
        #expect(!graph.states.contains { $0.contains("unknown") || $0.contains("another call") })
        // Which step a call belongs to is taken from the past. Nobody is late, and nothing changes
        // under who clears, unless a lease ends.
        let steps = [
            "load", "check", "register", "make", "save", "reread", "undo", "send", "consume",
            "revoke", "clear", "acknowledge",
        ]
        for step in steps {
            #expect(graph.states.contains { $0.contains("at |-> \"\(step)\"") }, "\(step)")
        }
        // As many as TLC finds.
        #expect(graph.count == 1_901)
    }

    @Test("of replay are as many as the checker tells apart", arguments: [false, true])
    func replay(rejects: Bool) throws {
        var scope = scope(.replay, crashes: 1, failures: 1)
        scope.rejects = rejects
        let graph = try SpecScope(.replay, scope).states()
        #expect(graph.count == graph.checkerStates)
        #expect(graph.count == (rejects ? 1_866 : 2_014))
        #expect(
            !graph.states.contains {
                $0.contains("unknown") || $0.contains("another call") || $0.contains("another id")
                    || $0.contains("another time")
            })
        for step in ["look", "load", "save", "send", "acknowledge"] {
            #expect(graph.states.contains { $0.contains("at |-> \"\(step)\"") }, "\(step)")
        }
    }

    @Test("of replay have a premise of every message whose effect is saved, from its own delivery")
    func premises() throws {
        let graph = try SpecScope(.replay, scope(.replay)).states()
        let saved = graph.states.filter { !$0.contains("committed = {}") }
        #expect(!saved.isEmpty)
        // No two attempts are made at the same time, so each copy may be the one that is saved.
        for copy in 1...2 {
            let attempt = "<<\"m1\", \(copy), 1>>"
            #expect(
                saved.contains {
                    $0.contains("committed = {\(attempt)}")
                        && $0.contains(
                            "premises = {[id |-> \"m1\", given |-> <<>>, at |-> \(attempt)]}")
                })
        }
        #expect(saved.allSatisfy { !$0.contains("premises = {}") })
    }

    @Test("of the outbox beside its entity know whose page each is, and meet each step")
    func outboxStaged() throws {
        var scope = scope(.outboxStaged)
        scope.outputs = 2
        let graph = try SpecScope(.outboxStaged, scope).states()
        #expect(
            !graph.states.contains {
                $0.contains("unknown") || $0.contains("another call")
                    || $0.contains("another state") || $0.contains("no attempt's messages")
            })
        // Which step a call belongs to is taken from the past.
        let steps = [
            "load", "fence", "look", "lay", "save", "withdraw", "unlook", "unlist", "gather",
            "recheck", "send", "mark", "reload", "peek", "clear", "close", "acknowledge",
        ]
        for step in steps {
            #expect(graph.states.contains { $0.contains("at |-> \"\(step)\"") }, "\(step)")
        }
        // Both messages are on one page, which is there as long as it is named.
        let named = graph.states.filter {
            // The first variable is the document; what processes have in hand comes later.
            $0.prefix { $0 != "\t" }.contains("state |-> \"staged\"")
        }
        #expect(!named.isEmpty)
        #expect(named.allSatisfy { $0.contains(", <<1, 2>>>>") })
        // As many as TLC finds.
        #expect(graph.count == 2_231)
    }

    @Test("of the inbox for weak reads know whose each claim is, and meet each step")
    func claimInbox() throws {
        var scope = scope(.inboxEventual)
        scope.budgets.staleReads = 1
        let graph = try SpecScope(.claimInbox, scope).states()
        #expect(
            !graph.states.contains {
                $0.contains("unknown") || $0.contains("another call")
                    || $0.contains("another state")
            })
        // Which step a call belongs to is taken from the past. With one message nothing changes
        // under who removes a claim.
        let steps = [
            "load", "claim", "stamp", "look", "yield", "save", "send", "forget", "reload",
            "acknowledge",
        ]
        for step in steps {
            #expect(graph.states.contains { $0.contains("at |-> \"\(step)\"") }, "\(step)")
        }
        // What was saved is stamped, though the stamp can't be seen by everybody yet.
        let saved = graph.states.filter { !$0.contains("committed = {}") }
        #expect(!saved.isEmpty)
        #expect(saved.allSatisfy { !$0.contains("stamps = (\"m1\" :> <<>>)") })
        // As many as TLC finds.
        #expect(graph.count == 3_309)
    }

    @Test("of natural tell no attempts apart, and have the same messages whoever sends them")
    func natural() throws {
        let graph = try SpecScope(.natural, scope(.natural, messages: 2)).states()
        #expect(!graph.states.contains { $0.contains("unknown") || $0.contains("unreadable") })
        #expect(
            !graph.states.contains {
                $0.contains("another call") || $0.contains("something else")
            })
        for step in ["load", "save", "send", "acknowledge"] {
            #expect(graph.states.contains { $0.contains("at |-> \"\(step)\"") }, "\(step)")
        }
        // As many as TLC finds.
        #expect(graph.count == 354)
        #expect(graph.checkerStates > graph.count)
    }

    @Test("are the same whether or not orders are left out")
    func sleepSets() throws {
        let scope = scope(.outbox, crashes: 1)
        let all = try SpecScope(.outbox, scope).states()
        let fewer = try SpecScope(.outbox, scope).states(Reductions(symmetry: false))
        #expect(Set(all.states) == Set(fewer.states))
        #expect(all.count == 1_182)
    }

    @Test("are written with the shortest way to each")
    func ways() throws {
        let graph = try SpecScope(.transactional, scope(.transactional)).states()
        let lines = graph.lines.map { $0.split(separator: "\t") }
        #expect(lines.count == graph.count)
        #expect(Set(lines.map { $0[0] }).count == graph.count)
        var lengths = [lines[0][0]: 0]
        var last = 0
        for line in lines.dropFirst() {
            let length = try #require(lengths[line[1]]) + 1
            #expect(length >= last)
            lengths[line[0]] = length
            last = length
        }
        #expect(lines[1][2] == "receive c1")
    }

    @Test("of a session that died before it had saved show its tombstone")
    func tombstones() throws {
        var scope = scope(.outbox, crashes: 1, messages: 0)
        scope.consumers = 1
        scope.sessions = 1
        let graph = try SpecScope(.session, scope).states()
        #expect(graph.states.contains { $0.contains("state |-> \"tombstone\"") })
        #expect(graph.states.contains { $0.contains("at |-> \"dead\"") })
    }

    @Test("follow one another in traces, the same ones for the same seed")
    func traces() {
        let scope = SpecScope(.outbox, scope(.outbox, crashes: 1, failures: 1))
        let traces = scope.traces(20, seed: 7)
        #expect(traces == scope.traces(20, seed: 7))
        #expect(traces != scope.traces(20, seed: 8))
        #expect(traces.allSatisfy { $0.hasPrefix("<<[action |-> \"receive\"") })
        #expect(traces.contains { $0.contains("action |-> \"crash\"") })
    }

    @Test("are written as TLA+ writes values")
    func values() {
        #expect(TLA.sequence([]) == "<<>>")
        #expect(TLA.set(["2", "1", "2"]) == "{1, 2}")
        #expect(
            TLA.record([("a", TLA.truth(true)), ("b", TLA.text("x"))])
                == "[a |-> TRUE, b |-> \"x\"]")
        #expect(TLA.function([("2", "b"), ("1", "a")]) == "(1 :> a @@ 2 :> b)")
        #expect(TLA.function([]) == "<<>>")
    }
}
