extension Mutants {
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
    ]
}
