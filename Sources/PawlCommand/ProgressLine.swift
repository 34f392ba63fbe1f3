import Foundation
import Synchronization

/// How far it is, on the standard error, for whoever waits longer than a second. On a terminal the
/// line is drawn over itself; elsewhere one is written from time to time.
final class ProgressLine: Sendable {
    private struct State {
        var next = ContinuousClock.now + .seconds(1)
        var isShown = false
    }

    private let state = Mutex(State())
    private let isTerminal = isatty(STDERR_FILENO) == 1

    /// Shows how far it is, if it is time for that.
    func show(_ text: @autoclosure () -> String) {
        let isDue = state.withLock { state in
            let now = ContinuousClock.now
            guard now >= state.next else { return false }
            state.next = now + (isTerminal ? .milliseconds(200) : .seconds(10))
            state.isShown = true
            return true
        }
        guard isDue else { return }
        write(isTerminal ? "\r\u{1B}[K\(text().prefix(columns - 1))" : "\(text())\n")
    }

    /// Takes the line away.
    func clear() {
        let isShown = state.withLock { $0.isShown }
        if isShown, isTerminal { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }
}
