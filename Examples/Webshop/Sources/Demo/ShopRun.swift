import Foundation
import Logging
import Pawl
import Synchronization

/// One run of the shop, from the opening of an empty one until everything has come to rest.
struct ShopRun: Sendable {
    /// How far a run has come.
    struct Progress: Sendable, Equatable {
        /// Carts that customers have been promised.
        var submitted = 0
        /// Customers who were told that their order is on its way.
        var told = 0
        /// Processes killed.
        var kills = 0
        /// Messages that are in a queue.
        var messages = 0

        /// Whether there was progress since. Messages that come and go for ever are none.
        fileprivate func isAhead(of earlier: Progress) -> Bool {
            (submitted, told, kills) != (earlier.submitted, earlier.told, earlier.kills)
                || messages < earlier.messages
        }
    }

    /// How a run went. What became of the orders, only the stores can say; see ``Audit``.
    struct Summary: Sendable {
        var kills = 0
        var duplicatesDelivered = 0
        var seconds = 0.0
        /// What had not come to rest in time; `nil` if all had.
        var unrest: String?
    }

    /// For how long a run may make no progress before it counts as stuck.
    private static let longestStandstill: Duration = .seconds(30)
    /// How often the files are looked at.
    private static let interval: Duration = .milliseconds(100)
    /// So many looks in a row have to find the queues empty: a delivery that chaos hands out a
    /// second time may still be handled after its message is gone.
    private static let looksAtRest = 5

    let options: DemoOptions
    let mode: ShopMode
    let folder: ShopFolder
    /// The `pawl` command.
    let executable: URL

    /// Runs the shop.
    ///
    /// - Parameter report: Is told how far it has come, some times a second.
    /// - Returns: How it went.
    /// - Throws: A ``DemoError`` if the processes can't be kept running, or what a backend throws.
    func run(reporting report: @escaping @Sendable (Progress) -> Void) async throws -> Summary {
        let start = ContinuousClock.now
        try await open()
        let supervisor = Supervisor(executable, mode, in: folder, seed: options.seed)
        var summary = Summary()
        summary.unrest = try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                await supervisor.run()
                return nil
            }
            let result: Result<String?, any Error>
            do {
                result = .success(try await operate(supervisor, &summary, report))
            } catch {
                result = .failure(error)
            }
            await supervisor.stop()
            try await group.waitForAll()
            return try result.get()
        }
        try ShopFiles.tidy(folder)
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        summary.duplicatesDelivered = try size(of: folder.duplicates)
        return summary
    }

    /// Creates all files and queues: an event goes to those whose queues are known.
    private func open() async throws {
        let chaos = Chaos(seed: 0, tally: nil)
        for service in ShopService.allCases {
            let deployment = try Deployment(
                service, mode, in: folder, chaos: chaos, logger: Logger(label: "webshop"))
            try await deployment.endpoint.register()
        }
        _ = try AppendOnlyFile(folder.duplicates)
    }

    /// Lets customers in and the monkey loose; returns when all is at rest, or what is not.
    private func operate(
        _ supervisor: Supervisor, _ summary: inout Summary,
        _ report: @escaping @Sendable (Progress) -> Void
    ) async throws -> String? {
        try await waitUntilReady(supervisor)
        let timetable = Timetable(options)
        let monkey = Monkey(options, timetable, supervisor)
        let customers = Customers(options, timetable, supervisor, after: monkey)
        let unrest = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monkey.run() }
            group.addTask { try await customers.run() }
            // The others end by cancellation if this gives up.
            defer { group.cancelAll() }
            return try await watch(supervisor, monkey, customers, report)
        }
        summary.kills = monkey.kills
        return unrest
    }

    private func waitUntilReady(_ supervisor: Supervisor) async throws {
        let deadline = ContinuousClock.now + Self.longestStandstill
        while supervisor.ready().count < ShopService.allCases.count * ShopService.instances {
            try supervisor.check()
            guard ContinuousClock.now < deadline else {
                throw DemoError(
                    """
                    The processes of the shop were not ready after \(Self.longestStandstill); the \
                    logs in \(folder.path) may say why.
                    """)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func watch(
        _ supervisor: Supervisor, _ monkey: Monkey, _ customers: Customers,
        _ report: @escaping @Sendable (Progress) -> Void
    ) async throws -> String? {
        let files = try ShopFiles(folder)
        var last = Progress()
        var lastChange = ContinuousClock.now
        var looksAtRest = 0
        while true {
            try await Task.sleep(for: Self.interval)
            try supervisor.check()
            // Noted before the look into the queues, so that nothing new can come after it.
            let isOver = monkey.isDone && customers.areDone
            var progress = try await files.look()
            progress.kills = monkey.kills
            progress.submitted = customers.answered
            report(progress)
            looksAtRest = isOver && progress.messages == 0 ? looksAtRest + 1 : 0
            if looksAtRest == Self.looksAtRest { return nil }
            if progress.isAhead(of: last) {
                last = progress
                lastChange = .now
            }
            if ContinuousClock.now - lastChange > Self.longestStandstill {
                return """
                    there was no progress for \(Self.longestStandstill), but \
                    \(progress.messages) messages are still in the queues, \
                    \(progress.submitted) of \(options.orders) carts have been submitted and \
                    \(progress.kills) of \(options.kills) processes killed
                    """
            }
        }
    }

    private func size(of path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.size] as? Int) ?? 0
    }
}
