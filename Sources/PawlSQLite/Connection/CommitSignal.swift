internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Lets processes that share a file hear of one another's messages at once and without polling.
///
/// After a commit with messages in it, the sender sets the times of the write-ahead log; those who
/// wait watch its attributes. Its content would be the wrong thing to watch: it is written
/// *before* the commit becomes visible, so whoever looks then sees nothing yet, and nothing is
/// written afterwards. A signal that gets lost, because the sender died right after its commit,
/// costs no more than the receivers' own slow look.
///
/// The log rather than the database, because closing any descriptor of a database file would drop
/// the locks that this process holds on it.
final class CommitSignal: Sendable {
    private struct State {
        var listeners = 0
        var watcher: FileWatcher?
    }

    private let log: String
    private let state = Mutex(State())

    init(log: String) {
        self.log = log
    }

    /// Whether somebody waits for other processes' messages.
    var isListening: Bool { state.withLock { $0.listeners > 0 } }

    /// Tells the other processes that there are new messages.
    func announce() {
        utimensat(AT_FDCWD, log, nil, 0)
    }

    /// Begins to listen, if nobody else in this process does already.
    ///
    /// - Parameter heard: Called after each signal, this process's own included, and once at the
    ///   very beginning: nobody heard what was committed before that, and whoever is about to wait
    ///   may have looked too early to see it.
    func listen(_ heard: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.listeners += 1
            guard state.listeners == 1 else { return }
            if state.watcher == nil {
                state.watcher = FileWatcher(log, heard)
                heard()
            }
            // Signals that come while it is suspended are kept for it.
            state.watcher?.resume()
        }
    }

    /// Stops listening once nobody waits any more: a busy process does not hear itself all the
    /// time.
    func stopListening() {
        state.withLock { state in
            state.listeners -= 1
            if state.listeners == 0 { state.watcher?.suspend() }
        }
    }
}
