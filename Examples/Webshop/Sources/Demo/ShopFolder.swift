import Foundation

/// The services of the shop. Each one runs in processes of its own.
enum ShopService: String, CaseIterable, Sendable {
    case carts, orders, billing, shipping

    /// How many processes run a service at the same time. More than one, so that two of them work
    /// on the same account, and one goes on while the other is dead.
    static let instances = 2
}

/// Which shop it is of the two that the demo runs.
enum ShopMode: String, Sendable {
    /// With ``Naive`` in place of deduplication.
    case naive
    /// With Pawl.
    case pawl
}

/// One run's files.
struct ShopFolder: Sendable {
    let path: String
    let algorithm: DemoOptions.Algorithm

    /// The file with a service's entities.
    func store(of service: ShopService) -> String {
        file(algorithm.isApart ? "\(service.rawValue).sqlite" : "shop.sqlite")
    }

    /// The file with everybody's queues.
    var queue: String {
        file(algorithm.isApart ? "queue.sqlite" : "shop.sqlite")
    }

    /// The file with the tokens of all messages that are under way.
    var tokens: String { file("tokens.sqlite") }

    /// One byte for each duplicate that was delivered.
    var duplicates: String { file("duplicates.txt") }
    /// The letters to customers.
    var letters: String { file("letters.txt") }
    /// The audit as SQL, for the sqlite3 program.
    var auditQueries: String { file("audit.sql") }

    /// What the processes of a service have to say; usually nothing.
    func log(of service: ShopService, _ instance: Int) -> String {
        file("\(service.rawValue)-\(instance).log")
    }

    private func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// The folder that holds both runs.
struct DemoFolder {
    let path: String
    let isTemporary: Bool

    /// Creates the folder, or takes an empty one.
    ///
    /// - Parameter path: Where; `nil` for a temporary folder.
    /// - Throws: A ``DemoError`` if it can't be written, or if there is something in it: two demos
    ///   in one folder would be audited as one.
    init(_ path: String?) throws {
        let files = FileManager.default
        isTemporary = path == nil
        if let path {
            self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        } else {
            let name = "pawl-demo-\(ProcessInfo.processInfo.processIdentifier)"
            self.path = files.temporaryDirectory.appendingPathComponent(name).path
        }
        do {
            try files.createDirectory(atPath: self.path, withIntermediateDirectories: true)
            guard try files.contentsOfDirectory(atPath: self.path).isEmpty else {
                throw DemoError(
                    "\(self.path) is not empty. Name another folder, or remove what is in it.")
            }
        } catch let error as DemoError {
            throw error
        } catch {
            throw DemoError("\(self.path) can't be used: \(error.localizedDescription)")
        }
        guard files.isWritableFile(atPath: self.path) else {
            throw DemoError("\(self.path) can't be written. Name another folder with --data.")
        }
    }

    /// Makes the folder of one run.
    func run(_ mode: ShopMode, _ algorithm: DemoOptions.Algorithm) throws -> ShopFolder {
        let path = "\(self.path)/\(mode.rawValue)"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
        } catch {
            throw DemoError("\(path) can't be made: \(error.localizedDescription)")
        }
        return ShopFolder(path: path, algorithm: algorithm)
    }

    /// Removes the folder if it is a temporary one.
    func removeIfTemporary() {
        // What can't be removed lies where the system tidies up by itself.
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }
}
