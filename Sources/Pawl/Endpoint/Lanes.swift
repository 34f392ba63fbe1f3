internal import Synchronization

/// Lets one process handle one message of a partition at a time.
///
/// Correctness does not rest on it — other processes are not held up — but attempts that would
/// only conflict with one another are not made.
final class Lanes: Sendable {
    private let waiting = Mutex<[PartitionKey: [CheckedContinuation<Void, Never>]]>([:])

    /// Waits until nobody else in this process is in the partition's lane, and enters it.
    func enter(_ partition: PartitionKey) async {
        // Most lanes are free, and a continuation costs an allocation.
        if enterIfFree(partition) { return }
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                if waiting[partition] == nil {
                    waiting[partition] = []
                    return true
                }
                waiting[partition, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func enterIfFree(_ partition: PartitionKey) -> Bool {
        waiting.withLock { waiting in
            guard waiting[partition] == nil else { return false }
            waiting[partition] = []
            return true
        }
    }

    /// Leaves the lane to whoever has waited longest.
    func leave(_ partition: PartitionKey) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard let queue = waiting[partition], !queue.isEmpty else {
                waiting[partition] = nil
                return nil
            }
            return waiting[partition]?.removeFirst()
        }
        next?.resume()
    }
}
