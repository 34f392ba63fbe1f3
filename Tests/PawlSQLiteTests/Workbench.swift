import Foundation
import Pawl
import Synchronization

@testable import PawlSQLite

/// A directory of its own for one test, with a clock that the test sets.
final class Workbench: Sendable {
    let directory: URL
    private let clock = Mutex<Int64>(1_000_000)

    init() throws {
        directory = URL.temporaryDirectory.appending(path: "pawl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    /// A clock that stands still, and sleep that only ends by cancellation.
    var environment: Environment {
        Environment(
            now: { Timestamp(microseconds: self.clock.withLock { $0 }) },
            sleep: { _ in try await Task.sleep(for: .seconds(3600)) },
            random: { .random(in: .min ... .max) })
    }

    func advance(by duration: Duration) {
        clock.withLock { $0 += duration.components.seconds * 1_000_000 }
    }

    func path(_ name: String = "test.sqlite") -> String {
        directory.appending(path: name).path
    }

    func store(_ options: SQLiteOptions = SQLiteOptions()) throws -> SQLiteStore {
        try SQLiteStore.open(path(), options: options, environment: environment)
    }

    func transport(_ options: SQLiteOptions = SQLiteOptions()) throws -> SQLiteTransport {
        try SQLiteTransport.open(path(), options: options, environment: environment)
    }

    /// A database with the queues `billing` and `shipping`.
    func database(_ options: SQLiteOptions = SQLiteOptions()) async throws -> SQLiteDatabase {
        let database = try SQLiteDatabase.open(
            path(), options: options, environment: environment)
        for name in ["billing", "shipping"] {
            _ = try await database.register(Registration(endpoint: name, types: ["Charge"]))
        }
        return database
    }
}

func account(_ id: String) -> DocumentKey { DocumentKey(kind: "Account", id: id) }

func json(_ text: String, expires: Timestamp? = nil) -> Content {
    Content(body: Array(text.utf8), expires: expires)
}

func message(_ name: String, to queue: String = "billing", size: Int = 2) -> Outgoing {
    Outgoing(
        Envelope(
            id: MessageID(name), type: "Charge", body: Array(repeating: 32, count: size),
            sentAt: Timestamp(microseconds: 1)),
        to: queue)
}

extension BackendError? {
    var text: String { self?.description ?? "no error" }
}

/// The error that a call throws, if it throws one.
func error<Value>(
    of call: () async throws(BackendError) -> Value
) async -> BackendError? {
    do throws(BackendError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}

/// Keeps a connection's queue busy, so that what is called meanwhile makes up one round.
final class Gate: Sendable {
    private let isHeld = Mutex(false)
    private let opened = DispatchSemaphore(value: 0)

    /// Blocks the queue's own thread until the gate opens.
    func hold() {
        isHeld.withLock { $0 = true }
        opened.wait()
    }

    func waitUntilHeld() async {
        while !isHeld.withLock({ $0 }) { await Task.yield() }
    }

    func open() { opened.signal() }
}
