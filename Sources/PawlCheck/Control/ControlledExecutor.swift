@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) internal import _Concurrency
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Runs the tasks of the code under check, one job after the other, on the one thread that owns it.
///
/// Tasks that are started with a preference for it bring all of their children along. What they
/// start without one comes by way of ``DefaultExecutor``. Both ways end here, in one queue, so
/// nothing runs but when ``drain()`` says so. A job that comes from another thread has escaped: it is
/// noted, and handed on to the platform, since the order of things is out of control by then.
///
/// Unchecked: its state is touched by its own thread only, except the note of an escape, which has a
/// lock.
final class ControlledExecutor: TaskExecutor, SchedulingExecutor, @unchecked Sendable {
    @exclusivity(unchecked) private var jobs: [UnownedJob] = []
    @exclusivity(unchecked) private var head = 0
    private let thread = pthread_self()
    private let escape = Mutex<String?>(nil)

    /// Makes an executor for the calling thread.
    init() {}

    /// What was seen to run outside of control, if anything was.
    var seenEscape: String? { escape.withLock { $0 } }

    var isOnOwnThread: Bool { pthread_equal(pthread_self(), thread) != 0 }

    /// Notes that something ran outside of control.
    func noteEscape(_ what: String) {
        escape.withLock { $0 = $0 ?? what }
    }

    func forgetEscape() {
        escape.withLock { $0 = nil }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        guard isOnOwnThread else {
            noteEscape(
                """
                A task of the code under check was resumed by another thread: a callback, a \
                Dispatch queue or a thread of its own. Keep that behind the store, the transport \
                or a Perform handler that the test replaces.
                """)
            return DefaultExecutor.platform.enqueue(job)
        }
        jobs.append(UnownedJob(job))
    }

    func enqueue<C: Clock>(
        _ job: consuming ExecutorJob, after delay: C.Duration, tolerance: C.Duration?, clock: C
    ) {
        noteEscape(
            """
            A task of the code under check sleeps by `Task.sleep` or by a clock (\(C.self)). Let it \
            wait by the environment that it is given.
            """)
        enqueue(job)
    }

    /// Runs jobs until none is left.
    ///
    /// - Parameter limit: After so many jobs it stops.
    /// - Returns: Whether none is left.
    func drain(limit: Int = 1_000_000) -> Bool {
        let executor = asUnownedTaskExecutor()
        var run = 0
        while head < jobs.count {
            guard run < limit else { return false }
            let job = jobs[head]
            head += 1
            run += 1
            job.runSynchronously(on: executor)
        }
        jobs.removeAll(keepingCapacity: true)
        head = 0
        return true
    }
}
