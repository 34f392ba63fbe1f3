// The one file of the library that asks the machine for time, sleep and randomness.
// TidyTests holds every other file to that.
import FoundationEssentials

extension Environment {
    /// The machine's own clock, timers and random generator.
    public static let system = Environment(
        now: { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
        sleep: { try await Task.sleep(for: $0) },
        random: { UInt64.random(in: .min ... .max) }
    )
}
