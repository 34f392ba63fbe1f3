import Pawl
import PawlCheck

/// How far an endpoint has come with its attempt at a message, as far as it has to be known to say
/// which action of a spec its next call is.
struct Progress {
    /// Where a document belongs that an algorithm reads or writes.
    enum Place {
        case entity, record, premise, token, fence, page
    }

    /// What the specs call the answers to calls to the store.
    enum Action: String {
        case load, look, check, late, reread, reload
        case register, make, save, undo, add, consume, revoke, mark, forget, clear
        case claim, stamp, yield, reyield
        case fence, lay, withdraw, unlook, unlist, gather, recheck, peek, close
    }

    private let spec: SpecScope.Spec
    /// Whether it is between two attempts.
    private(set) var isIdle = true
    private var hasLoaded = false
    private var hasSent = false
    /// Whether it knows that the message has a record.
    private var isRecorded = false
    /// Whether what it has laid down messages for can't be saved.
    private var hasFailed = false
    /// The version of the entity that it has loaded.
    private var base: Version?
    /// Whether it has found a page missing.
    private var isMissing = false
    /// Whether it knows that the message's token is gone.
    private var isGone = false
    /// Whether it knows that the entity has the message as processed.
    private var isFinishing = false

    /// The claim that it has to the message, and whether the message has another one's stamp.
    private var claim: MessageID?
    private var isForeign = false
    /// Whether it knows that the message has its own stamp.
    private var isStamped = false
    /// The name under which it has laid down messages; `nil` as long as it has not.
    private var stage: MessageID?
    /// Whether it ends by what it has read last.
    private(set) var isOver = false

    init(_ spec: SpecScope.Spec) {
        self.spec = spec
    }

    /// Where a document belongs; `nil` if the specs don't have it.
    func place(of key: DocumentKey, entity: DocumentKey) -> Place? {
        switch spec {
        case _ where key == entity: .entity
        case .inbox where key.kind == InboxRecords.kind,
            .claimInbox where key.kind == InboxRecords.kind:
            .record
        case .replay where key.kind == Premises.kind: .premise
        case .tokens where key.kind == Token.kind: .token
        case .outboxStaged where key == StagedMessages.fenceKey: .fence
        case .outboxStaged where key.kind == StagedMessages.kind: .page
        default: nil
        }
    }

    func action(reading place: Place) -> Action {
        switch place {
        case .premise: .look
        case .record where spec == .claimInbox: .look
        case .record, .token: .check
        case .fence: isFinishing ? .peek : hasFailed ? .unlook : .fence
        case .page: .gather
        case .entity where !hasLoaded: .load
        case .entity where spec == .tokens && !isFinishing: isGone ? .late : .reread
        case .entity where spec == .outboxStaged && !isFinishing: .look
        case .entity: isMissing ? .recheck : isForeign ? .reyield : .reload
        }
    }

    /// The action that a write is.
    ///
    /// - Parameters:
    ///   - writes: The writes, at least one.
    ///   - place: Where the first one goes.
    ///   - id: The message that is handled.
    /// - Returns: The action.
    func action(writing writes: [Write], at place: Place, handling id: MessageID?) -> Action {
        switch (spec, place) {
        case (.claimInbox, .record): return .stamp
        case (.claimInbox, _):
            if isForeign { return .yield }
            return isFinishing ? .forget : isStamped ? .save : .claim
        case (_, .record): return .add
        case (_, .fence): return writes.count > 1 ? .lay : hasFailed ? .unlist : .close
        case (_, .page): return hasFailed ? .withdraw : .clear
        case (.outboxStaged, _): return isFinishing ? .mark : .save
        case (_, .token):
            guard let shut = writes.first(where: { $0.key == TokenRecords.shutKey }) else {
                return .consume
            }
            if shut.content == nil { return .make }
            return isFinishing ? .revoke : .undo
        case (.tokens, _):
            if isFinishing { return .clear }
            let ledger = writes.first.flatMap { Self.ledger($0) }
            return id.map { ledger?.isProcessed($0) ?? false } ?? false ? .save : .register
        case (.inbox, _): return isRecorded ? .forget : .save
        case (.replay, _), (.natural, _): return .save
        case (_, _): return hasSent ? .mark : .save
        }
    }

    /// The ledger that is to be written.
    static func ledger(_ write: Write) -> Ledger? {
        write.content.flatMap {
            try? Ledger(Document(version: Version(rawValue: ""), content: $0))
        }
    }

    // MARK: What was answered

    mutating func begin() { isIdle = false }

    mutating func noteRead(_ action: Action, _ document: Document?, handling id: MessageID?) {
        switch action {
        case .load:
            hasLoaded = true
            base = document?.version
            let ledger = try? Ledger(document)
            isFinishing = id.map { ledger?.isProcessed($0) ?? false } ?? false
            if case .claimed(let known)? = id.flatMap({ ledger?[$0] }) { claim = known }
        case .look where spec == .claimInbox:
            let stamp = document.flatMap { try? InboxRecords.stamp(in: $0.content) }
            isOver = stamp == nil
            isStamped = stamp == claim
            isForeign = stamp != claim
        case .check:
            isRecorded = document != nil
            isGone = document == nil
        case .late: isFinishing = true
        case .gather: isMissing = document == nil
        case .recheck:
            isMissing = false
            let ledger = try? Ledger(document)
            isOver = id.map { ledger?.isUnsent($0) ?? false } ?? false
        case .fence:
            let state = document.flatMap { try? StagedMessages.state(of: $0.content) }
            if state == "closed" { noteLost() }
        case .look where spec == .outboxStaged:
            if document?.version != base { noteLost() }
        case .unlook:
            let listed = document.flatMap { try? StagedMessages.stages(listedBy: $0.content) }
            isOver = !(listed ?? []).contains { $0.stage.attempt == stage }
        default: break
        }
    }

    mutating func noteWritten(
        _ action: Action, _ writes: [Write], handling id: MessageID?, isCommitted: Bool
    ) {
        switch action {
        case .claim:
            let ledger = writes.first.flatMap { Self.ledger($0) }
            if case .claimed(let own)? = id.flatMap({ ledger?[$0] }) { claim = own }
        case .stamp: isStamped = isCommitted
        case .lay:
            let fence = writes.first?.content
            let listed = fence.flatMap { try? StagedMessages.stages(listedBy: $0) }
            if isCommitted { stage = listed?.last?.stage.attempt }
        case .save:
            isFinishing = isCommitted
            hasFailed = !isCommitted
        case .add: isRecorded = true
        default: break
        }
    }

    /// It lays down nothing any more. What it has laid down has to go.
    private mutating func noteLost() {
        hasFailed = stage != nil
        isOver = stage == nil
    }

    mutating func noteSent() { hasSent = true }

    /// Whether an attempt is over after such an answer to a write.
    func isOver(after action: Action, isCommitted: Bool) -> Bool {
        switch action {
        case .register, .make, .claim: !isCommitted
        // What has made tokens may be saved all the same; and what has made something has to remove
        // it otherwise.
        case .save: !isCommitted && spec != .tokens && spec != .outboxStaged
        case .unlist: isCommitted
        case .undo: true
        default: false
        }
    }
}
