import Pawl
import PawlCheck
import Synchronization

/// What an endpoint of a recorded run has seen, as the specs name it.
extension RecordedDatabase {
    /// A document that was read.
    func outline(_ document: Document?) -> String {
        let tally = document?.content.body.flatMap { try? JSON.decode(Tally.self, from: $0) }
        let applied = tally?.applied ?? []
        var fields = [("version", "\(recorder.number(of: document?.version))")]
        if spec == .natural {
            let counts = Dictionary(applied.map { ($0, 1) }, uniquingKeysWith: +)
            fields.append(
                (
                    "facts",
                    TLA.set(counts.map { TLA.sequence([TLA.text($0.key), "\($0.value)"]) })
                ))
        } else {
            fields.append(("effects", TLA.sequence(applied.map { TLA.text($0) })))
        }
        switch spec {
        case .transactional, .replay, .natural: break
        case .outbox, .outboxStaged, .session, .inbox, .claimInbox, .tokens:
            guard let ledger = try? Ledger(document) else { return TLA.text("unreadable") }
            fields.append(("ledger", TLA.sequence(entries(of: ledger))))
            if spec == .tokens {
                fields.append(("registered", attempts(ledger) { $0.isRegistered }))
                fields.append(("doomed", attempts(ledger) { !$0.isRegistered }))
            }
        }
        return TLA.record(fields.map { (name: $0.0, value: $0.1) })
    }

    private func entries(of ledger: Ledger) -> [String] {
        ledger.entries.compactMap { entry in
            let (state, outputs) =
                switch entry.state {
                case .pending(let messages): ("pending", messages.count)
                case .dispatched: ("dispatched", 0)
                case .tombstone: ("tombstone", 0)
                case .staged(let stage): ("staged", stage.pages)
                case .unstaged: ("unstaged", 0)
                case .claimed: ("claimed", 0)
                case .registered, .doomed: ("", 0)
                }
            if state.isEmpty { return nil }
            return TLA.record([
                ("id", TLA.text(recorder.name(of: entry.id))), ("state", TLA.text(state)),
                ("outputs", "\(outputs)"),
            ])
        }
    }

    /// How many attempts are listed, and of which copies they are: which delivery it was, nobody sees.
    private func attempts(
        _ ledger: Ledger, _ isWanted: (Ledger.State) -> Bool
    ) -> String {
        let ids = ledger.entries.filter { $0.state.isAttempt && isWanted($0.state) }.map(\.id)
        return TLA.record([
            ("count", "\(ids.count)"), ("copies", TLA.set(ids.map { recorder.copy(of: $0) })),
        ])
    }

    /// Notes whose the names are under which attempts are about to register, or to lay something
    /// down. Nobody else draws them.
    func noteAttempts(in writes: [Write], by action: Progress.Action) {
        guard let write = writes.first, let delivery = state.withLock({ $0.deliveries.first })
        else { return }
        let ids: [MessageID]
        switch action {
        case .register:
            ids =
                Progress.ledger(write)?.entries
                .filter { $0.state.isAttempt && $0.state.isRegistered }.map(\.id) ?? []
        case .lay:
            ids =
                write.content.flatMap { try? StagedMessages.stages(listedBy: $0) }?
                .map(\.stage.attempt) ?? []
        case .claim:
            ids =
                Progress.ledger(write)?.entries.compactMap { entry in
                    if case .claimed(let claim) = entry.state { claim } else { nil }
                } ?? []
        default: return
        }
        recorder.noteAttempts(ids, of: recorder.copy(delivery.receipt, of: delivery.message))
    }

    /// What is seen of a document that was read.
    func seen(
        _ action: Progress.Action, _ document: Document?, at key: DocumentKey
    ) -> [(String, String)] {
        switch action {
        case .load, .late, .reread, .reload, .recheck, .reyield: [("read", outline(document))]
        case .look where spec == .claimInbox:
            [("stamp", document.map { stamp($0) } ?? TLA.sequence([]))]
        case .look where spec == .outboxStaged: [("read", outline(document))]
        case .fence, .unlook, .peek: [("fence", fence(document))]
        case .gather: [("found", TLA.truth(document != nil))] + (page(key) ?? [])
        default: [("found", TLA.truth(document != nil))]
        }
    }

    /// A fence, and at which copies the attempts were made that it lists.
    private func fence(_ document: Document?) -> String {
        let content = document?.content
        let state = content.map { (try? StagedMessages.state(of: $0)) ?? "unreadable" } ?? "none"
        let stages = content.map { try? StagedMessages.stages(listedBy: $0) } ?? []
        guard let stages else { return TLA.text("unreadable") }
        return TLA.record([
            ("state", TLA.text(state)),
            (
                "listed",
                TLA.sequence(
                    stages.map {
                        TLA.record([
                            ("of", recorder.copy(of: $0.stage.attempt)),
                            ("base", "\(recorder.number(of: $0.base))"),
                        ])
                    })
            ),
        ])
    }

    /// At which copy the attempt was made whose claim a message is stamped with.
    private func stamp(_ record: Document) -> String {
        (try? InboxRecords.stamp(in: record.content)).map { recorder.copy(of: $0) }
            ?? TLA.text("unreadable")
    }

    /// Whose page it is, and which.
    private func page(_ key: DocumentKey) -> [(String, String)]? {
        let parts = key.id.split(separator: "/")
        guard parts.count == 2, let attempt = MessageID(hexadecimal: parts[0]),
            let number = Int(parts[1])
        else { return nil }
        return [("whose", recorder.copy(of: attempt)), ("page", "\(number + 1)")]
    }

    /// What is seen of a write.
    ///
    /// - Parameters:
    ///   - action: What it was for.
    ///   - writes: What was to be written.
    ///   - partition: Where.
    ///   - isCommitted: Whether it was.
    ///   - number: How often the entity was written by now; 0 if it was not.
    /// - Returns: The fields of the event.
    func seen(
        _ action: Progress.Action, _ writes: [Write], in partition: PartitionKey,
        _ isCommitted: Bool, _ number: Int
    ) -> [(String, String)] {
        switch action {
        case .add, .consume: return []
        case .lay, .unlist, .close, .stamp: return [("fits", TLA.truth(isCommitted))]
        case .withdraw, .clear: return writes.first.flatMap { page($0.key) } ?? []
        case .make: return [("made", TLA.truth(isCommitted))]
        case .undo, .revoke: return [("whose", recorder.copy(of: partition))]
        case .save where spec == .replay:
            let saved = TLA.record([
                ("version", "\(number)"), ("isSaved", TLA.truth(isCommitted)),
            ])
            let content = writes.first { $0.key.kind == Premises.kind }?.content
            guard let premise = content.flatMap({ try? Premise(decoding: $0.ledger) }) else {
                return [("saved", saved), ("given", TLA.text("nothing"))]
            }
            let given = premise.bodies.first.flatMap { $0 }
                .flatMap { try? JSON.decode(Tally.self, from: $0) }
            return [
                ("saved", saved),
                ("given", TLA.sequence((given?.applied ?? []).map { TLA.text($0) })),
                ("time", "\(recorder.number(of: premise.now))"),
            ]
        default: return [("written", "\(number)")]
        }
    }

    /// What is seen of messages that are sent.
    func seen(_ messages: [Outgoing]) -> [(String, String)] {
        let causes = messages.map {
            TLA.text($0.envelope.cause.map { recorder.name(of: $0) } ?? "")
        }
        switch spec {
        case .outbox, .outboxStaged, .session, .inbox, .claimInbox, .transactional:
            return [("sent", TLA.sequence(causes))]
        case .tokens:
            let tokens = messages.map { message -> String in
                guard let token = try? message.envelope.token() else { return TLA.text("none") }
                return TLA.record([
                    ("whose", recorder.copy(of: token.attempt)), ("number", "\(token.ordinal + 1)"),
                ])
            }
            return [("sent", TLA.sequence(causes)), ("tokens", TLA.sequence(tokens))]
        case .replay:
            let said = zip(messages, causes).map { message, cause in
                let given = (try? JSON.decode(Counted.self, from: message.envelope.body))?.given
                return TLA.record([
                    ("of", cause),
                    ("given", TLA.sequence((given ?? ["unreadable"]).map { TLA.text($0) })),
                    ("id", TLA.sequence([cause, "\(ordinal(of: message) + 1)"])),
                ])
            }
            let times = messages.map { "\(recorder.number(of: $0.envelope.sentAt))" }
            return [("sent", TLA.sequence(said)), ("times", TLA.sequence(times))]
        case .natural:
            let said = zip(messages, causes).map { message, cause in
                TLA.record([
                    ("of", cause), ("number", "\(ordinal(of: message) + 1)"),
                    // Nothing but what its cause says, if all copies are alike in every byte.
                    ("says", recorder.isAlike(message.envelope) ? "0" : "1"),
                ])
            }
            return [("sent", TLA.sequence(said))]
        }
    }

    /// Which one a message is of those that its cause has made, by its id; -1 if by no number its id
    /// follows from its cause.
    private func ordinal(of message: Outgoing) -> Int {
        guard let cause = message.envelope.cause, let endpoint = message.envelope.sender else {
            return -1
        }
        let found = (0..<256).first {
            message.envelope.id
                == MessageID(
                    cause: cause, endpoint: endpoint, ordinal: $0, destination: message.queue)
        }
        return found ?? -1
    }
}

extension Ledger.State {
    fileprivate var isAttempt: Bool {
        switch self {
        case .registered, .doomed: true
        default: false
        }
    }

    fileprivate var isRegistered: Bool {
        if case .registered = self { true } else { false }
    }
}
