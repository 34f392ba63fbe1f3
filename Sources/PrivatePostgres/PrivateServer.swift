// Foundation has the only portable way to start a program.
internal import Foundation
internal import Synchronization

/// A PostgreSQL server of one's own, for demonstrations, benchmarks and tests: with a data folder
/// of its own, on the loopback address, on a free port, from the programs of the distribution.
///
/// It ends when ``stop()`` is called, when this object goes, or when this process ends, however it
/// does: a shell beside the server waits for that.
package final class PrivateServer: Sendable {
    /// Why there is no server.
    package struct Failure: Error, CustomStringConvertible {
        /// What happened, and what to do about it.
        package let description: String
    }

    private struct State {
        var keeper: Process?
        var leash: Pipe?
    }

    private let programs: String
    private let folder: String
    private let port: Int
    private let settings: [String]
    private let state = Mutex(State())
    /// Foundation on Linux has been seen to crash when two processes are started at once.
    private static let starting = Mutex(())

    /// Starts a server, in a folder that is empty, or is one of an earlier server.
    ///
    /// - Parameters:
    ///   - folder: Where the data go.
    ///   - settings: Further settings, such as `fsync=off`.
    /// - Throws: ``Failure`` if there are no programs, or they say that something is wrong.
    package init(in folder: String, settings: [String] = []) throws {
        programs = try Self.findPrograms()
        self.folder = folder
        self.settings = settings
        port = try Self.freePort()
        try start()
    }

    deinit { stop() }

    /// Where it is. Every user of this machine may connect, as anyone.
    package var url: String { "postgres://postgres@127.0.0.1:\(port)/postgres" }

    /// The server's log.
    package var log: String {
        (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "there is no log"
    }

    /// Starts it anew, at the same place.
    ///
    /// - Throws: ``Failure``
    package func start() throws {
        let keeper = Process()
        keeper.executableURL = URL(fileURLWithPath: "/bin/sh")
        keeper.arguments = ["-c", Self.script, "sh", programs, folder, "\(port)"] + settings
        let leash = Pipe()
        let words = Pipe()
        keeper.standardInput = leash
        keeper.standardOutput = words
        keeper.standardError = words
        do {
            try Self.starting.withLock { _ in try keeper.run() }
        } catch {
            throw Failure(description: "No shell can be started: \(error)")
        }
        state.withLock { $0 = State(keeper: keeper, leash: leash) }
        var said = ""
        while true {
            let data = words.fileHandleForReading.availableData
            if data.isEmpty { break }
            said += String(decoding: data, as: UTF8.self)
            if said.contains("pawl: ready\n") { return }
        }
        stop()
        throw Failure(description: "The PostgreSQL server did not start. It said:\n\(said)")
    }

    /// Stops it in an orderly way.
    package func stop() {
        let (keeper, leash) = state.withLock { state in
            defer { state = State() }
            return (state.keeper, state.leash)
        }
        guard let keeper, let leash else { return }
        // That it is closed already means that the process is gone, which is what is wanted.
        try? leash.fileHandleForWriting.close()
        keeper.waitUntilExit()
    }

    /// Kills it with SIGKILL, as a loss of power would end it but for what the disk has not got.
    ///
    /// - Throws: ``Failure`` if it does not run.
    package func kill() throws {
        let file = (try? String(contentsOfFile: folder + "/postmaster.pid", encoding: .utf8)) ?? ""
        guard let pid = file.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw Failure(description: "There is no server in \(folder) to be killed.")
        }
        Foundation.kill(pid, SIGKILL)
        stop()
    }

    /// Keeps the server until its input ends. Its own words go to the log.
    private static let script = """
        programs=$1 data=$2 port=$3
        shift 3
        settings="-c listen_addresses=127.0.0.1 -c unix_socket_directories= -p $port"
        for setting in "$@"; do settings="$settings -c $setting"; done
        as() {
            if [ "$(id -u)" = 0 ]; then
                setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
            else
                "$@"
            fi
        }
        cd /
        mkdir -p "$data" && chmod 700 "$data" || exit 1
        if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$data" || exit 1; fi
        if ! [ -e "$data/PG_VERSION" ]; then
            as "$programs/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \\
                --no-sync >/dev/null || exit 1
            # The role `secretive`, if there is one, needs its password.
            as sh -c 'f="$1/pg_hba.conf"; { echo "host all secretive 127.0.0.1/32 scram-sha-256"
                cat "$f"; } >"$f.new" && mv "$f.new" "$f"' sh "$data" || exit 1
        fi
        as "$programs/pg_ctl" -D "$data" -s -w -t 60 -l "$data/log" -o "$settings" start \\
            </dev/null || { tail "$data/log"; exit 1; }
        echo "pawl: ready"
        exec >/dev/null 2>&1
        cat
        kill -0 "$(head -n 1 "$data/postmaster.pid")" || exit 0
        as "$programs/pg_ctl" -D "$data" -s -m fast -w stop
        """

    private static func findPrograms() throws -> String {
        let files = FileManager.default
        let versions = (try? files.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let places =
            versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
            .map { "/usr/lib/postgresql/\($0)/bin" }
            + path.split(separator: ":").map(String.init)
        for place in places where files.isExecutableFile(atPath: place + "/initdb") {
            return place
        }
        throw Failure(
            description: "There is no PostgreSQL server here. Install the package `postgresql`.")
    }

    /// Asks the system for a port that nobody uses now.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "There is no socket left.") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Failure(description: "There is no free port.") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
