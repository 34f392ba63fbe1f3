import Foundation
import Synchronization

/// Stands between a client and the server, and cuts the connection after so many bytes.
final class CuttingProxy: Sendable {
    enum Direction: Sendable { case toServer, toClient }

    private struct State {
        /// How many bytes may still pass in a direction; `nil` for any number.
        var left: (direction: Direction, bytes: Int)?
        var open: [Int32] = []
        var hasCut = false
    }

    let port: Int
    private let listener: Int32
    private let server: Int
    private let state = Mutex(State())

    init(before server: Int) throws {
        self.server = server
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
        signal(SIGPIPE, SIG_IGN)
        Thread.detachNewThread { [listener, weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let self else { return }
                self.relay(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Lets so many bytes more pass in a direction, of all connections together, and then cuts all
    /// of them. New ones pass freely after that.
    func cut(after bytes: Int, _ direction: Direction) {
        state.withLock { state in
            state.left = (direction, bytes)
            state.hasCut = false
        }
    }

    /// Lets everything pass.
    ///
    /// - Returns: Whether connections were cut since it was said when to.
    func heal() -> Bool {
        state.withLock { state in
            state.left = nil
            return state.hasCut
        }
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private func relay(_ client: Int32) {
        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(server)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(client)
            close(upstream)
            return
        }
        state.withLock { $0.open += [client, upstream] }
        let both = [(client, upstream, Direction.toServer), (upstream, client, .toClient)]
        let closing = Closing(ends: 2) { [self] in
            state.withLock { state in state.open.removeAll { $0 == client || $0 == upstream } }
            close(client)
            close(upstream)
        }
        for (from, to, direction) in both {
            Thread.detachNewThread { [self] in
                pump(from, to, direction)
                shutdown(client, Int32(SHUT_RDWR))
                shutdown(upstream, Int32(SHUT_RDWR))
                closing.end()
            }
        }
    }

    private func pump(_ from: Int32, _ to: Int32, _ direction: Direction) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            if count <= 0 { return }
            let allowed = allow(count, direction)
            var sent = 0
            while sent < allowed {
                let written = send(to, Array(buffer[sent..<allowed]), allowed - sent, 0)
                if written <= 0 { return }
                sent += written
            }
            if allowed < count { return cutAll() }
        }
    }

    private func allow(_ count: Int, _ direction: Direction) -> Int {
        state.withLock { state in
            guard let left = state.left, left.direction == direction else { return count }
            let allowed = min(count, left.bytes)
            state.left = (direction, left.bytes - allowed)
            return allowed
        }
    }

    private func cutAll() {
        let open = state.withLock { state in
            state.left = nil
            state.hasCut = true
            return state.open
        }
        for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}

/// Does something when the last of several has ended.
private final class Closing: Sendable {
    private let left: Mutex<Int>
    private let done: @Sendable () -> Void

    init(ends: Int, _ done: @escaping @Sendable () -> Void) {
        left = Mutex(ends)
        self.done = done
    }

    func end() {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { done() }
    }
}
