internal import Dispatch

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Says when a socket can be read, and, while that is wanted, when it can be written.
///
/// It watches a duplicate of the socket's descriptor. libpq closes its own as soon as it finds the
/// connection lost; the number would be another connection's the next moment, and Dispatch, which
/// goes by numbers, would take that for the one that it watches already, and never say anything.
///
/// Sendable although it is not guarded by types: it is used on `queue` alone, and once more by
/// whoever cancels it last.
final class SocketSources: @unchecked Sendable {
    private let queue: DispatchQueue
    private let reader: any DispatchSourceRead
    private let writer: any DispatchSourceWrite
    private let descriptor: Int32
    private var isWriting = false
    private var isCancelled = false

    init(_ socket: Int32, on queue: DispatchQueue) {
        self.queue = queue
        descriptor = dup(socket)
        precondition(descriptor >= 0, "The process has no file descriptor left (ulimit -n).")
        reader = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        writer = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    }

    func start(
        readable: @escaping @Sendable () -> Void, writable: @escaping @Sendable () -> Void
    ) {
        reader.setEventHandler(handler: readable)
        writer.setEventHandler(handler: writable)
        reader.resume()
    }

    /// Says whether to tell when the socket can be written. It nearly always can.
    func setWriting(_ wanted: Bool) {
        if isCancelled || wanted == isWriting { return }
        isWriting = wanted
        if wanted { writer.resume() } else { writer.suspend() }
    }

    /// Stops watching.
    ///
    /// - Parameter done: Called when nothing watches any more.
    func cancel(_ done: @escaping @Sendable () -> Void) {
        if isCancelled { return }
        isCancelled = true
        let group = DispatchGroup()
        group.enter()
        group.enter()
        reader.setCancelHandler { group.leave() }
        writer.setCancelHandler { group.leave() }
        reader.cancel()
        writer.cancel()
        // Dispatch does not cancel, nor let go of, what is suspended.
        if !isWriting { writer.resume() }
        group.notify(queue: queue) { [descriptor] in
            close(descriptor)
            done()
        }
    }
}
