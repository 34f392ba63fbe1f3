package import PawlCheck

extension Mutant {
    /// What the checker explores to find the mistake of one that is in the catalogue.
    package var algorithmScope: AlgorithmScope {
        var explored = AlgorithmScope(algorithm)
        explored.consumers = scope.consumers
        explored.messages = (scope.copies > 0 ? 1 : 0) + scope.others
        explored.copies = max(1, scope.copies)
        explored.outputs = scope.outputs
        explored.rejects = scope.rejects
        explored.receivers = scope.receivers
        explored.isLocal = scope.isLocal
        explored.sessions = scope.needsSession ? 1 : 0
        explored.keepsMemory = keepsMemory
        explored.leap = scope.leap
        explored.budgets = budgets
        return explored
    }

    /// What may go wrong, so that the mistake shows.
    package var budgets: Budgets {
        Budgets(
            crashes: scope.crashes, failures: scope.failures,
            redeliveries: scope.needsLeaseEnd ? 1 : 0, expiries: scope.needsExpiry ? 1 : 0,
            staleReads: scope.needsStaleRead ? 1 : 0, delays: scope.needsGivingUp ? 1 : 0)
    }

    /// Where the mistake is looked for, one after the other, what costs little first. Of a mistake
    /// in the catalogue it is known where it shows.
    package var scopes: [AlgorithmScope] {
        guard let mutation else { return [algorithmScope] }
        let scopes = mutation.call.phase == .process ? messageScopes : sessionScopes
        return scopes.map { scope in
            var scope = scope
            scope.keepsMemory = keepsMemory
            return scope
        }
    }

    /// Where a mistake is looked for at random if it shows in none of those: what takes two or three
    /// faults beside a rival, of an algorithm with many calls.
    var largeScopes: [AlgorithmScope] {
        guard let mutation, base == "outbox-staged" else { return [] }
        guard mutation.call.phase != .process else {
            return [
                explored(2, copies: 2, Budgets(crashes: 1, failures: 1)) {
                    $0.keepsMemory = keepsMemory
                }
            ]
        }
        return [
            explored(2) {
                $0.sessions = 1
                $0.resubmissions = 2
                $0.keepsMemory = keepsMemory
            },
            explored(1, messages: 0, Budgets(crashes: 1, delays: 1)) {
                $0.sessions = 1
                $0.keepsMemory = keepsMemory
            },
            explored(2, Budgets(delays: 2)) {
                $0.sessions = 1
                $0.keepsMemory = keepsMemory
            },
        ]
    }

    private func explored(
        _ consumers: Int, messages: Int = 1, copies: Int = 1, _ budgets: Budgets = Budgets(),
        _ change: (inout AlgorithmScope) -> Void = { _ in }
    ) -> AlgorithmScope {
        var scope = AlgorithmScope(algorithm)
        scope.consumers = consumers
        // One message alone always fits.
        scope.outputs = algorithm.largestDocument == nil ? 1 : 2
        scope.messages = messages
        scope.copies = copies
        scope.budgets = budgets
        change(&scope)
        return scope
    }

    private var messageScopes: [AlgorithmScope] {
        var scopes = [
            explored(1),
            explored(1, Budgets(crashes: 1)),
            explored(1, copies: 2),
            explored(1, Budgets(failures: 1)),
            explored(2, copies: 2),
            explored(2, messages: 2),
            explored(2, Budgets(redeliveries: 1)),
            explored(1, copies: 2, Budgets(crashes: 1, failures: 1)),
            explored(2, copies: 2, Budgets(crashes: 1)),
            explored(2, copies: 2, Budgets(failures: 1)),
            explored(2, messages: 2, Budgets(crashes: 1)),
            explored(2, messages: 2, Budgets(failures: 1)),
            explored(1, copies: 2, Budgets(crashes: 2)),
            explored(2, copies: 2, Budgets(crashes: 1, failures: 1)),
            explored(2, messages: 2, copies: 2),
            explored(2, copies: 2, Budgets(crashes: 2)),
            explored(2, messages: 2, copies: 2, Budgets(crashes: 1)),
        ]
        if base == "outbox-staged" {
            // One who is done dies, his copy tidies up, and a rival who has laid something down dies.
            scopes.append(explored(2, Budgets(crashes: 2, redeliveries: 1)))
        }
        if base == "inbox" || base == "tokens" {
            scopes.insert(explored(2, Budgets(crashes: 1, redeliveries: 1)), at: 7)
        }
        if base == "replay" {
            // Another copy would send what the first one has lost.
            scopes.insert(explored(1, Budgets(crashes: 1, failures: 1)), at: 7)
        }
        if base == "natural" {
            // What a copy makes good for shows where there is none.
            scopes.insert(explored(1, Budgets(crashes: 2)), at: 4)
        }
        if base == "transactional" {
            scopes += [
                explored(1, Budgets(crashes: 1)) { $0.isLocal = true },
                explored(1, Budgets(failures: 1)) { $0.isLocal = true },
                explored(2, Budgets(redeliveries: 1)) { $0.isLocal = true },
                explored(2, messages: 2, Budgets(crashes: 1, failures: 1)) { $0.isLocal = true },
            ]
        }
        return scopes
    }

    private var sessionScopes: [AlgorithmScope] {
        func session(
            messages: Int = 0, consumers: Int = 1, _ budgets: Budgets = Budgets(),
            _ change: (inout AlgorithmScope) -> Void = { _ in }
        ) -> AlgorithmScope {
            explored(consumers, messages: messages, budgets) {
                $0.sessions = 1
                change(&$0)
            }
        }
        var scopes = [
            session(),
            session(Budgets(crashes: 1)),
            session(Budgets(failures: 1)),
            session { $0.resubmissions = 2 },
            session(messages: 1),
            session(Budgets(delays: 1)),
            session(Budgets(crashes: 1, failures: 1)),
            session(Budgets(crashes: 2)),
            session(messages: 1, Budgets(crashes: 1)),
            session(messages: 1, Budgets(failures: 1)),
            session(Budgets(crashes: 1)) { $0.resubmissions = 2 },
            session(Budgets(crashes: 1, delays: 1)),
            session(Budgets(failures: 1, delays: 1)),
            session(consumers: 2, Budgets(crashes: 1)),
            session(Budgets(delays: 1)) { $0.resubmissions = 2 },
            session(messages: 1, consumers: 2, Budgets(crashes: 1, delays: 1)),
        ]
        if base == "inbox" {
            scopes.append(session(Budgets(crashes: 1, delays: 1)) { $0.resubmissions = 2 })
        }
        if base == "outbox-staged" {
            scopes.insert(session(messages: 1, consumers: 2, Budgets(crashes: 1)), at: 5)
            scopes.insert(session(Budgets(failures: 1)) { $0.resubmissions = 2 }, at: 5)
        }
        // Where an algorithm leaves something behind as it is, none of its mutants is found: a claim
        // of a resubmission that dies.
        if base == "inbox-eventual" {
            return scopes.filter { $0.resubmissions == 1 || $0.budgets.crashes == 0 }
        }
        return scopes
    }
}
