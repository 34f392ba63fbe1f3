@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) internal import _Concurrency

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The process's default executor while there is a checker in it: the platform's, except on threads
/// that explore, where jobs go to the ``ControlledExecutor`` of the thread.
///
/// That catches `Task {}`, `Task.detached` and the like, which don't follow the preference of the
/// task that starts them. It rests on an interface of the standard library that is not settled yet,
/// and so is used in this folder only.
///
/// Unchecked: it has no state.
final class DefaultExecutor: TaskExecutor, SchedulingExecutor, @unchecked Sendable {
    private static let shared = DefaultExecutor()
    static let platform = PlatformExecutorFactory.defaultExecutor

    private struct Factory: ExecutorFactory {
        static var mainExecutor: any MainExecutor { PlatformExecutorFactory.mainExecutor }
        static var defaultExecutor: any TaskExecutor { DefaultExecutor.shared }
    }

    /// The key under which a thread that explores keeps its executor.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = pthread_key_create(&key, nil)
        precondition(result == 0, "no thread-specific key is left in this process")
        return key
    }()

    /// Evaluated once: from then on this is the default executor.
    private static let installed: Void = _createExecutors(factory: Factory.self)

    /// Makes jobs that are started on this thread go to an executor, or no longer.
    static func redirectThisThread(to executor: ControlledExecutor?) {
        _ = installed
        // The thread keeps the executor alive on its stack for as long as it explores.
        pthread_setspecific(key, executor.map { Unmanaged.passUnretained($0).toOpaque() })
    }

    private var controlled: ControlledExecutor? {
        pthread_getspecific(Self.key).map {
            Unmanaged<ControlledExecutor>.fromOpaque($0).takeUnretainedValue()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        if let controlled { controlled.enqueue(job) } else { Self.platform.enqueue(job) }
    }

    func enqueue<C: Clock>(
        _ job: consuming ExecutorJob, after delay: C.Duration, tolerance: C.Duration?, clock: C
    ) {
        if let controlled {
            controlled.enqueue(job, after: delay, tolerance: tolerance, clock: clock)
        } else if let platform = Self.platform as? any SchedulingExecutor {
            platform.enqueue(job, after: delay, tolerance: tolerance, clock: clock)
        } else {
            preconditionFailure("the platform's executor can't wait")
        }
    }
}
