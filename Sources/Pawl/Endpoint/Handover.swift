internal import Synchronization

/// Hands over what one task takes to another that uses it, one thing at a time: the first goes on
/// when the other is done with it.
final class Handover<Item: Sendable>: Sendable {
    private struct State {
        var item: Item?
        var isOver = false
        var giver: CheckedContinuation<Void, Never>?
        var receiver: CheckedContinuation<Item?, Never>?
    }

    private let state = Mutex(State())

    /// Hands something over, and waits until the other task asks for the next.
    func give(_ item: Item) async {
        await withCheckedContinuation { giver in
            let receiver = state.withLock { state in
                state.giver = giver
                defer { state.receiver = nil }
                if state.receiver == nil { state.item = item }
                return state.receiver
            }
            receiver?.resume(returning: item)
        }
    }

    /// Nothing more will be given.
    func end() {
        let receiver = state.withLock { state in
            state.isOver = true
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?.resume(returning: nil)
    }

    /// Waits for the next thing; the one before is done with.
    ///
    /// - Returns: `nil` when nothing more will be given.
    func next() async -> Item? {
        let giver = state.withLock { state -> CheckedContinuation<Void, Never>? in
            // What lies there has not been looked at yet, so its giver goes on waiting.
            guard state.item == nil else { return nil }
            defer { state.giver = nil }
            return state.giver
        }
        giver?.resume()
        return await withCheckedContinuation { receiver in
            let answer: Item?? = state.withLock { state in
                if let item = state.item {
                    state.item = nil
                    return .some(item)
                }
                if state.isOver { return .some(nil) }
                state.receiver = receiver
                return nil
            }
            if let answer { receiver.resume(returning: answer) }
        }
    }
}
