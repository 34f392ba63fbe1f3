package import PawlCheck

extension Mutant {
    /// What the checker explores to find the mistake.
    package var algorithmScope: AlgorithmScope {
        var explored = AlgorithmScope(algorithm)
        explored.consumers = scope.consumers
        explored.messages = (scope.copies > 0 ? 1 : 0) + scope.others
        explored.copies = max(1, scope.copies)
        explored.outputs = scope.outputs
        explored.isLocal = scope.isLocal
        explored.sessions = scope.needsSession ? 1 : 0
        explored.keepsMemory = keepsMemory
        return explored
    }

    /// What may go wrong, so that the mistake shows.
    package var budgets: Budgets {
        Budgets(
            crashes: scope.crashes, failures: scope.failures,
            redeliveries: scope.needsLeaseEnd ? 1 : 0, delays: scope.needsGivingUp ? 1 : 0)
    }
}
