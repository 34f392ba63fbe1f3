extension Plan {
    func sample(
        count: Int, seed: UInt64, cores: Int, progress: @escaping @Sendable (Findings) -> Void
    ) -> Findings {
        preconditionFailure("replaced by the sampling branch")
    }
}
