"""The specs, the scopes that they are checked in, and the mistakes that have to be found."""

from dataclasses import dataclass, replace

COMMON = ["AppliedOnce", "NothingOverwritten", "OutputsAgree", "NoGhosts", "GoneIsDone",
          "OutputsFitState"]
SPECIFICATION = {"Outbox": "Spec", "Transactional": "Spec", "Session": "SessionSpec",
                 "Inbox": "Spec", "Tokens": "Spec", "Replay": "Spec", "Natural": "Spec",
                 "OutboxStaged": "Spec", "ClaimInbox": "Spec"}
INVARIANTS = {
    "Outbox": COMMON + ["NothingLost", "NothingLeftBehind"],
    "Transactional": COMMON + ["NothingLost", "NothingLeftBehind"],
    "Inbox": COMMON + ["NothingLost", "NothingLeftBehind"],
    "Tokens": COMMON + ["SentHasToken", "ReceivedOnce", "NothingLost", "NothingLeftBehind"],
    "Replay": COMMON + ["NothingLost", "NothingLeftBehind"],
    "ClaimInbox": COMMON + ["NothingLost", "NothingLeftBehind"],
    "OutboxStaged": COMMON + ["NothingLost", "NothingLeftBehind"],
    "Natural": ["NothingOverwritten", "OutputsAgree", "NoGhosts", "GoneIsDone", "AsWithoutCopies"],
    "Session": COMMON + ["AnsweredIsSaved", "SessionNothingLost", "SessionNothingLeftBehind"],
}
# Why it is right; mistakes are to be rejected by what they do to others.
INNER = {"Inbox": ["NoGap", "RecordedIsSent"],
         "Tokens": ["NoGap", "ConsumedIsSent", "LosersAreKnown"],
         "Replay": ["NoGap", "SentFollows"],
         "OutboxStaged": ["NamedIsThere", "AllAreListed", "BasesAreLoaded"],
         "ClaimInbox": ["NoGap", "StampedIsClaimed"]}
LIVENESS = {"Outbox": "ComesToRest", "Transactional": "ComesToRest",
            "Session": "SessionComesToRest", "Inbox": "ComesToRest", "Tokens": "ComesToRest",
            "Replay": "ComesToRest", "Natural": "ComesToRest", "OutboxStaged": "ComesToRest",
            "ClaimInbox": "ComesToRest"}


@dataclass(frozen=True)
class Scope:
    """What there is, and how much may go wrong."""

    spec: str
    consumers: int = 2
    messages: int = 1
    copies: int = 2
    outputs: int = 1
    crashes: int = 0
    failures: int = 0
    redeliveries: int = 0
    local: bool = False
    sessions: int = 1
    delays: int = 0
    expiry: bool = False
    downstream: bool = False
    readers: int = 0
    stale_reads: int = 0

    def constants(self, mutant="none"):
        """The constants of the spec."""
        constants = {
            "Consumers": names("c", self.consumers), "Messages": names("m", self.messages),
            "Copies": self.copies, "Outputs": self.outputs, "Crashes": self.crashes,
            "Failures": self.failures, "Redeliveries": self.redeliveries, "Mutant": f'"{mutant}"'}
        if self.spec == "Transactional":
            constants["IsLocal"] = "TRUE" if self.local else "FALSE"
        if self.spec == "Session":
            constants |= {"Sessions": names("x", self.sessions), "Delays": self.delays}
        if self.spec == "ClaimInbox":
            constants["StaleReads"] = self.stale_reads
        if self.spec == "OutboxStaged":
            # As many as pages hold, in the checker's scope of the code and in real runs.
            constants["PerPage"] = 2
        if self.spec == "Replay":
            constants["Readers"] = names("m", self.readers)
        if self.spec in ("Inbox", "Replay"):
            constants["Expiry"] = "TRUE" if self.expiry else "FALSE"
        if self.spec == "Tokens":
            constants["Downstream"] = "TRUE" if self.downstream else "FALSE"
        return constants

    def properties(self, mutant="none"):
        """What has to hold: invariants, and properties of whole behaviours."""
        inner = INNER.get(self.spec, []) if mutant == "none" else []
        return INVARIANTS[self.spec] + inner, [LIVENESS[self.spec]]

    @property
    def options(self):
        """The same scope of the code, as options of `pawl specs`."""
        algorithm = {"Session": "outbox", "OutboxStaged": "outbox-staged",
                     "ClaimInbox": "inbox-eventual"}.get(self.spec, self.spec.lower())
        options = ["--algorithm", algorithm, *(["--local"] if self.local else [])]
        counts = ["consumers", "messages", "copies", "outputs", "crashes", "failures",
                  "redeliveries"] + (["sessions"] if self.spec == "Session" else [])
        for name in counts:
            options += [f"--{name}", str(getattr(self, name))]
        if self.stale_reads:
            options += ["--stale-reads", str(self.stale_reads)]
        return options + (["--rejects"] if self.readers else [])

    def __str__(self):
        parts = [count(self.consumers, "consumer"), count(self.messages, "message")]
        if self.messages:
            parts[1] += f" ({count(self.copies, 'copy')})" if self.copies > 1 else ""
        if self.outputs != 1:
            parts.append(count(self.outputs, "output"))
        if self.spec == "Session":
            parts.insert(0, count(self.sessions, "session"))
        if self.readers:
            parts.append(f"{self.readers} of them changing nothing")
        if self.local:
            parts.append("local")
        if self.expiry:
            parts.append("premises expire" if self.spec == "Replay" else "records expire")
        if self.downstream:
            parts.append("with receivers")
        faults = [count(getattr(self, name), one) for name, one in
                  [("crashes", "crash"), ("failures", "failure"), ("redeliveries", "redelivery"),
                   ("delays", "delay"), ("stale_reads", "stale read")] if getattr(self, name)]
        return f"{self.spec}: {', '.join(parts)}; {', '.join(faults) or 'no fault'}"


def names(letter, number):
    return "{" + ", ".join(f'"{letter}{index + 1}"' for index in range(number)) + "}"


def count(number, one):
    plural = {"redelivery": "redeliveries", "crash": "crashes", "copy": "copies"}
    many = plural.get(one, one + "s")
    return f"{number} {one if number == 1 else many}"


OUTBOX = Scope("Outbox")
TRANSACTIONAL = Scope("Transactional")
SESSION = Scope("Session", consumers=1, copies=1)
INBOX = Scope("Inbox")
TOKENS = Scope("Tokens")
REPLAY = Scope("Replay")
NATURAL = Scope("Natural")
# One message fits into the entity.
CLAIMS = Scope("ClaimInbox")
STAGED = Scope("OutboxStaged", outputs=2)

# In these the code must reach the very same states.
COMPARED = [
    OUTBOX,
    replace(OUTBOX, crashes=1),
    replace(OUTBOX, failures=1),
    replace(OUTBOX, crashes=1, failures=1),
    replace(OUTBOX, outputs=2, crashes=1, failures=1),
    replace(OUTBOX, redeliveries=1, failures=1),
    replace(OUTBOX, messages=2, copies=1, crashes=1, failures=1),
    replace(OUTBOX, messages=2),
    replace(OUTBOX, consumers=3, copies=3),
    TRANSACTIONAL,
    replace(TRANSACTIONAL, crashes=1),
    replace(TRANSACTIONAL, crashes=1, failures=1),
    replace(TRANSACTIONAL, messages=2, copies=2, crashes=1, failures=1),
    replace(TRANSACTIONAL, crashes=1, failures=1, redeliveries=1),
    replace(TRANSACTIONAL, copies=1, local=True, crashes=1, failures=1, redeliveries=1),
    replace(TRANSACTIONAL, consumers=3, copies=3, crashes=1, failures=1),
    replace(SESSION, messages=0),
    replace(SESSION, messages=0, crashes=1, failures=1),
    SESSION,
    replace(SESSION, crashes=1),
    replace(SESSION, crashes=1, failures=1),
    INBOX,
    replace(INBOX, crashes=1),
    replace(INBOX, crashes=1, failures=1),
    replace(INBOX, copies=1, crashes=1, redeliveries=1),
    replace(INBOX, consumers=1, messages=2, outputs=2, crashes=1, failures=1),
    replace(INBOX, consumers=1, outputs=0, crashes=1, failures=1),
    TOKENS,
    replace(TOKENS, consumers=1, crashes=1),
    replace(TOKENS, consumers=1, outputs=2, failures=1),
    replace(TOKENS, consumers=1, outputs=0, crashes=1, failures=1),
    replace(TOKENS, messages=2, copies=1),
    REPLAY,
    replace(REPLAY, crashes=1, failures=1),
    replace(REPLAY, readers=1, crashes=1, failures=1),
    replace(REPLAY, messages=2, readers=1, crashes=1),
    replace(REPLAY, consumers=1, outputs=2, crashes=1, failures=1, redeliveries=1),
    CLAIMS,
    replace(CLAIMS, stale_reads=1),
    replace(CLAIMS, consumers=1, crashes=1, failures=1, stale_reads=1),
    replace(CLAIMS, messages=2, copies=1),
    STAGED,
    replace(STAGED, consumers=1, copies=1, outputs=3, crashes=1, failures=1),
    replace(STAGED, copies=1, outputs=3, redeliveries=1),
    replace(STAGED, consumers=1, messages=2, copies=1, crashes=1),
    NATURAL,
    replace(NATURAL, crashes=1, failures=1),
    replace(NATURAL, messages=2),
    replace(NATURAL, consumers=1, outputs=2, crashes=1, failures=1, redeliveries=1),
]

# In these the code must reach no state that the spec doesn't. It need not reach all: in which order
# several attempts are shut out, their names decide, which are drawn; the spec has all orders.
WITHIN = [
    replace(TOKENS, consumers=1, crashes=1, failures=1),
]

# With these mistakes in the spec, the code must not reach the same states.
DIFFERENT = [
    ("5 duplicate-drops-outbox", replace(OUTBOX, crashes=1)),
    ("t4 no-processed-row", TRANSACTIONAL),
    ("48 complete-after-commit", replace(SESSION, messages=0, crashes=1)),
    ("13 no-late-cleanup", replace(INBOX, crashes=1)),
    ("k1 none-struck-out", replace(TOKENS, consumers=1, copies=1, crashes=1)),
    ("r6 forgotten-clock", REPLAY),
    ("n3 unchanged-is-duplicate", NATURAL),
    ("13d no-late-cleanup", STAGED),
    # Nothing but a submission that is given up needs it, and those are not in the spec.
    ("17c unlooked", STAGED),
    ("13 no-late-cleanup", CLAIMS),
]

# In these only the spec is checked.
LARGER = [
    replace(OUTBOX, messages=2, crashes=1),
    replace(OUTBOX, crashes=2, failures=2),
    replace(TRANSACTIONAL, messages=2, crashes=2, failures=1, redeliveries=1),
    replace(SESSION, consumers=2, crashes=1),
    replace(SESSION, messages=0, crashes=1, failures=1, delays=6),
    replace(INBOX, crashes=1, redeliveries=1, expiry=True),
    replace(TOKENS, crashes=1),
    replace(TOKENS, copies=1, crashes=1, redeliveries=1),
    replace(TOKENS, messages=2, copies=1, downstream=True),
    replace(TOKENS, consumers=1, outputs=2, crashes=1, failures=1, downstream=True),
    replace(REPLAY, crashes=1, failures=1, expiry=True),
    replace(CLAIMS, copies=1, redeliveries=1),
    replace(CLAIMS, messages=2, copies=1, stale_reads=1),
    replace(STAGED, consumers=1, outputs=3, crashes=1, failures=1),
    replace(STAGED, copies=1, crashes=1, redeliveries=1),
    replace(NATURAL, messages=2, crashes=1, failures=1),
]

RIVALS = replace(OUTBOX, messages=2, copies=1)
CRASH = replace(OUTBOX, consumers=1, copies=1, crashes=1)
DUPLICATE = replace(OUTBOX, consumers=1)
T_RIVALS = replace(TRANSACTIONAL, messages=2, copies=1)
T_CRASH = replace(TRANSACTIONAL, consumers=1, copies=1, crashes=1)
T_DUPLICATE = replace(TRANSACTIONAL, consumers=1)
SUBMISSION = replace(SESSION, messages=0, crashes=1)
GIVEN_UP = replace(SESSION, messages=0, delays=6)
I_CRASH = replace(INBOX, consumers=1, copies=1, crashes=1)
I_DUPLICATE = replace(INBOX, consumers=1)
K_CRASH = replace(TOKENS, consumers=1, copies=1, crashes=1)
K_RECEIVED = replace(K_CRASH, downstream=True)
K_ALONE = replace(K_CRASH, crashes=0)
R_CRASH = replace(REPLAY, consumers=1, copies=1, crashes=1)
R_DUPLICATE = replace(REPLAY, consumers=1)
R_RIVALS = replace(REPLAY, messages=2, copies=1)
C_CRASH = replace(CLAIMS, consumers=1, copies=1, crashes=1)
S_CRASH = replace(STAGED, consumers=1, copies=1, crashes=1)
S_RIVALS = replace(STAGED, messages=2, copies=1)
N_CRASH = replace(NATURAL, consumers=1, copies=1, crashes=1)
N_RIVALS = replace(NATURAL, messages=2, copies=1)

# Each mistake, where it is looked for, and what has to reject it.
MUTANTS = [
    ("1 publish-first", RIVALS, "NoGhosts"),
    ("2 blind-commit", RIVALS, "NothingOverwritten"),
    ("3 forget-id", DUPLICATE, "AppliedOnce"),
    ("4 dispatched-at-commit", CRASH, "GoneIsDone"),
    ("5 duplicate-drops-outbox", CRASH, "GoneIsDone"),
    ("6 recompute", CRASH, "NoGhosts"),
    ("7 stale-whole-doc-mark", RIVALS, "NothingOverwritten"),
    ("20 upsert-first-write", RIVALS, "NothingOverwritten"),
    ("41 publish-in-handler", RIVALS, "NoGhosts"),
    ("60 early-ack", CRASH, "GoneIsDone"),
    ("60b ack-before-send", CRASH, "GoneIsDone"),
    ("62 store-assigned-id", DUPLICATE, "AppliedOnce"),
    ("63 partial-publish", replace(CRASH, outputs=2), "GoneIsDone"),
    ("r1 never-given-back", CRASH, "liveness"),
    ("t1 ack-apart", T_CRASH, "GoneIsDone"),
    ("t1b ack-apart-after", replace(T_CRASH, local=True), "AppliedOnce"),
    ("t2 no-fence", replace(TRANSACTIONAL, copies=1, local=True, redeliveries=1), "AppliedOnce"),
    ("t3 send-apart", T_CRASH, "GoneIsDone"),
    ("t3b send-apart-before", T_RIVALS, "NoGhosts"),
    ("t4 no-processed-row", T_DUPLICATE, "AppliedOnce"),
    ("t5 processed-elsewhere", T_CRASH, "GoneIsDone"),
    ("t5b processed-elsewhere-after", replace(T_CRASH, copies=2), "AppliedOnce"),
    ("t6 blind-commit", T_RIVALS, "NothingOverwritten"),
    ("48 complete-after-commit", SUBMISSION, "SessionNothingLost"),
    ("s1 unannounced", SUBMISSION, "SessionNothingLost"),
    ("s2 no-tombstone", replace(GIVEN_UP, crashes=1), "SessionNothingLost"),
    ("s3 blind-tombstone", GIVEN_UP, "NothingOverwritten"),
    ("s4 complete-drops-outbox", SUBMISSION, "SessionNothingLost"),
    ("s5 tombstone-is-commit", GIVEN_UP, "AnsweredIsSaved"),
    ("8 check-before-load", INBOX, "AppliedOnce"),
    ("9 clean-before-add", I_CRASH, "AppliedOnce"),
    ("10 add-before-publish", I_CRASH, "GoneIsDone"),
    ("11 clean-before-publish", I_CRASH, "GoneIsDone"),
    ("12 stale-dedup-read", I_DUPLICATE, "AppliedOnce"),
    ("13 no-late-cleanup", I_CRASH, "NothingLeftBehind"),
    ("13b cleanup-of-the-loaded", replace(INBOX, copies=1, crashes=1, redeliveries=1),
     "NothingLeftBehind"),
    ("14 ttl-too-short", replace(I_DUPLICATE, expiry=True), "AppliedOnce"),
    ("23 token-check-before-load", TOKENS, "AppliedOnce"),
    ("24 regenerate-tokens", K_RECEIVED, "ReceivedOnce"),
    ("25 deterministic-token", K_RECEIVED, "ReceivedOnce"),
    ("26 deterministic-token+checkpoint", TOKENS, "SentHasToken"),
    ("27 publish-before-token", K_ALONE, "SentHasToken"),
    ("28 token-delete-before-publish", K_CRASH, "GoneIsDone"),
    ("29 token-delete-before-commit", K_CRASH, "GoneIsDone"),
    ("13c no-late-cleanup", replace(TOKENS, copies=1, crashes=1, redeliveries=1),
     "NothingLeftBehind"),
    ("34 create-before-register", K_CRASH, "NothingLeftBehind"),
    ("35 cleanup-all", K_ALONE, "SentHasToken"),
    ("36 clear-before-token", K_CRASH, "AppliedOnce"),
    ("k1 none-struck-out", K_CRASH, "NothingLeftBehind"),
    ("k2 not-shut-out", TOKENS, "NothingLeftBehind"),
    ("43 replay-on-latest", R_DUPLICATE, "OutputsAgree"),
    ("44 random-ids", R_DUPLICATE, "OutputsAgree"),
    ("46 append-any", R_RIVALS, "NothingOverwritten"),
    ("46b blind-state", R_RIVALS, "NothingOverwritten"),
    ("47 duplicate-skips-publish", R_CRASH, "GoneIsDone"),
    ("r1 early-ack", R_CRASH, "GoneIsDone"),
    ("r2 ack-before-send", R_CRASH, "GoneIsDone"),
    ("r3 unchanged-not-recorded", replace(R_DUPLICATE, messages=2, readers=1), "OutputsAgree"),
    ("r4 premise-first", R_CRASH, "NoGhosts"),
    ("r5 premise-last", R_CRASH, "AppliedOnce"),
    ("r6 forgotten-clock", R_DUPLICATE, "OutputsAgree"),
    ("r7 ttl-too-short", replace(R_DUPLICATE, expiry=True), "AppliedOnce"),
    ("2 blind-commit", replace(CLAIMS, messages=2, copies=1), "NothingOverwritten"),
    ("5 duplicate-drops-outbox", C_CRASH, "GoneIsDone"),
    ("11 clean-before-publish", C_CRASH, "GoneIsDone"),
    ("13 no-late-cleanup", replace(CLAIMS, consumers=1), "NothingLeftBehind"),
    ("c1 claim-not-saved", C_CRASH, "GoneIsDone"),
    ("c2 foreign-stamp-handled", replace(CLAIMS, consumers=1), "AppliedOnce"),
    ("2 blind-commit", S_RIVALS, "NothingOverwritten"),
    # The closed fence keeps it from being applied again, for ever.
    ("3 forget-id", replace(STAGED, consumers=1), "liveness"),
    ("5 duplicate-drops-outbox", S_CRASH, "GoneIsDone"),
    ("13d no-late-cleanup", S_CRASH, "NothingLeftBehind"),
    ("17 staged-by-message-id", STAGED, "NoGhosts"),
    ("17b no-fence", replace(STAGED, copies=1, crashes=1, redeliveries=1), "NothingLeftBehind"),
    ("18 stage-after-commit", S_CRASH, "GoneIsDone"),
    ("19 delete-staged-on-error", replace(S_CRASH, crashes=0, failures=1), "GoneIsDone"),
    ("20 upsert-first-write", S_RIVALS, "NothingOverwritten"),
    ("o1 unlisted", replace(S_CRASH, crashes=0), "NothingLeftBehind"),
    ("n1 send-before-commit", N_RIVALS, "NoGhosts"),
    ("n2 blind-commit", N_RIVALS, "NothingOverwritten"),
    ("n3 unchanged-is-duplicate", N_CRASH, "GoneIsDone"),
    ("n4 early-ack", N_CRASH, "GoneIsDone"),
    ("h1 counted", replace(NATURAL, consumers=1), "AsWithoutCopies"),
    ("h2 output-of-the-state", replace(NATURAL, consumers=1, messages=2), "OutputsAgree"),
]

FAULTS = {"crashes": 2, "failures": 2, "redeliveries": 1}
RUNS = {"consumers": 3, "messages": 4, "copies": 3, "outputs": 2, "crashes": 9, "failures": 99,
        "redeliveries": 99}


def drawn(scope, count=100):
    """Traces of executions that the checker draws."""
    return ("checker", scope, ["traces", *scope.options, "--count", str(count)])


def run(scope, count=30):
    """Traces of endpoints that run on SQLite; the scope says what may go wrong at the most."""
    return ("SQLite", scope, ["runs", *scope.options, "--count", str(count)])


# Where traces come from, and the scope that they are traces of.
TRACED = [
    drawn(replace(OUTBOX, messages=2, outputs=2, **FAULTS)),
    drawn(replace(TRANSACTIONAL, messages=2, outputs=2, **FAULTS)),
    # With one consumer: two that give up the same submission at once get in one another's way where
    # they write the list anew of what lies beside the entity, and the spec does not say how.
    drawn(replace(SESSION, outputs=2, crashes=2, failures=2)),
    drawn(replace(INBOX, messages=2, outputs=2, **FAULTS)),
    drawn(replace(TOKENS, messages=2, outputs=2, **FAULTS)),
    drawn(replace(CLAIMS, messages=2, outputs=2, stale_reads=2, **FAULTS)),
    drawn(replace(STAGED, messages=2, outputs=3, **FAULTS), count=50),
    drawn(replace(REPLAY, messages=2, outputs=2, readers=1, **FAULTS)),
    drawn(replace(NATURAL, messages=2, outputs=2, **FAULTS)),
    run(Scope("Outbox", **RUNS)),
    run(Scope("Transactional", **RUNS)),
    run(Scope("Inbox", **RUNS)),
    run(Scope("Tokens", **RUNS), count=20),
    run(Scope("ClaimInbox", **RUNS)),
    run(Scope("OutboxStaged", **RUNS | {"outputs": 3}), count=20),
    run(Scope("Replay", readers=1, **RUNS)),
    run(Scope("Natural", **RUNS)),
]
