// Dispatch, which nothing else here uses, is the one way to wait for a file without a thread.
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Calls back whenever the attributes of a file change, while it is not suspended.
final class FileWatcher: Sendable {
    private struct State {
        let source: any DispatchSourceProtocol
        var isSuspended = true
    }

    private let state: Mutex<State>

    /// Creates a watcher, suspended at first.
    ///
    /// - Returns: `nil` if the system can't watch the file.
    init?(_ path: String, _ changed: @escaping @Sendable () -> Void) {
        guard let source = Self.source(watching: path, changed) else { return nil }
        state = Mutex(State(source: source))
    }

    deinit {
        resume()  // Dispatch does not allow a suspended source to go.
        state.withLock { $0.source.cancel() }
    }

    func resume() {
        state.withLock { state in
            if state.isSuspended { state.source.resume() }
            state.isSuspended = false
        }
    }

    func suspend() {
        state.withLock { state in
            if !state.isSuspended { state.source.suspend() }
            state.isSuspended = true
        }
    }

    #if os(Linux)
        private static func source(
            watching path: String, _ heard: @escaping @Sendable () -> Void
        ) -> (any DispatchSourceProtocol)? {
            let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
            guard descriptor >= 0 else { return nil }
            guard inotify_add_watch(descriptor, path, UInt32(IN_ATTRIB)) >= 0 else {
                close(descriptor)
                return nil
            }
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
            source.setEventHandler {
                // What happened is known; the events only have to be taken away.
                withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
                    while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
                }
                heard()
            }
            source.setCancelHandler { close(descriptor) }
            return source
        }
    #else
        private static func source(
            watching path: String, _ heard: @escaping @Sendable () -> Void
        ) -> (any DispatchSourceProtocol)? {
            let descriptor = open(path, O_EVTONLY)
            guard descriptor >= 0 else { return nil }
            let source = DispatchSource.makeFileSystemObjectSource(
                fileDescriptor: descriptor, eventMask: .attrib)
            source.setEventHandler { heard() }
            source.setCancelHandler { close(descriptor) }
            return source
        }
    #endif
}
