import Foundation
import Synchronization

/// Starts the processes of a shop, and starts each one anew when it has died.
final class Supervisor: Sendable {
    private struct Position: Hashable {
        let service: ShopService
        let instance: Int
    }

    private struct State {
        var children: [Position: Child] = [:]
        var isStopping = false
        var failure: DemoError?
    }

    /// After so many ends that nobody has asked for, something is wrong with the shop itself.
    private static let maximumFailures = 5
    /// For how long a process may finish what it has begun.
    private static let patience: Duration = .seconds(10)

    private let executable: URL
    private let mode: ShopMode
    private let folder: ShopFolder
    private let seed: UInt64
    private let state = Mutex(State())

    init(_ executable: URL, _ mode: ShopMode, in folder: ShopFolder, seed: UInt64) {
        self.executable = executable
        self.mode = mode
        self.folder = folder
        self.seed = seed
    }

    /// Keeps all processes running until ``stop()``; returns when all have ended.
    func run() async {
        await withDiscardingTaskGroup { group in
            for service in ShopService.allCases {
                for instance in 0..<ShopService.instances {
                    group.addTask {
                        await self.keep(Position(service: service, instance: instance))
                    }
                }
            }
        }
    }

    /// The processes that serve at the moment, in a fixed order; of one service or of all.
    func ready(_ service: ShopService? = nil) -> [Child] {
        state.withLock { state in
            ShopService.allCases.filter { service == nil || $0 == service }.flatMap { service in
                (0..<ShopService.instances).compactMap { instance in
                    state.children[Position(service: service, instance: instance)]
                }
            }.filter(\.isReady)
        }
    }

    /// Throws if the processes don't stay alive by themselves.
    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Ends all processes: first they are asked, then killed.
    func stop() async {
        let children = state.withLock { state in
            state.isStopping = true
            return Array(state.children.values)
        }
        await withDiscardingTaskGroup { group in
            for child in children { group.addTask { await Self.end(child) } }
        }
    }

    private static func end(_ child: Child) async {
        child.terminate()
        await withDiscardingTaskGroup { group in
            // Ends early when the child has, or when the demo itself is to end at once.
            group.addTask {
                try? await Task.sleep(for: patience)
                _ = await child.kill()
            }
            await child.waitUntilOver()
            group.cancelAll()
        }
    }

    private func keep(_ position: Position) async {
        var failures = 0
        var incarnation = 0
        while failures < Self.maximumFailures {
            do {
                guard let child = try start(position, incarnation) else { return }
                await child.waitUntilOver()
                if state.withLock({ $0.isStopping }) { return }
                if !child.wasKilled { failures += 1 }
            } catch {
                return fail(DemoError("A process of the shop can't be started: \(error)"))
            }
            incarnation += 1
        }
        fail(
            DemoError(
                """
                A process of \(position.service) has ended \(failures) times by itself; \
                \(folder.log(of: position.service, position.instance)) may say why.
                """))
    }

    private func start(_ position: Position, _ incarnation: Int) throws -> Child? {
        let log = try AppendOnlyFile(folder.log(of: position.service, position.instance))
        let assignment = ServiceProcess.Assignment(
            service: position.service.rawValue, mode: mode.rawValue,
            algorithm: folder.algorithm.rawValue, folder: folder.path, seed: seed,
            instance: position.instance, incarnation: incarnation)
        // Under the lock, so that a stop at the same moment misses no child.
        return try state.withLock { state in
            if state.isStopping { return nil }
            let child = try Child(executable, assignment, log: log.handle)
            state.children[position] = child
            return child
        }
    }

    private func fail(_ failure: DemoError) {
        state.withLock { $0.failure = $0.failure ?? failure }
    }
}
