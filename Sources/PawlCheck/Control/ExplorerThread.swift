#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A thread of its own for an exploration, so that it neither holds up the pool that the caller may
/// run on nor is disturbed by it.
enum ExplorerThread {
    /// Runs a body on a thread of its own and waits for it.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable (ControlledExecutor) -> Value
    ) -> Value {
        run([body])[0]
    }

    /// Runs several bodies, each on a thread of its own, and waits for all of them.
    static func run<Value: Sendable>(
        _ bodies: [@Sendable (ControlledExecutor) -> Value]
    ) -> [Value] {
        let seats = bodies.map { body in
            Seat<Value> {
                let executor = ControlledExecutor()
                DefaultExecutor.redirectThisThread(to: executor)
                defer { DefaultExecutor.redirectThisThread(to: nil) }
                return body(executor)
            }
        }
        let threads = seats.map { $0.start() }
        return zip(seats, threads).map { $0.wait(for: $1) }
    }
}

/// What a thread is to do, and its result. Unchecked: the thread writes the result before it ends,
/// and it is read after the thread was joined.
private final class Seat<Value: Sendable>: @unchecked Sendable {
    private let body: () -> Value
    private var value: Value?

    init(_ body: @escaping () -> Value) {
        self.body = body
    }

    func start() -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // The code under check may recurse deeply; the default of a thread is small on some systems.
        pthread_attr_setstacksize(&attributes, 16 << 20)
        defer { pthread_attr_destroy(&attributes) }
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let seat = Unmanaged.passRetained(ErasedSeat { [self] in value = body() })
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                #if canImport(Darwin)
                    let opaque = argument
                #else
                    guard let opaque = argument else { return nil }
                #endif
                Unmanaged<ErasedSeat>.fromOpaque(opaque).takeRetainedValue().run()
                return nil
            }, seat.toOpaque())
        precondition(result == 0, "no thread could be started: error \(result)")
        #if canImport(Darwin)
            guard let thread else { preconditionFailure("a started thread has a name") }
        #endif
        return thread
    }

    func wait(for thread: pthread_t) -> Value {
        pthread_join(thread, nil)
        guard let value else { preconditionFailure("the thread ended without a result") }
        return value
    }
}

/// A C callback can't be generic.
private final class ErasedSeat {
    let run: () -> Void

    init(_ run: @escaping () -> Void) {
        self.run = run
    }
}
