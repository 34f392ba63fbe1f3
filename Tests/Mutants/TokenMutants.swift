import PawlCheck

extension Mutants {
    private static let tokens = Family<MistakenTokens.Mistake>(of: .tokens) {
        MistakenTokens($0, database: $1, environment: $2)
    }

    /// 33, a name for a blob that all attempts share, and 39, a body that is looked for before what
    /// is pending, can't be made here: bare consumers have no bodies. 38, to overwrite what another
    /// message has pending: an entity has room for all.
    static var tokenMutants: [Mutant] {
        [
            tokens(
                "23 token-check-before-load", .checkBeforeLoad,
                "The token is looked for before the entity is loaded.",
                "A message is applied twice.", .copies),
            tokens(
                "24 regenerate-tokens", .regenerated,
                "Messages get new tokens whenever they are sent.",
                "Of two copies of a message both this and that are processed.",
                .crash.with { $0.receivers = 1 }),
            tokens(
                "25 deterministic-token", .deterministic,
                "Tokens are named after the message that causes them, and made on sending.",
                "A message is applied twice by whoever receives it.",
                .crash.with { $0.receivers = 1 }),
            tokens(
                "26 deterministic-token+checkpoint", .deterministicRegistered,
                "Tokens are named after the message that has caused them.",
                "They go with those of an attempt that has lost: messages are lost.",
                .copies.with { $0.receivers = 1 }),
            tokens(
                "27 publish-before-token", .publishBeforeToken,
                "Messages are sent before their tokens are made.",
                "They are taken for duplicates, and lost.", .alone),
            tokens(
                "28 token-delete-before-publish", .tokenFirst,
                "The token is removed before the messages are sent, and is all that is looked at.",
                "Messages are lost.", .crash),
            tokens(
                "29 token-delete-before-commit", .tokenBeforeCommit,
                "The token is removed before the state is saved.",
                "The message is lost.", .crash),
            tokens(
                "13c no-late-cleanup", .noLateCleanup,
                "A message whose token is gone is removed without a look at the entity.",
                "The entity grows for ever.",
                .crash.with {
                    $0.consumers = 2
                    $0.needsLeaseEnd = true
                }),
            tokens(
                "34 create-before-register", .createBeforeRegister,
                "Tokens are made before they are registered.",
                "Some lie there for ever.", .crash),
            tokens(
                "35 cleanup-all", .cleanupAll,
                "The tokens of all attempts are removed, those of the one that is saved as well.",
                "Messages are taken for duplicates, and lost.", .alone),
            tokens(
                "36 clear-before-token", .clearBeforeToken,
                "The id is forgotten before the token is removed.",
                "A message is applied twice.", .crash),
            tokens(
                "k1 none-struck-out", .noneStruckOut,
                "The attempt that is saved leaves the others registered.",
                "The tokens that they have made lie there for ever.",
                .crash.with { $0.consumers = 2 }),
            tokens(
                "k2 not-shut-out", .notShutOut,
                "Tokens can be made in the name of an attempt that has lost.",
                "They lie there for ever.",
                .crash.with {
                    $0.consumers = 2
                    $0.copies = 2
                }),
        ]
    }
}
