import Pawl
import Synchronization

/// The half of the chaos monkey that sits in the queue: it duplicates, delays and thereby reorders
/// messages. The other half kills processes; see ``Monkey``.
///
/// Everything that it does, a queue that delivers at least once may do.
final class Chaos: Sendable {
    /// How likely each sort of trouble is, in percent of the messages.
    enum Percent {
        /// Sent twice, the second copy some time later.
        static let copied = 6
        /// Sent later than it should be, so that others overtake it.
        static let delayed = 15
        /// Handed out twice under one receipt.
        static let echoed = 8
    }

    /// In the headers of a copy, so that its delivery can be counted.
    private static let mark = "webshop-copy"

    private struct State {
        var generator: SeededGenerator
        /// Deliveries to be handed out a second time.
        var echoes: [Delivery] = []
    }

    private let state: Mutex<State>
    private let tally: AppendOnlyFile?

    /// - Parameters:
    ///   - seed: Decides what is done to which message.
    ///   - tally: Gets one byte for every duplicate that is delivered.
    init(seed: UInt64, tally: AppendOnlyFile?) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
        self.tally = tally
    }

    /// What is really sent when these messages are to be sent.
    ///
    /// - Parameters:
    ///   - messages: What is to be sent.
    ///   - mayCopy: Whether a message may be sent twice. Within one database the message's row is
    ///     what remembers it, so there is never a second one; it is only delivered twice.
    /// - Returns: The messages, some of them later, with copies of some.
    func scramble(_ messages: [Outgoing], mayCopy: Bool) -> [Outgoing] {
        let now = Environment.system.now()
        return state.withLock { state in
            messages.flatMap { message in
                var sent = [message]
                if state.generator.happens(Percent.delayed) {
                    sent[0].notBefore = state.generator.soon(after: message.notBefore ?? now)
                }
                if state.generator.happens(Percent.copied), mayCopy {
                    var copy = message
                    copy.envelope.headers[Self.mark] = "yes"
                    copy.notBefore = state.generator.soon(after: message.notBefore ?? now)
                    sent.append(copy)
                }
                return sent
            }
        }
    }

    /// Deliveries that are due to be handed out a second time.
    func takeEchoes(max: Int) -> [Delivery] {
        let echoes = state.withLock { state in
            let taken = Array(state.echoes.prefix(max))
            state.echoes.removeFirst(taken.count)
            return taken
        }
        tally?.append(bytes: echoes.count)
        return echoes
    }

    /// Looks at what was delivered: counts copies, and picks deliveries to be handed out again.
    func observe(_ deliveries: [Delivery]) {
        let copies = deliveries.count { delivery in
            // A copy that comes again because its lease ended was counted when it came first.
            delivery.attempt == 1 && isCopy(delivery)
        }
        tally?.append(bytes: copies)
        state.withLock { state in
            for delivery in deliveries where state.generator.happens(Percent.echoed) {
                state.echoes.append(delivery)
            }
        }
    }

    private func isCopy(_ delivery: Delivery) -> Bool {
        // What can't be decoded is no copy: chaos copies only what it could read.
        (try? Envelope(decoding: delivery.message).headers[Self.mark]) != nil
    }
}

extension SeededGenerator {
    /// A generator for one purpose of one process of a run: the same seed and the same names give
    /// the same numbers.
    init(seed: UInt64, purpose: String) {
        self.init(seed: Self.seed(seed, purpose: purpose))
    }

    /// The seed for one purpose, derived from the seed of a run.
    static func seed(_ seed: UInt64, purpose: String) -> UInt64 {
        // FNV-1a: short, and the same on every machine.
        let hash: UInt64 = purpose.utf8.reduce(0xcbf2_9ce4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x0100_0000_01b3
        }
        return seed &* 0x9E37_79B9_7F4A_7C15 ^ hash
    }

    mutating func happens(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    /// A moment up to 800 ms after another one.
    fileprivate mutating func soon(after time: Timestamp) -> Timestamp {
        time + .milliseconds(Int.random(in: 1...800, using: &self))
    }
}
