internal import Pawl
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How long to wait for a lock that another process holds: short waits, each of another length so
/// that two who wait don't meet for ever, up to a total.
struct Patience: Sendable {
    /// Microseconds.
    let timeout: Int64
    let random: @Sendable () -> UInt64
    /// Says that nobody waits for the moment.
    var haste: Haste?

    // A commit holds the lock for about as long as the disk takes; who holds it for longer than
    // `eagerTries` waits is in no hurry. In microseconds.
    private static let eagerTries = 100
    private static let eagerWait: Int64 = 200
    private static let lazyWait: Int64 = 2000

    /// Waits, unless the waits before have used up the time.
    ///
    /// SQLite's busy handler is synchronous, so this blocks its thread. For whatever writes that
    /// is the connection's own, and no task is held up. A read is done on its caller's thread
    /// (see ``Lane``), and would hold up a task there. But in a write-ahead log nobody who reads
    /// waits for anybody who writes: a reader meets a busy file only while the log is recovered
    /// after a crash or removed by the last one to close it, for moments.
    ///
    /// - Parameter tries: How often this has been called before for the same lock.
    /// - Returns: Whether to try again.
    func wait(try tries: Int) -> Bool {
        if let haste, haste.isOn { return false }
        let eager = Int64(min(tries, Self.eagerTries)) * Self.eagerWait
        let lazy = Int64(max(0, tries - Self.eagerTries)) * Self.lazyWait
        if eager + lazy >= timeout { return false }
        let average = tries < Self.eagerTries ? Self.eagerWait : Self.lazyWait
        let length = average / 2 + Int64(random() % UInt64(average))
        var interval = timeval(tv_sec: 0, tv_usec: .init(length))
        select(0, nil, nil, nil, &interval)
        return true
    }
}

/// Whether the connection that writes is used by a thread that must not wait for other processes.
final class Haste: Sendable {
    private let state = Atomic<Bool>(false)

    /// Set by whoever has the connection, which is one at a time.
    var isOn: Bool {
        get { state.load(ordering: .relaxed) }
        set { state.store(newValue, ordering: .relaxed) }
    }
}

/// Has processes take turns at writing to a file.
///
/// SQLite's lock goes to whoever asks at the right moment. A busy process asks again right after
/// its commit, so one that looks from time to time whether the lock is free would wait for
/// seconds. Hence nobody asks SQLite who has not passed the turnstile, and it stays shut behind
/// whoever passed until they have SQLite's lock: the busy process then has to stand in line.
///
/// It is about fairness only. SQLite's own lock keeps the data right, whatever becomes of the
/// side file, and the system opens the turnstile if its holder dies.
final class Turnstile: Sendable {
    private let descriptor: Int32
    private let patience: Patience

    /// Opens the side file of a database. If that can't be, there are no turns.
    init(path: String, patience: Patience) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        self.patience = patience
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Passes the turnstile, which shuts behind whoever passes.
    ///
    /// - Returns: `false` if that took longer than a call may wait, in which case it goes on
    ///   without a turn.
    @discardableResult
    func enter() -> Bool {
        if descriptor < 0 { return true }
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, patience.wait(try: tries) else {
                return false
            }
            tries += 1
        }
        return true
    }

    /// Lets the next one pass.
    func leave() {
        if descriptor >= 0 { flock(descriptor, LOCK_UN) }
    }

    #if os(Linux)
        // `F_OFD_GETLK` and `F_OFD_SETLK`, which the C library hides behind a macro. Such a lock
        // belongs to the open file, so that this process's own doesn't count as somebody else's.
        private static let askWhoLocks: Int32 = 36
        private static let lock: Int32 = 37

        /// Notes, until this process ends or closes the file, that it listens to the others.
        func noteListener() {
            var request = flock()
            request.l_type = Int16(F_RDLCK)
            request.l_len = 1
            _ = fcntl(descriptor, Self.lock, &request)
        }

        /// Whether another process may listen.
        var hasOtherListeners: Bool {
            var request = flock()
            request.l_type = Int16(F_WRLCK)
            request.l_len = 1
            guard fcntl(descriptor, Self.askWhoLocks, &request) == 0 else { return true }
            return request.l_type != Int16(F_UNLCK)
        }
    #else
        func noteListener() {}
        var hasOtherListeners: Bool { true }
    #endif
}
