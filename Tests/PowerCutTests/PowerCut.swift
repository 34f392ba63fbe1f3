import CPowerCut
import Foundation

/// A machine whose power can be cut, as SQLite sees it: databases in its directory survive only as
/// far as they were synced. `CPowerCut.h` says what is modelled.
///
/// For example:
///
///     let machine = try PowerCut.install()
///     let database = try DatabaseQueue(path: machine.path(of: "test.sqlite"))
///     machine.cutAfter(operations: 100, seed: seed)
///     // … commit until it throws …
///     machine.cut(seed: seed)  // unless that happened by itself
///     try? database.close()
///     try machine.powerOn()
///     // … open the database again, and look …
///
/// There is one for the process, and it is the default VFS of every connection that is opened
/// meanwhile (those on files elsewhere do not notice). Keep its tests in one serialized suite.
final class PowerCut: Sendable {
    /// Why the machine could not be had or turned on.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Where the databases have to be. Removed with the machine.
    let directory: URL

    private init(directory: URL) {
        self.directory = directory
    }

    /// A machine with an empty directory, and the power on.
    static func install() throws -> PowerCut {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("power-cut-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let status = powercut_install(directory.path)
        guard status == 0 else {
            try? FileManager.default.removeItem(at: directory)
            throw Failure(
                description: status == EBUSY
                    ? "Another PowerCut is installed: put the tests into one serialized suite."
                    : "PowerCut could not be installed: \(String(cString: strerror(status))).")
        }
        return PowerCut(directory: directory)
    }

    deinit {
        powercut_uninstall()
        try? FileManager.default.removeItem(at: directory)
    }

    /// The path to open a database by.
    func path(of name: String) -> String {
        directory.appendingPathComponent(name).path
    }

    /// Cuts the power, if it is on. What is left of the files follows from the seed.
    func cut(seed: UInt64) {
        powercut_cut(seed)
    }

    /// Lets the power be cut in the middle of the n-th write, truncation, sync or deletion from
    /// now.
    func cutAfter(operations: Int, seed: UInt64) {
        powercut_cut_after(UInt64(operations), seed)
    }

    /// Whether the power is off.
    var isOff: Bool {
        powercut_is_off()
    }

    /// Turns the power on again, once all that was open when it was cut is closed.
    func powerOn() throws {
        let open = powercut_power_on(10_000)
        guard open == 0 else {
            throw Failure(
                description: "\(open) files are still open: close the old connections first.")
        }
    }

    /// Makes the disk a liar: syncs succeed and do nothing. To prove that a test can fail.
    func ignoreSyncs() {
        powercut_ignore_syncs(true)
    }

    /// Writes and syncs of each kind of file so far, and what became of them in the cuts.
    var statistics: powercut_statistics {
        powercut_read_statistics()
    }
}
