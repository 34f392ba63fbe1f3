import PawlCheck
import PawlMutants

/// How soon a mutant's mistake is found at random: the median over several seeds.
struct SampledMutant: Encodable {
    /// The number of seeds.
    static let seeds = 20

    let mutant: String
    let algorithm: String
    /// Whether it was found with more than half of the seeds.
    let found: Bool
    /// The median, over all seeds, of the executions until it was found, in the first scope in which
    /// it was found; or, where it was not, all that were made in the last one.
    let executions: Int
    /// With how many seeds it was found.
    let seeds: Int

    init(_ mutant: Mutant, sample: Int, from seed: UInt64, cores: Int) {
        self.mutant = mutant.name
        algorithm = mutant.base
        let hunts = (0..<Self.seeds).map { number in
            Hunt(for: mutant, .sampled(sample, seed: seed &+ UInt64(number), cores: cores))
        }
        seeds = hunts.count(where: \.isFound)
        found = 2 * seeds > hunts.count
        executions =
            hunts.map { $0.explored.last?.summary.executions ?? 0 }.sorted()[hunts.count / 2]
    }

    static func table(_ rows: [SampledMutant]) -> String {
        let name = rows.map(\.mutant.count).max() ?? 0
        func line(_ first: String, _ seeds: String, _ executions: String) -> String {
            [Words.left(first, name), Words.right(seeds, 9), Words.right(executions, 18)]
                .joined(separator: "  ")
        }
        return
            ([line("mutant", "found", "executions, median")]
            + rows.map { row in
                line(row.mutant, "\(row.seeds) of \(Self.seeds)", Words.grouped(row.executions))
            }).joined(separator: "\n")
    }
}
