internal import ServiceLifecycle

/// Removes, a little at a time, what has expired from a store.
package struct Sweeping: Sendable {
    /// Removes at most so many and says whether there may be more.
    package typealias Sweep = @Sendable (Int) async throws(BackendError) -> Bool

    private let environment: Environment
    private let sweeps: [Sweep]

    private static let interval: Duration = .seconds(60)
    /// Small, so that nobody waits long for a sweep.
    private static let batch = 200

    package init(environment: Environment, sweeps: [Sweep]) {
        self.environment = environment
        self.sweeps = sweeps
    }

    /// Sweeps every minute until the service is shut down.
    package func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await sweep()
                // Cancellation is how this ends, so it is not an error here.
                try? await environment.sleep(environment.jittered(Self.interval))
            }
        }
    }

    /// Removes all that has expired by now.
    package func sweep() async {
        for sweep in sweeps {
            // What keeps the sweep from its work, such as a full disk, is reported to those whose
            // calls matter; what has expired stays invisible meanwhile, and the next sweep is due
            // in a minute.
            while !Task.isCancelled, (try? await sweep(Self.batch)) == true {}
        }
    }
}
