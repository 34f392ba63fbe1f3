internal import Pawl
import PawlCheck

extension Mutants {
    private static let replay = Family<MistakenReplay.Mistake>(of: .replay) {
        MistakenReplay($0, database: $1, environment: $2)
    }

    static var replayMutants: [Mutant] {
        [
            replay(
                "43 replay-on-latest", .replayOnLatest,
                "A duplicate makes its messages from the state as it is now.",
                "Messages that say both this and that of one event.", .crash),
            replay(
                "44 random-ids", .randomIDs,
                "The ids of messages are drawn anew whenever they are made.",
                "Messages that their receivers take for others, and process twice.", .duplicate),
            replay(
                "46 append-any", .appendAny,
                "State and premise are saved whatever others have saved since they were read.",
                "A message is applied twice, or another one's change is lost: a lost update.",
                .rivals),
            replay(
                "46b blind-state", .blindState,
                "The premise has to be new, but the state is saved over whatever is there.",
                "A lost update.", .rivals),
            replay(
                "47 duplicate-skips-publish", .duplicateSkipsPublish,
                "A message that was processed before is removed, and nothing is sent.",
                "Messages are lost.", .crash),
            replay(
                "r1 early-ack", .earlyAcknowledgement,
                "The message is removed before its state is saved.",
                "The message is lost.", .crash),
            replay(
                "r2 ack-before-send", .acknowledgementBeforeSend,
                "The message is removed after its state is saved and before its messages are sent.",
                "Its messages are lost.", .crash),
            replay(
                "r3 unchanged-not-recorded", .unchangedNotRecorded,
                "Where the state stays as it is, nothing is saved, the premise neither.",
                "Ghosts, and messages that contradict one another.",
                .duplicate.with { $0.rejects = true }),
            replay(
                "r4 premise-first", .premiseBefore,
                "The premise is saved first, and the state then.",
                "Ghosts: messages that speak of a state that is never saved.", .crash),
            replay(
                "r5 premise-last", .premiseAfter,
                "The state is saved first, and the premise then.",
                "A message is applied twice.", .crash),
            replay(
                "r6 forgotten-clock", .forgottenClock,
                "A duplicate makes its messages at the time that it is now.",
                "Messages that say both this and that of one event.",
                .alone.with {
                    $0.consumers = 2
                    $0.needsGivingUp = true
                }),
            replay(
                "r7 ttl-too-short", .shortRetention,
                "The premise expires before the last copy of the message has come.",
                "A message is applied twice.",
                .duplicate.with {
                    $0.needsExpiry = true
                    $0.leap = .days(1)
                }),
        ]
    }
}
