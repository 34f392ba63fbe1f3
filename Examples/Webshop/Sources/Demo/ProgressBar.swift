import Foundation
import Synchronization

/// Shows how far a run has come: as a bar that is drawn over itself on a terminal, else as a line
/// now and then.
final class ProgressBar: Sendable {
    private static let width = 18
    /// Without a terminal a line is written only when this share of the orders is done.
    private static let linesInAll = 4

    private let title: String
    private let options: DemoOptions
    private let output: FileHandle
    private let isTerminal: Bool
    private let state = Mutex((step: -1, last: ShopRun.Progress()))

    init(_ title: String, _ options: DemoOptions, on output: FileHandle) {
        self.title = title
        self.options = options
        self.output = output
        isTerminal = isatty(output.fileDescriptor) == 1
    }

    /// Shows the state of things.
    func show(_ progress: ShopRun.Progress) {
        let step = progress.told * Self.linesInAll / options.orders
        let isNews = state.withLock { state in
            defer { state = (max(state.step, step), progress) }
            return step > state.step && step < Self.linesInAll
        }
        if isTerminal {
            write("\r\(line(progress))\u{1B}[K")
        } else if isNews {
            write("\(line(progress))\n")
        }
    }

    /// Ends the bar.
    func finish() {
        write(isTerminal ? "\n" : "\(line(state.withLock { $0.last }))\n")
    }

    private func line(_ progress: ShopRun.Progress) -> String {
        let filled = min(Self.width, progress.told * Self.width / options.orders)
        let bar =
            String(repeating: "█", count: filled)
            + String(repeating: "░", count: Self.width - filled)
        return """
            \(title)  \(bar)  \(progress.told)/\(options.orders) orders  \
            \(progress.kills)/\(options.kills) kills  \(progress.messages) messages
            """
    }

    private func write(_ text: String) {
        // Who has closed the output does not want to know.
        try? output.write(contentsOf: Data(text.utf8))
    }
}
