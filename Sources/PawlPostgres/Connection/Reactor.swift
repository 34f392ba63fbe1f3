// A thread of our own, and `poll`: Dispatch was tried, and on Linux its sources fall silent for
// ever when a connection is reset while they are being armed again.
internal import Foundation
internal import Pawl
internal import Synchronization

/// One thread that waits for the sockets of all connections, and touches them.
///
/// Sendable although it is not guarded by types: but for the mailbox, all is touched by its thread
/// alone.
final class Reactor: @unchecked Sendable {
    /// What a watched connection waits for.
    struct Interest: OptionSet {
        let rawValue: Int16
        static let reading = Interest(rawValue: Int16(POLLIN))
        static let writing = Interest(rawValue: Int16(POLLOUT))
    }

    /// A connection as the reactor sees it. It is asked before each wait, since libpq may have
    /// closed its socket, or opened another, whenever it was called.
    protocol Watched: AnyObject {
        /// The socket; negative if there is none.
        var socket: Int32 { get }
        var interest: Interest { get }
        /// Called when the socket is ready for what it waits for, or has failed.
        func ready()
        /// When to lose patience.
        var deadline: ContinuousClock.Instant? { get }
        /// Called at the deadline.
        func losePatience()
    }

    private struct Mailbox {
        var works: [@Sendable () -> Void] = []
        var isWaiting = false
    }

    private struct Timer {
        let deadline: ContinuousClock.Instant
        let work: @Sendable () -> Void
    }

    /// The process's one. It is started when it is first needed, and stays.
    static let shared = Reactor()

    private let mailbox = Mutex(Mailbox())
    private let wakeUp: (read: Int32, write: Int32)
    private var watched: [ObjectIdentifier: any Watched] = [:]
    private var timers: [Timer] = []

    private init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "The process has no file descriptor left (ulimit -n).")
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wakeUp = (ends[0], ends[1])
        let thread = Thread { [self] in
            while true { turn() }
        }
        thread.name = "pawl.postgres"
        thread.start()
    }

    /// Has something done on the reactor's thread, after what was asked for before.
    func perform(_ work: @escaping @Sendable () -> Void) {
        let isWaiting = mailbox.withLock { mailbox in
            mailbox.works.append(work)
            defer { mailbox.isWaiting = false }
            return mailbox.isWaiting
        }
        // A full pipe wakes it as well.
        if isWaiting { _ = write(wakeUp.write, [UInt8(1)], 1) }
    }

    /// Has something done after some time. Called on the reactor's thread.
    func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
        timers.append(Timer(deadline: .now + delay, work: work))
    }

    /// Begins to watch. Called on the reactor's thread.
    func watch(_ connection: any Watched) {
        watched[ObjectIdentifier(connection)] = connection
    }

    /// Ends it. Called on the reactor's thread.
    func forget(_ connection: any Watched) {
        watched[ObjectIdentifier(connection)] = nil
    }

    private func turn() {
        let works = mailbox.withLock { mailbox in
            defer { mailbox.works = [] }
            return mailbox.works
        }
        for work in works { work() }
        wait()
        // After the sockets: who has an answer there has not waited in vain.
        runTimers()
    }

    private func runTimers() {
        let now = ContinuousClock.now
        let due = timers.filter { $0.deadline <= now }
        timers.removeAll { $0.deadline <= now }
        for timer in due { timer.work() }
        for connection in Array(watched.values) where (connection.deadline ?? now + .days(1)) <= now
        {
            connection.losePatience()
        }
    }

    private func wait() {
        let connections = Array(watched.values)
        var descriptors = [pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0)]
        for connection in connections {
            // `poll` passes over what is negative.
            descriptors.append(
                pollfd(fd: connection.socket, events: connection.interest.rawValue, revents: 0))
        }
        let hasWork = mailbox.withLock { mailbox in
            mailbox.isWaiting = mailbox.works.isEmpty
            return !mailbox.works.isEmpty
        }
        let count = poll(&descriptors, nfds_t(descriptors.count), hasWork ? 0 : timeout)
        mailbox.withLock { $0.isWaiting = false }
        if count <= 0 { return }
        if descriptors[0].revents != 0 {
            var buffer = [UInt8](repeating: 0, count: 64)
            while read(wakeUp.read, &buffer, buffer.count) > 0 {}
        }
        for (connection, descriptor) in zip(connections, descriptors.dropFirst())
        where descriptor.revents != 0 && watched[ObjectIdentifier(connection)] != nil {
            connection.ready()
        }
    }

    /// Until the next timer or deadline, in milliseconds, rounded up; -1 if there is none.
    private var timeout: Int32 {
        let deadlines = timers.map(\.deadline) + watched.values.compactMap(\.deadline)
        guard let next = deadlines.min() else { return -1 }
        let left = ContinuousClock.now.duration(to: next)
        if left <= .zero { return 0 }
        return Int32(min(left / .milliseconds(1), 60_000).rounded(.up))
    }
}
