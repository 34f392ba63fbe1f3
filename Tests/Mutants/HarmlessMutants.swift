extension Mutants {
    private static let nothingLiesBeside = """
        It looks for what lies beside the entity, and where all messages fit nothing ever does.
        """

    private static let nothingWillLieBeside = """
        It bars the way to those who may lay down something beside the entity although they have \
        lost, and where all messages fit nobody ever does.
        """

    private static let fenceIsAskedAnew = """
        Of the fence: whatever is decided by it is written under the version that was read, so \
        that it conflicts, and it is read anew; a closed one never opens. Of a page: if it is not \
        seen, the entity is read again, and the next attempt sends it.
        """

    private static let comesAgain = """
        The message comes again when its lease ends, and is known by then. That path has \
        nothing left to do, and acknowledges with another call, which is made.
        """

    /// The generated mutants that are as safe as what they are mutants of, and why: what is mutated
    /// saves work, or something else makes good for it. All others have to be found.
    package static let harmless: [String: String] = [
        "outbox/process stale 1 read": """
        Whatever is saved after it is saved under the version that was read, so that it \
        conflicts, and the next attempt reads anew. If the older document says that messages \
        are still to be sent, they are sent again as they were: that they were saved is as \
        true as before.
        """,
        "outbox/process skip 4 acknowledge": """
        The message comes again when its lease ends, and is known by then. That path has \
        nothing to save or send any more: its acknowledgement is the second call, which is \
        made.
        """,
        "outbox/process skip 5 acknowledge": """
        The message comes again when its lease ends, and is known by then. That path has \
        nothing to save or send any more: its acknowledgement is the second call, which is \
        made.
        """,
        "outbox/submit stale 1 read": """
        The state is saved under the version that was read, so that it conflicts, and the next \
        try reads anew. A submission that an older document shows as saved was saved. The \
        announcement that was sent before the conflict finds nothing left to be done.
        """,
        "outbox/submit skip 5 write": """
        It only notes that the messages were sent. What is not noted, the announcement finds \
        ten seconds later: it sends the same messages again, as any retry may, and notes it.
        """,
        "outbox/complete stale 1 read": """
        If the older document lacks the submission, it is looked for again later, and to the \
        last the tombstone is written under the version that was read, so that it conflicts. \
        If it says that messages are still to be sent, they are sent again as they were, and \
        the note that they are conflicts and is made on a fresh copy.
        """,
        "transactional/process stale 1 read": """
        The commit demands the version that was read, so that it conflicts, and the next \
        attempt reads anew. Whether the message was processed before, the commit looks up \
        itself.
        """,
        "transactional/submit stale 1 read": """
        The commit demands the version that was read, so that it conflicts, and the next try \
        reads anew. Whether the submission was saved before, the commit looks up itself.
        """,
        "outbox/complete stale 2 read": nothingLiesBeside,
        "outbox/complete skip 4 write": nothingWillLieBeside,
        "outbox/complete unconditional 4 write": nothingWillLieBeside,
        "outbox-staged/process stale 1 read": """
        Whatever is saved after it is saved under the version that was read, so that it \
        conflicts, and the next attempt reads anew. If the older document says that messages \
        are still to be sent, they are sent again as they were, or found to be gone and noted.
        """,
        "outbox-staged/process stale 2 read": fenceIsAskedAnew,
        "outbox-staged/process stale 3 read": """
        Whoever lays down messages although he has lost is listed, and whoever finds messages sent \
        removes what is listed. Only a submission that is given up needs the look, since its \
        messages are never sent.
        """,
        "outbox-staged/process unconditional 3 write": """
        It removes a page of what the fence lists, whatever is there anyway. (Two consumers with two \
        copies and two crashes are exhausted without a difference.)
        """,
        "outbox-staged/process stale 5 read": fenceIsAskedAnew,
        "outbox-staged/process stale 6 read": fenceIsAskedAnew,
        "outbox-staged/process skip 5 acknowledge": comesAgain,
        "outbox-staged/process skip 8 acknowledge": comesAgain,
        "outbox-staged/process skip 12 acknowledge": comesAgain,
        "outbox-staged/process skip 13 acknowledge": comesAgain,
        "outbox-staged/submit stale 1 read": """
        Whatever is saved after it is saved under the version that was read, so that it \
        conflicts, and the next attempt reads anew. If the older document says that messages \
        are still to be sent, they are sent again as they were, or found to be gone and noted.
        """,
        "outbox-staged/submit stale 3 read": fenceIsAskedAnew,
        "outbox-staged/complete stale 1 read": """
        Whatever is saved after it is saved under the version that was read, so that it \
        conflicts, and the next attempt reads anew. If the older document says that messages \
        are still to be sent, they are sent again as they were, or found to be gone and noted.
        """,
        "outbox-staged/complete stale 2 read": fenceIsAskedAnew,
        "outbox-staged/complete stale 5 read": fenceIsAskedAnew,
        "inbox/process stale 1 read": """
        What is saved after it conflicts. If the record is there and the id is not seen in the \
        older document, it is read again; if the id is seen, removing it conflicts, and that is \
        done to a fresh copy.
        """,
        "inbox/process skip 6 acknowledge": comesAgain,
        "inbox/process skip 7 acknowledge": comesAgain,
        "inbox/submit stale 1 read": """
        The state is saved under the version that was read, so that it conflicts. A submission \
        that an older document shows as saved was saved; the announcement sees to the rest.
        """,
        "inbox/submit unconditional 6 write": """
        It adds the record, which is written whatever is there anyway.
        """,
        "inbox/submit skip 7 write": """
        It only removes the id. The announcement finds it ten seconds later, sends the same \
        messages again, as any retry may, and removes it.
        """,
        "inbox/complete stale 1 read": """
        If the older document lacks the submission and the record is there, it is read again; if \
        there is none, it is looked for later, and to the last a write under the version that was \
        read conflicts. If it has the submission, the same messages are sent again.
        """,
        "inbox/complete stale 2 read": """
        A record that is not seen is looked for again later, and to the last nothing is written \
        but the entity as it was read, under its version.
        """,
        "inbox/complete unconditional 3 write": """
        It adds the record, which is written whatever is there anyway.
        """,
        "inbox/complete skip 5 write": nothingWillLieBeside,
        "inbox/complete unconditional 5 write": nothingWillLieBeside,
        "replay/process stale 1 read": """
        The premise is written on condition that there is none. If it is not seen, that fails, and \
        the next attempt sees it.
        """,
        "replay/process stale 2 read": """
        The entity is saved under the version that was read, so that it conflicts, and the next \
        attempt reads anew.
        """,
        "replay/process skip 5 acknowledge": """
        The message comes again when its lease ends, and is known by then. That path has nothing \
        to save any more: its acknowledgement is the third call, which is made.
        """,
        "replay/submit stale 1 read": """
        The state is saved under the version that was read, so that it conflicts, and the next \
        try reads anew. A submission that an older document shows as saved was saved.
        """,
        "replay/submit skip 5 write": """
        It only notes that the messages were sent. What is not noted, the announcement finds \
        ten seconds later: it sends the same messages again, as any retry may, and notes it.
        """,
        "replay/complete stale 1 read": """
        If the older document lacks the submission, it is looked for again later, and to the \
        last the tombstone is written under the version that was read, so that it conflicts. \
        If it says that messages are still to be sent, they are sent again as they were, and \
        the note that they are conflicts and is made on a fresh copy.
        """,
        "replay/complete stale 2 read": """
        It looks for what lies beside the entity for a submission, and where all messages fit \
        nothing ever does.
        """,
        "replay/complete skip 4 write": nothingWillLieBeside,
        "replay/complete unconditional 4 write": nothingWillLieBeside,
        "natural/process stale 1 read": """
        Whatever is saved after it is saved under the version that was read, so that it \
        conflicts, and the next attempt reads anew. That nothing has to be saved it may take from \
        the older document; then the newer one has it as well, since the entity that is explored \
        only grows. Of one from which something can be removed that would not be true.
        """,
        "natural/process skip 4 acknowledge": """
        The message comes again when its lease ends, and changes nothing then. That path sends \
        the same once more and acknowledges with its third call, which is made.
        """,
        "natural/submit stale 1 read": """
        The state is saved under the version that was read, so that it conflicts, and the next \
        try reads anew. A submission that an older document shows as saved was saved. The \
        announcement that was sent before the conflict finds nothing left to be done.
        """,
        "natural/submit skip 5 write": """
        It only notes that the messages were sent. What is not noted, the announcement finds \
        ten seconds later: it sends the same messages again, as any retry may, and notes it.
        """,
        "natural/complete stale 1 read": """
        If the older document lacks the submission, it is looked for again later, and to the \
        last the tombstone is written under the version that was read, so that it conflicts. \
        If it says that messages are still to be sent, they are sent again as they were, and \
        the note that they are conflicts and is made on a fresh copy.
        """,
        "natural/complete stale 2 read": nothingLiesBeside,
        "natural/complete skip 4 write": nothingWillLieBeside,
        "natural/complete unconditional 4 write": nothingWillLieBeside,
        "inbox-eventual/process stale 1 read": """
        Claim, state and the removal of either are written under the version that was read. Who \
        has lost removes, from a fresh copy, any claim that the stamp is not.
        """,
        "inbox-eventual/process stale 3 read": """
        A stamp never changes, so that it is either seen or not; if not, the attempt fails, and \
        the next one sees it.
        """,
        "tokens/process stale 1 read": """
        Whatever is saved after it is saved under the version that was read, so that it \
        conflicts. If the older document says that messages are still to be sent, they are sent \
        again as they were, and removing the id is done on a fresh copy.
        """,
        "tokens/process skip 5 acknowledge": comesAgain,
        "tokens/process skip 9 acknowledge": comesAgain,
        "tokens/process skip 10 acknowledge": comesAgain,
        "tokens/complete stale 1 read": """
        If the older document lacks the submission, it is looked for again later, and to the \
        last the tombstone is written under the version that was read, so that it conflicts. \
        If it says that messages are still to be sent, they are sent again as they were.
        """,
        "inbox-eventual/submit stale 1 read": """
        Claim, state and the removal of either are written under the version that was read. Who \
        has lost removes, from a fresh copy, any claim that the stamp is not.
        """,
        "inbox-eventual/submit stale 3 read": """
        A stamp never changes, so that it is either seen or not; if not, the attempt fails, and \
        the next one sees it.
        """,
        "inbox-eventual/complete stale 1 read": """
        A record that is not seen yet is looked for again later, and to the last nothing is \
        written but the entity as it was read, under its version.
        """,
        "inbox-eventual/complete stale 2 read": """
        What follows from the older document is written under its version, so that it conflicts, \
        or sends the same messages again, as any retry may.
        """,
        "inbox-eventual/complete stale 3 read": nothingLiesBeside,
        "inbox-eventual/complete skip 5 write": nothingWillLieBeside,
        "inbox-eventual/complete unconditional 5 write": nothingWillLieBeside,
        "inbox-eventual/process skip 4 acknowledge": comesAgain,
        "inbox-eventual/process skip 7 acknowledge": comesAgain,
    ]
}
