internal import Pawl
import PawlCheck

extension Mutants {
    private static let inbox = Family<MistakenInbox.Mistake>(of: .inbox) {
        MistakenInbox($0, database: $1, environment: $2)
    }

    static var inboxMutants: [Mutant] {
        [
            inbox(
                "8 check-before-load", .checkBeforeLoad,
                "The records are looked at before the entity is loaded.",
                "A message is applied twice.", .copies),
            inbox(
                "9 clean-before-add", .cleanBeforeAdd,
                "The id is removed from the entity before its record is added.",
                "A message is applied twice.", .crash),
            inbox(
                "10 add-before-publish", .addBeforePublish,
                "The record is added before the messages are sent.",
                "Messages are lost.", .crash),
            inbox(
                "11 clean-before-publish", .cleanBeforePublish,
                "The record is added and the entity cleaned before the messages are sent.",
                "Messages are lost.", .crash),
            // The algorithm is right; it is not made for such a store. The one that is, is clean.
            inbox(
                "12 stale-dedup-read", nil,
                "Nothing, but what is read of the records is out of date.",
                "A message is applied twice.", base: "inbox-eventual",
                .duplicate.with { $0.needsStaleRead = true }),
            inbox(
                "13 no-late-cleanup", .noLateCleanup,
                "A message whose record is there is removed without a look at the entity.",
                "The entity grows for ever.", .crash),
            inbox(
                "13b cleanup-of-the-loaded", .cleanupOfWhatWasLoaded,
                "If its record is there, a message is looked for in the entity as it was loaded.",
                "The entity grows for ever.",
                .crash.with {
                    $0.consumers = 2
                    $0.needsLeaseEnd = true
                }),
            inbox(
                "14 ttl-too-short", .shortRetention,
                "The record expires before the last copy of the message has come.",
                "A message is applied twice.",
                .duplicate.with {
                    $0.needsExpiry = true
                    $0.leap = .days(1)
                }),
        ]
    }

    private static let claims = Family<MistakenClaimInbox.Mistake>(of: .inboxEventual) {
        MistakenClaimInbox($0, database: $1, environment: $2)
    }

    static var claimMutants: [Mutant] {
        [
            claims(
                "32 unclaimed-is-duplicate", .unclaimedIsDuplicate,
                "A message that has no claim in the entity is taken for finished.",
                "The message is lost.", .alone),
            claims(
                "32b new-claim", .newClaim,
                "A claim is made anew instead of the one that is there.",
                "The message is lost.", .crash),
            claims(
                "32c stamp-overwritten", .stampOverwritten,
                "The stamp is put on the message whether or not there is one.",
                "A message is applied twice.", .duplicate),
        ]
    }

    private static let staging = Family<MistakenStaging.Mistake>(of: .outboxStaged) {
        MistakenStaging($0, database: $1, environment: $2)
    }

    static var stagingMutants: [Mutant] {
        [
            staging(
                "17 staged-by-message-id", .stagedByMessageID,
                "Messages lie under the id of the message that causes them, not of the attempt.",
                "Ghosts: what the loser was about to send is sent.", .copies),
            staging(
                "17b no-fence", .noFence,
                "What all attempts have laid down is removed, but another may lay down more.",
                "Messages that lie there for ever.",
                .alone.with {
                    $0.consumers = 2
                    $0.needsLeaseEnd = true
                }),
            staging(
                "17c unlooked", .unlooked,
                "Messages are laid down without a look at whether the entity has changed.",
                "Messages that lie there for ever, of a submission that was given up.",
                .givenUp.with {
                    $0.crashes = 1
                    $0.isLarge = true
                }),
            staging(
                "18 stage-after-commit", .stageAfterCommit,
                "The state is saved first, and the messages are laid down then.",
                "Messages are lost.", .crash),
            staging(
                "19 delete-staged-on-error", .deleteOnError,
                "Whatever goes wrong when the state is saved, the messages are removed.",
                "Messages are lost.", .alone.with { $0.failures = 1 }),
        ]
    }
}
