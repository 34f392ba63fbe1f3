package import Pawl
internal import PawlCheck

/// Replay once more, with everything in it that can be wrong. Without a mistake it makes the same
/// calls as the one that ships.
///
/// What it does with submissions is right: nothing that is wrong here is about them.
package struct MistakenReplay: DeduplicationAlgorithm {
    package enum Mistake: Sendable {
        case replayOnLatest, randomIDs, appendAny, blindState, duplicateSkipsPublish
        case earlyAcknowledgement, unchangedNotRecorded, premiseBefore, premiseAfter
        case forgottenClock, acknowledgementBeforeSend, shortRetention
    }

    let mistake: Mistake?
    private let database: any Database
    private let environment: Environment
    private let premises: Premises
    private let shipped: any DeduplicationAlgorithm

    package init(_ mistake: Mistake?, database: any Database, environment: Environment) {
        self.mistake = mistake
        self.database = database
        self.environment = environment
        premises = Premises(
            store: database, retention: mistake == .shortRetention ? .seconds(3600) : .days(7))
        shipped = AlgorithmUnderCheck.replay.make(database, environment)
    }

    package func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        if attempt.isMemo { return try await shipped.process(attempt, receipt) }
        // r1 early-ack: whatever comes after it nobody will do again.
        if mistake == .earlyAcknowledgement { try await database.acknowledge(receipt) }
        let messages: [Outgoing]
        let outcome: Outcome
        // 1. Look for the message's premise.
        if let premise = try await premises.read(attempt) {
            // 2. Processed before.
            messages = try await repeated(attempt, premise)
            outcome = .duplicate
        } else {
            // 3. Load the entities and handle it; save state and premise as one.
            let documents = try await load(attempt)
            let (effects, premise) = try await attempt.derive(from: documents, environment.now())
            guard try await save(effects, premise, of: attempt, over: documents) else {
                return .conflict
            }
            messages = effects.messages
            outcome = .processed
        }
        // r2 ack-before-send: between the two a crash may fall.
        if mistake == .acknowledgementBeforeSend { try await database.acknowledge(receipt) }
        // 4. Send.
        if !messages.isEmpty { try await database.send(messages.map { named($0) }) }
        // 5. Only now may the message go.
        if mistake != .earlyAcknowledgement, mistake != .acknowledgementBeforeSend {
            try await database.acknowledge(receipt)
        }
        return outcome
    }

    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        try await shipped.submit(attempt)
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        try await shipped.complete(submission, isLastTry: isLastTry)
    }

    private func load(_ attempt: Attempt) async throws -> [Document?] {
        var documents: [Document?] = []
        for key in attempt.keys {
            documents.append(try await database.read(key, in: attempt.partition))
        }
        return documents
    }

    /// The messages of one that was processed before.
    private func repeated(_ attempt: Attempt, _ premise: Premise) async throws -> [Outgoing] {
        switch mistake {
        // 43 replay-on-latest: others have changed the state since, and so has the message itself.
        case .replayOnLatest:
            return try await attempt.derive(from: load(attempt), premise.now).0.messages
        // r6 forgotten-clock: it is later now.
        case .forgottenClock:
            let derived = try await attempt.derive(from: premise.bodies, at: environment.now())
            return try attempt.address(
                derived, to: premise.outputs.map(\.queues), [:], at: environment.now())
        // 47 duplicate-skips-publish: whoever has saved it may have died then.
        case .duplicateSkipsPublish: return []
        default: return try await attempt.rederive(from: premise)
        }
    }

    private func save(
        _ effects: Effects, _ premise: Premise, of attempt: Attempt, over documents: [Document?]
    ) async throws -> Bool {
        let states = try attempt.writes(saving: effects, over: documents, within: database.limits)
        let addition = try premises.adding(premise, of: attempt)
        switch mistake {
        // r3 unchanged-not-recorded: the next copy is handled on what others have made of the state.
        case .unchangedNotRecorded where effects.bodies == premise.bodies: return true
        // 46 append-any: whatever others have saved since it was read.
        case .appendAny: return try await write((states + [addition]).map(\.blind), attempt)
        // 46b blind-state: the premise is new, but the state may be another one by now.
        case .blindState: return try await write(states.map(\.blind) + [addition], attempt)
        // r4 premise-first: between the two a crash may fall, and the message counts as processed.
        case .premiseBefore:
            guard try await write([addition], attempt) else { return false }
            return try await write(states, attempt)
        // r5 premise-last: between the two a crash may fall, and the message counts as new.
        case .premiseAfter:
            guard try await write(states, attempt) else { return false }
            return try await write([addition], attempt)
        default: return try await write(states + [addition], attempt)
        }
    }

    private func write(_ writes: [Write], _ attempt: Attempt) async throws -> Bool {
        try await database.write(writes, in: attempt.partition) != .conflict
    }

    private func named(_ message: Outgoing) -> Outgoing {
        guard mistake == .randomIDs else { return message }
        // 44 random-ids: its receiver takes each copy for another message.
        var message = message
        message.envelope.id = MessageID(from: environment)
        return message
    }
}

extension Write {
    fileprivate var blind: Write {
        content.map { .put(key, $0, if: .any) } ?? .delete(key, if: .any)
    }
}
