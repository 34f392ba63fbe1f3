import Pawl
import PawlCheck

/// All the mutants that there are.
package enum Mutants {
    /// The mistakes that are known from the literature and from other code, each with its number
    /// in the catalogue, and some (a number with a letter, or `s` or `r` and a number) beside
    /// them.
    ///
    /// Two that are known of messages beside the entity can't be made here. 15, to look whether a
    /// message was processed before the entity is loaded: that is in the entity itself. 16, to leave
    /// unfinished what another message has saved: an entity has room for as many as there are, so
    /// nobody's way is barred by them and nothing of theirs is overwritten.
    package static let catalogued: [Mutant] =
        outboxMutants + inboxMutants + claimMutants + stagingMutants + replayMutants
        + tokenMutants + transactionalMutants + sessionMutants + naturalMutants

    /// Those, and the generated ones of what ships.
    package static func all() async throws -> [Mutant] {
        var all = catalogued
        for algorithm in AlgorithmUnderCheck.shipped {
            all += try await generated(from: algorithm)
        }
        return all
    }
}

extension Mutants {
    private static let outbox = Family<MistakenOutbox.Mistake>(of: .outbox) {
        MistakenOutbox($0, store: $1, transport: $1, environment: $2)
    }

    private static var outboxMutants: [Mutant] {
        [
            outbox(
                "1 publish-first", .publishFirst,
                "The messages are sent before the state is saved.",
                "Ghosts, and messages that contradict one another.", .rivals),
            outbox(
                "2 blind-commit", .blindCommit,
                "The state is saved whatever others have saved since it was read.",
                "A lost update, and messages that don't fit the state.", .rivals),
            outbox(
                "3 forget-id", .forgetID,
                "The id is removed once its messages are sent.",
                "A message is applied twice.", .duplicate),
            outbox(
                "4 dispatched-at-commit", .dispatchedAtCommit,
                "The messages are noted as sent when the state is saved, and sent then.",
                "Messages are lost in a crash.", .crash),
            outbox(
                "5 duplicate-drops-outbox", .duplicateDropsOutbox,
                "A message whose id is known is removed without a look at what is to be sent.",
                "Messages are lost.", .crash),
            outbox(
                "6 recompute", .recompute,
                "A duplicate makes the messages anew, from the state as it is now.",
                "Messages that say both this and that of one event.", .crash),
            outbox(
                "7 stale-whole-doc-mark", .staleWholeDocumentMark,
                "The messages are noted as sent by writing back the document as it was before.",
                "Another message's change is undone.", .rivals),
            outbox(
                "20 upsert-first-write", .upsertFirstWrite,
                "Where no document was found, it is written whatever is there by now.",
                "Two attempts win.", .rivals),
            outbox(
                "41 publish-in-handler", .publishInHandler,
                "The handler itself sends its messages; the outbox sends them once more.",
                "Ghosts.", .rivals),
            outbox(
                "60 early-ack", .earlyAcknowledgement,
                "The message is removed before its state is saved.",
                "The message is lost.", .crash),
            outbox(
                "60b ack-before-send", .acknowledgementBeforeSend,
                "The message is removed after its state is saved and before its messages are sent.",
                "Its messages are lost.", .crash),
            outbox(
                "61 async-commit", .asyncCommit,
                "The state is answered to be saved, but reaches the disk last of all.",
                "Ghosts after a power cut.", .crash),
            outbox(
                "62 store-assigned-id", .storeAssignedID,
                "Duplicates are known by the broker's number of the copy, not by the message's id.",
                "A message that is sent again is applied again.", .duplicate),
            outbox(
                "63 partial-publish", .partialPublish,
                "The messages are noted as sent after the first of them is.",
                "The others are lost.", .crash.with { $0.outputs = 2 }),
        ]
    }

    private static var sessionMutants: [Mutant] {
        [
            outbox(
                "48 complete-after-commit", .completeAfterCommit,
                "A submission is saved first, and announced then.",
                "Saved, and never sent.", base: "session", .session),
            outbox(
                "s1 unannounced", .unannounced,
                "A submission is not announced, so that nobody will finish it.",
                "Saved, and never sent.", base: "session", .session),
            outbox(
                "s2 no-tombstone", .noTombstone,
                "A submission that was not found to the last is given up without a trace.",
                "Saved later, and never sent.", base: "session", .givenUp.with { $0.crashes = 1 }),
            outbox(
                "s3 blind-tombstone", .blindTombstone,
                "The tombstone is written whatever has been saved since the document was read.",
                "Saved, and undone.", base: "session", .givenUp),
            outbox(
                "s4 complete-drops-outbox", .completeDropsOutbox,
                "A submission that was found saved is taken for finished.",
                "Saved, and never sent.", base: "session", .session),
            outbox(
                "s5 tombstone-is-commit", .tombstoneIsCommit,
                "A submission that finds its tombstone is answered that it was saved before.",
                "Said to be saved, and never saved.", base: "session", .givenUp),
        ]
    }

    private static let transactional = Family<MistakenTransactional.Mistake>(of: .transactional) {
        MistakenTransactional($0, database: $1, environment: $2)
    }

    private static var transactionalMutants: [Mutant] {
        [
            transactional(
                "t1 ack-apart", .acknowledgedBefore,
                "The message is removed in a transaction of its own, before the others.",
                "The message is lost.", .crash),
            transactional(
                "t1b ack-apart-after", .acknowledgedAfter,
                "The message is removed in a transaction of its own, after the others.",
                "A message is applied twice.", .crash.with { $0.isLocal = true }),
            transactional(
                "t2 no-fence", .noFence,
                "The message is removed whether or not the lease is still the process's own.",
                "Two commits.",
                .alone.with {
                    $0.consumers = 2
                    $0.needsLeaseEnd = true
                    $0.isLocal = true
                }),
            transactional(
                "t3 send-apart", .sentAfter,
                "The messages are sent after the commit.",
                "Messages are lost.", .crash),
            transactional(
                "t3b send-apart-before", .sentBefore,
                "The messages are sent before the commit.",
                "Ghosts.", .rivals),
            transactional(
                "t4 no-processed-row", .noProcessedRow,
                "The id of a message from outside is not remembered.",
                "A message is applied twice.", .duplicate),
            transactional(
                "t5 processed-elsewhere", .processedBefore,
                "The id is remembered in a transaction of its own, before the state is saved.",
                "The message is lost.", .crash),
            transactional(
                "t5b processed-elsewhere-after", .processedAfter,
                "The id is remembered in a transaction of its own, after the state is saved.",
                "A message is applied twice.", .crash.with { $0.copies = 2 }),
            transactional(
                "t6 blind-commit", .blindCommit,
                "The state is saved whatever others have saved since it was read.",
                "A lost update, and messages that don't fit the state.", .rivals),
        ]
    }
}

extension Mutants {
    /// The mutants of one algorithm that ships, written once more with mistakes in it.
    struct Family<Mistake: Sendable>: Sendable {
        private let shipped: AlgorithmUnderCheck
        private let make:
            @Sendable (Mistake?, any Database, Environment) -> any DeduplicationAlgorithm

        init(
            of shipped: AlgorithmUnderCheck,
            make:
                @escaping @Sendable (Mistake?, any Database, Environment)
                -> any DeduplicationAlgorithm
        ) {
            self.shipped = shipped
            self.make = make
        }

        /// The mutant with a mistake. It is a mutant of what ships unless something else is named.
        func callAsFunction(
            _ name: String, _ mistake: Mistake?, _ change: String, _ failure: String,
            base: String? = nil, _ scope: Mutant.Scope
        ) -> Mutant {
            let make = make
            return Mutant(
                name: name, mistake: change, failure: failure, base: base ?? shipped.name,
                algorithm: AlgorithmUnderCheck(
                    name: name, needsDatabase: shipped.needsDatabase,
                    largestDocument: shipped.largestDocument, hasTokens: shipped.hasTokens,
                    demand: shipped.demand
                ) { make(mistake, $0, $1) },
                scope: scope.with {
                    // One message alone always fits.
                    if shipped.largestDocument != nil { $0.outputs = 2 }
                })
        }
    }
}
