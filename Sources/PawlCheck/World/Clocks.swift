internal import Pawl

/// A clock of its own for each delivery, where a spec takes it that no two attempts are made at the
/// same time. In other worlds time stands still while anybody has something to do.
extension Simulation {
    /// A delivery that a time stands for: the message's number in the plan, the copy, and how often
    /// that was leased.
    struct Delivered: Equatable {
        let message: Int
        let copy: Int
        let lease: Int
    }

    private static let copies = 1 << 8
    private static let leases = 1 << 10

    /// What the clock of a process says.
    func time(for process: SimulatedProcess.Identity) -> Timestamp {
        guard plan.tellsTimesApart, isLive(process),
            let delivered = delivered(to: process.index)
        else { return world.now }
        return world.now + Self.offset(of: delivered)
    }

    /// The delivery that was made at a time.
    func delivered(at time: Timestamp) -> Delivered? {
        let offset = Int((time - Plan.beginning).microseconds) - 1
        guard offset >= 0 else { return nil }
        return Delivered(
            message: offset / Self.leases / Self.copies, copy: offset / Self.leases % Self.copies,
            lease: offset % Self.leases)
    }

    private static func offset(of delivered: Delivered) -> Duration {
        let number = (delivered.message * copies + delivered.copy) * leases + delivered.lease
        return .microseconds(Int64(number + 1))
    }

    /// What a process has received last, if it is one of the plan's messages.
    private func delivered(to index: Int) -> Delivered? {
        guard let handle = world.processes[index].received else { return nil }
        let id = interner.content(of: Receipt(queue: "", handle: handle))?.envelope.id
        let numbers = handle.split(separator: ".").suffix(2).compactMap { Int($0) }
        guard let message = plan.messages.firstIndex(where: { $0.envelope.id == id }),
            numbers.count == 2
        else { return nil }
        return Delivered(message: message, copy: numbers[0], lease: numbers[1])
    }
}
