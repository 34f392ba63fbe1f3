import Foundation
import Testing

// In the same suite, which is serialized: there is one simulated disk in a process.
extension PowerCutTests {
    @Test("loses nothing that a Pawl database has answered, and its queue and documents agree")
    func pawlKeepsWhatItAnswered() async throws {
        let rounds =
            ProcessInfo.processInfo.environment["PAWL_SOAK_ROUNDS"].flatMap { Int($0) } ?? 40
        let replayed = ProcessInfo.processInfo.environment["PAWL_SEED"].flatMap { UInt64($0) }
        for seed in replayed.map({ [$0] })
            ?? (0..<rounds).map({ _ in UInt64.random(in: 0 ... .max) })
        {
            let findings = try await DatabaseRound(seed: seed).run()
            #expect(findings == [], "PAWL_SEED=\(seed)")
        }
    }

    @Test("does lose what a Pawl database has answered if the disk ignores syncs")
    func lyingDiskLosesPawlsAnswers() async throws {
        var findings: [String] = []
        for seed: UInt64 in 1...20 where findings.isEmpty {
            // A database that is damaged beyond opening is lost as well.
            do {
                findings += try await DatabaseRound(seed: seed, ignoresSyncs: true).run()
            } catch {
                findings.append("\(error)")
            }
        }
        #expect(!findings.isEmpty)
    }
}
