internal import Pawl

/// States as `Specs/OutboxStaged.tla` has them.
///
/// Attempts draw the names under which they lay down messages. Each lays down a page before its name
/// is anywhere else, so whose name it is can be noted then.
struct OutboxStagedProjection: Projection {
    var naming = Naming(.stages)

    mutating func hand(of index: Int, in simulation: Simulation) -> Hand {
        var hand = Hand()
        hand.document = naming.document(version: 0, nil, in: simulation)
        var (page, fence) = (0, FenceInHand())
        if let (begun, call, answers) = naming.begun(by: index, in: simulation),
            case .process(let receipt) = answers.operation,
            let id = simulation.interner.content(of: receipt)?.envelope.id
        {
            hand.copy = begun.copy
            hand.delivery = begun.delivery
            hand.isTouched = begun.isTouched
            let past = StagedPast(of: index, handling: id, in: simulation)
            switch call {
            case .read(let address):
                let key = simulation.interner.addresses[address].key
                hand.step = past.step(reading: key)
                page = Self.place(of: key)?.page ?? 0
            case .write(let writes, _, _):
                hand.step = past.step(writing: writes)
                page = writes.compactMap { Self.place(of: $0.key)?.page }.first ?? 0
                fill(&hand, &fence, writes, past, in: simulation)
            case .send(let messages, _):
                hand.step = "send"
                hand.outputs = naming.outputs(messages, in: simulation)
            case .acknowledge: hand.step = "acknowledge"
            default: hand.step = "another call"
            }
            if ["fence", "look"].contains(hand.step) { page = past.laid + 1 }
            if hand.step == "look" { fence = past.fence }
            // Their calls do not say what was read or saved before them.
            if ["fence", "look", "lay", "gather", "recheck", "send"].contains(hand.step) {
                hand.document = naming.document(past.document, in: simulation)
            }
            if hand.step == "gather" {
                hand.outputs = naming.outputs(past.gathered, in: simulation)
            }
        }
        hand.more = [("page", "\(page)"), ("fence", fence.value(naming))]
        return hand
    }

    /// Fills in what a write says.
    private mutating func fill(
        _ hand: inout Hand, _ fence: inout FenceInHand, _ writes: [Write], _ past: StagedPast,
        in simulation: Simulation
    ) {
        guard let write = writes.first else { return }
        switch hand.step {
        case "lay", "unlist", "close":
            fence.version = Self.version(write.condition)
            fence.listed = Self.listed(write.content)
            if hand.step == "lay", let name = fence.listed.last?.name,
                naming.registered[name] == nil
            {
                naming.registered[name] = TLA.sequence(hand.copy + ["\(hand.delivery ?? 0)"])
            }
        case "clear":
            fence.version = past.fence.version
            // It goes through the list, and is at whose page this is.
            let place = Self.place(of: write.key)
            fence.listed = Array(past.fence.listed.drop { $0.name != place?.attempt })
        case "save", "mark": hand.document = naming.document(write, in: simulation)
        default: break
        }
    }

    static func version(_ condition: Write.Condition) -> Int {
        switch condition {
        case .absent: 0
        case .version(let version): number(version)
        case .any: -1
        }
    }

    /// A version; 0 if there is no document.
    static func number(_ version: Version?) -> Int { version.map { Int($0.rawValue) ?? -1 } ?? 0 }

    /// Whose page a document is, and which.
    static func place(of key: DocumentKey) -> (attempt: MessageID, page: Int)? {
        let parts = key.id.split(separator: "/")
        guard key.kind == StagedMessages.kind, parts.count == 2,
            let attempt = MessageID(hexadecimal: parts[0]), let number = Int(parts[1])
        else { return nil }
        return (attempt, number + 1)
    }

    /// The attempts that a fence lists.
    static func listed(_ fence: Content?) -> [Laid] {
        guard let fence else { return [] }
        let stages = try? StagedMessages.stages(listedBy: fence)
        return stages?.map { Laid(name: $0.stage.attempt, base: number($0.base)) }
            ?? [Laid(name: MessageID("unreadable"), base: -1)]
    }

    /// What a fence is. One that lists nothing expires, whatever it is; one that is open and lists
    /// nothing is deleted.
    private static func state(of fence: Content) -> String {
        let state = (try? StagedMessages.state(of: fence)) ?? "unreadable"
        return (fence.expires != nil) == (state == "closed") ? state : "expires too soon or never"
    }

    // MARK: Variables

    mutating func others(in simulation: Simulation) -> [Variable] {
        var pages: [String] = []
        var fences: [(String, String)] = []
        for message in simulation.plan.messages {
            let id = message.envelope.id
            var (state, writes, listed) = ("none", 0, [Laid]())
            for slot in simulation.world.documents {
                let address = simulation.interner.addresses[slot.address]
                guard address.key.kind == StagedMessages.kind,
                    address.partition.name.hasSuffix("/\(id)")
                else { continue }
                if address.key == StagedMessages.fenceKey {
                    writes = slot.writes
                    listed = Self.listed(slot.content)
                    state = slot.content.map { Self.state(of: $0) } ?? "none"
                } else if let content = slot.content {
                    pages.append(naming.page(content, at: address.key, in: simulation))
                }
            }
            fences.append(
                (
                    TLA.text(naming.message(id, in: simulation)),
                    TLA.record([
                        ("state", TLA.text(state)), ("writes", "\(writes)"),
                        ("listed", TLA.sequence(listed.map { $0.value(naming) })),
                    ])
                ))
        }
        return [
            Variable(name: "pages", value: TLA.set(pages)),
            Variable(name: "fences", value: TLA.function(fences)),
        ]
    }
}

/// What a fence lists: under which name an attempt has laid down messages, and which version of the
/// entity it had loaded.
struct Laid {
    let name: MessageID
    let base: Int

    func value(_ naming: Naming) -> String {
        TLA.record([("name", naming.name(name)), ("base", "\(base)")])
    }
}

/// The fence that a process is about to write, or has read.
private struct FenceInHand {
    var version = 0
    var listed: [Laid] = []

    func value(_ naming: Naming) -> String {
        TLA.record([
            ("version", "\(version)"), ("listed", TLA.sequence(listed.map { $0.value(naming) })),
        ])
    }
}

extension Naming {
    /// A document whose ledger names what lies beside it.
    mutating func staging(
        version: Int, _ content: Content?, in simulation: Simulation
    ) -> String {
        let ledger = content.flatMap {
            try? Ledger(Document(version: Version(rawValue: ""), content: $0))
        }
        let entries = (ledger?.entries ?? []).map { entry in
            let (state, stage) =
                switch entry.state {
                case .staged(let stage): ("staged", name(stage.attempt))
                case .unstaged: ("unstaged", TLA.sequence([]))
                // The spec has none of these: where they come up, states differ.
                default: ("another state", TLA.sequence([]))
                }
            return TLA.record([
                ("id", TLA.text(message(entry.id, in: simulation))), ("state", TLA.text(state)),
                ("stage", stage),
            ])
        }
        return TLA.record([
            ("version", "\(version)"),
            ("effects", TLA.sequence(effects(content?.body, in: simulation))),
            ("ledger", TLA.sequence(entries)),
        ])
    }

    /// A page: under which name it lies, its number, the attempt that has made what is on it, and
    /// which messages those are.
    mutating func page(
        _ content: Content, at key: DocumentKey, in simulation: Simulation
    ) -> String {
        let messages = (try? StagedMessages.messages(of: content)) ?? []
        let marks = messages.compactMap { Marks.of($0.envelope.body).last }
        guard let (name, number) = OutboxStagedProjection.place(of: key),
            marks.count == messages.count, Set(marks.map(\.attempt)).count == 1
        else { return TLA.sequence([TLA.text("no attempt's messages")]) }
        return TLA.sequence([
            self.name(name), "\(number)", attempt(marks[0].attempt, in: simulation),
            TLA.sequence(marks.map { "\($0.ordinal + 1)" }),
        ])
    }
}

/// What a process was answered since it has received its message, as far as its call does not say
/// it.
private struct StagedPast {
    /// The message that it handles.
    let id: MessageID
    /// The entity as it has read or saved it, without what it has only looked at.
    private(set) var document: Document?
    /// What it has read of the messages that it is to send.
    private(set) var gathered: [Outgoing] = []
    /// The fence as it has read it last.
    private(set) var fence = FenceInHand()
    /// How many pages it has laid down.
    private(set) var laid = 0
    private var hasLoaded = false
    private var isProcessed = false
    /// Whether it has lost, so that what it has laid down has to go.
    private var hasFailed = false
    private var isMissing = false

    init(of index: Int, handling id: MessageID, in simulation: Simulation) {
        self.init(id)
        var answers: [(call: Call, reply: CallReply)] = []
        var next = simulation.world.processes[index].past
        while let stride = next {
            if let call = stride.call, let answer = stride.answer {
                answers.append((call, answer.reply))
            }
            next = stride.previous
        }
        // The last message that it has received is the one in hand.
        for (call, reply) in answers.reversed() { note(call, reply, simulation) }
    }

    private init(_ id: MessageID) {
        self.id = id
    }

    private mutating func note(_ call: Call, _ reply: CallReply, _ simulation: Simulation) {
        switch (call, reply) {
        case (.receive, _): self = StagedPast(id)
        case (.read(let address), .answer(.document(let document))):
            note(read: document, at: simulation.interner.addresses[address].key)
        case (.write(let writes, _, _), .answer(.written(let result))): note(result, of: writes)
        default: break
        }
    }

    private mutating func note(read document: Document?, at key: DocumentKey) {
        switch step(reading: key) {
        case "load":
            hasLoaded = true
            isProcessed = (try? Ledger(document))?.isProcessed(id) ?? false
            self.document = document
        case "gather":
            let page = document.flatMap { try? StagedMessages.messages(of: $0.content) }
            gathered += page ?? []
            isMissing = page == nil
        case "recheck": isMissing = false
        case "look": hasFailed = document?.version != self.document?.version
        case "fence", "peek":
            fence.version = OutboxStagedProjection.number(document?.version)
            fence.listed = OutboxStagedProjection.listed(document?.content)
            let state = document.flatMap { try? StagedMessages.state(of: $0.content) }
            hasFailed = !isProcessed && state == "closed"
        default: break
        }
    }

    private mutating func note(_ result: WriteResult, of writes: [Write]) {
        guard let write = writes.first else { return }
        switch (step(writing: writes), result) {
        case ("lay", .committed): laid += 1
        case ("save", .committed(let versions)):
            isProcessed = true
            if let version = versions.first ?? nil, let content = write.content {
                document = Document(version: version, content: content)
            }
        case ("save", .conflict): hasFailed = true
        default: break
        }
    }

    func step(reading key: DocumentKey) -> String {
        if Naming.isEntity(key) {
            if !hasLoaded { return "load" }
            return !isProcessed ? "look" : isMissing ? "recheck" : "reload"
        }
        guard key.kind == StagedMessages.kind else { return "another call" }
        if key != StagedMessages.fenceKey { return "gather" }
        return isProcessed ? "peek" : hasFailed ? "unlook" : "fence"
    }

    func step(writing writes: [Write]) -> String {
        guard let write = writes.first else { return "another call" }
        if Naming.isEntity(write.key) { return isProcessed ? "mark" : "save" }
        guard write.key.kind == StagedMessages.kind else { return "another call" }
        if write.key != StagedMessages.fenceKey { return hasFailed ? "withdraw" : "clear" }
        return writes.count > 1 ? "lay" : hasFailed ? "unlist" : "close"
    }
}
