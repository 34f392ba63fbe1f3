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
        /// Whether something was heard while nobody listened.
        var hasMissed = false
    }

    private let log: String
    private let turnstile: Turnstile?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - log: The path of the write-ahead log.
    ///   - turnstile: Knows whether other processes listen.
    init(log: String, turnstile: Turnstile?) {
        self.log = log
        self.turnstile = turnstile
    }

    /// Whether somebody waits for other processes' messages.
    var isListening: Bool { state.withLock { $0.listeners > 0 } }

    /// Tells the other processes, if there are any that listen, that there are new messages. This
    /// process would hear itself, which costs it as much as a small message does.
    func announce() {
        if turnstile?.hasOtherListeners == false { return }
        utimensat(AT_FDCWD, log, nil, 0)
    }

    /// Begins to listen, if nobody else in this process does already.
    ///
    /// - Parameter heard: Called after each signal, this process's own included, and once at the
    ///   very beginning: nobody heard what was committed before that, and whoever is about to wait
    ///   may have looked too early to see it.
    func listen(_ heard: @escaping @Sendable () -> Void) {
        let hasMissed = state.withLock { state in
            state.listeners += 1
            guard state.listeners == 1 else { return false }
            defer { state.hasMissed = false }
            if state.watcher == nil {
                // Before the first look: whoever commits after it knows of this process.
                turnstile?.noteListener()
                state.watcher = FileWatcher(log) { [weak self] in self?.hear(heard) }
                state.hasMissed = true
            }
            // Signals that come while it is suspended are kept for it.
            state.watcher?.resume()
            return state.hasMissed
        }
        if hasMissed { heard() }
    }

    /// Stops listening once nobody waits any more.
    func stopListening() {
        state.withLock { $0.listeners -= 1 }
    }

    /// A busy process does not hear the others all the time: the first signal that nobody waits
    /// for is the last one, until somebody waits again. To suspend the watcher only then, rather
    /// than whenever nobody waits, spares an idle process the effort for every message.
    private func hear(_ heard: @Sendable () -> Void) {
        let isWanted = state.withLock { state in
            if state.listeners > 0 { return true }
            state.hasMissed = true
            state.watcher?.suspend()
            return false
        }
        if isWanted { heard() }
    }
}
