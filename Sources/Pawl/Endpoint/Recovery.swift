internal import FoundationEssentials
internal import CoreMetrics
internal import Logging
internal import ServiceLifecycle

/// What has gone wrong with one delivery so far.
struct Progress {
    var retriesNow = 0
    var conflicts = 0
    var outages = 0
    /// What went wrong at earlier deliveries; `nil` if it has not been looked up.
    var trouble: Trouble?

    init(trouble: Trouble?) {
        self.trouble = trouble
    }
}

/// Recovery: what happens to a delivery when an attempt at it fails.
extension Processor {
    /// After so many failed calls to a backend, with growing pauses, a message is given back.
    private static let outagesUntilGivenBack = 10
    /// After so many conflicts a message is given back, to come again later.
    private static let conflictsUntilGivenBack = 100
    static let pauseAfterGivingBack: Duration = .seconds(5)

    /// Decides what to do after a failed attempt, and does it. Returns whether the delivery is at
    /// an end; otherwise another attempt is to be made now.
    func recover(
        from error: any Error, _ delivery: Delivery, _ envelope: Envelope,
        _ progress: inout Progress
    ) async -> Bool {
        if error.isOutage { return await waitOutOutage(error, delivery, envelope, &progress) }
        if error is CancellationError, Task.isCancelled {
            await giveBack(delivery, envelope, because: nil, after: .zero)
            return true
        }
        do {
            var trouble: Trouble
            if let known = progress.trouble {
                trouble = known
            } else {
                trouble = try await book.trouble(of: envelope.id)
            }
            trouble.attempts += 1
            trouble.trials = 0
            progress.trouble = trouble
            let action = options.retries.action(
                after: error, retriesNow: progress.retriesNow,
                retriesLater: trouble.failures.count)
            switch action {
            case .retryNow:
                progress.retriesNow += 1
                metrics.retries.increment()
                logger.debug("Attempt failed; trying again.", metadata: about(envelope, error))
                return false
            case .retryLater(let delay):
                try await tryLater(delivery, envelope, after: error, &trouble, delay)
            case .deadLetter:
                try await giveUp(delivery, envelope, after: error, trouble)
            }
            return true
        } catch  where error.isOutage {
            return await waitOutOutage(error, delivery, envelope, &progress)
        } catch {
            await giveBack(delivery, envelope, because: error)
            return true
        }
    }

    /// Decodes a delivery; gives it up if it can't be.
    func decode(_ delivery: Delivery) async -> Envelope? {
        do {
            return try Envelope(decoding: delivery.message)
        } catch {
            await giveUpUnreadable(delivery, after: error)
            return nil
        }
    }

    /// Waits a little, longer each time. Returns whether another attempt is to be made now.
    func waitAfterConflict(_ progress: inout Progress) async -> Bool {
        progress.conflicts += 1
        metrics.conflicts.increment()
        guard progress.conflicts < Self.conflictsUntilGivenBack else { return false }
        // The first conflicts are most likely with somebody who is done by now.
        if progress.conflicts <= 3 { return true }
        let exponent = min(progress.conflicts - 3, 6)
        return await pause(.milliseconds(1 << exponent))
    }

    private func waitOutOutage(
        _ error: any Error, _ delivery: Delivery, _ envelope: Envelope, _ progress: inout Progress
    ) async -> Bool {
        progress.outages += 1
        if progress.outages == 1 {
            logger.warning(
                "A store or a transport did not do its part; the message waits for it.",
                metadata: about(envelope, error))
        }
        let exponent = min(progress.outages, 9)
        guard progress.outages < Self.outagesUntilGivenBack,
            await pause(.milliseconds(10 << exponent))
        else {
            await giveBack(delivery, envelope, because: error)
            return true
        }
        return false
    }

    private func tryLater(
        _ delivery: Delivery, _ envelope: Envelope, after error: any Error,
        _ trouble: inout Trouble, _ delay: Duration
    ) async throws {
        trouble.failures.append(DeadLetter.Failure(error, at: environment.now()))
        try await book.save(trouble, of: envelope.id)
        let delay = environment.jittered(delay)
        guard try await transport.release(delivery.receipt, after: delay) else {
            // Somebody else has the message by now, and may be done with it.
            return try await book.forgetTrouble(of: envelope.id)
        }
        metrics.retries.increment()
        var metadata = about(envelope, error)
        metadata[LogKey.delay] = "\(delay)"
        metadata[LogKey.attempt] = "\(trouble.attempts)"
        logger.warning("Message failed; it will be tried again later.", metadata: metadata)
    }

    /// Moves a message to the dead letters.
    func giveUp(
        _ delivery: Delivery, _ envelope: Envelope, after error: any Error, _ trouble: Trouble
    ) async throws {
        var trouble = trouble
        trouble.failures.append(DeadLetter.Failure(error, at: environment.now()))
        guard try await bury(delivery, envelope.id, type: envelope.type, after: trouble) else {
            return
        }
        metrics.deadLetters.increment()
        logger.error(
            "Message given up; it is in the dead letters.", metadata: about(envelope, error))
    }

    /// Saves a dead letter and removes its message from the queue. Returns whether the message was
    /// still this process's.
    private func bury(
        _ delivery: Delivery, _ id: MessageID, type: String?, after trouble: Trouble
    ) async throws -> Bool {
        guard let transactional = algorithm as? Transactional else {
            try await book.bury(delivery.message, id: id, type: type, after: trouble)
            // A crash in between leaves both. Should the message be handled then, a retry of the
            // dead letter is a duplicate.
            return try await transport.acknowledge(delivery.receipt)
        }
        // Both as one: of a message that the database sent itself nothing is remembered once it is
        // handled, so a dead letter beside it could be retried.
        let result = try await transactional.database.commit(
            Transaction(
                receipt: delivery.receipt, id: MessageID(from: environment),
                endpoint: handlers.name, partition: TroubleBook.partition(handlers.name, id),
                writes: book.burial(of: delivery.message, id: id, type: type, after: trouble),
                messages: []))
        return result == .committed
    }

    private func giveUpUnreadable(_ delivery: Delivery, after error: any Error) async {
        let id = MessageID(hashing: delivery.message)
        var trouble = Trouble()
        trouble.attempts = 1
        trouble.failures = [DeadLetter.Failure(error, at: environment.now())]
        do {
            guard try await bury(delivery, id, type: nil, after: trouble) else { return }
            metrics.deadLetters.increment()
            logger.error(
                "Unreadable message given up; it is in the dead letters.",
                metadata: [LogKey.message: "\(id)", LogKey.error: "\(error)"])
        } catch {
            // The lease ends, and it comes again.
            logger.warning(
                "Unreadable message could not be moved to the dead letters.",
                metadata: [LogKey.message: "\(id)", LogKey.error: "\(error)"])
        }
    }

    /// Gives a message back to its queue, to be tried again in a while, without counting it as
    /// failed. Always returns `false`: the message is not done.
    @discardableResult
    func giveBack(
        _ delivery: Delivery, _ envelope: Envelope, because error: (any Error)?,
        after pause: Duration = pauseAfterGivingBack
    ) async -> Bool {
        if let error {
            logger.warning("Message given back to its queue.", metadata: about(envelope, error))
        }
        do {
            try await transport.release(delivery.receipt, after: pause)
        } catch {
            logger.debug(
                "Message could not be given back; it comes again when its lease ends.",
                metadata: about(envelope, error))
        }
        return false
    }

    /// Waits, unless the endpoint is told to stop. Returns whether to go on.
    func pause(_ duration: Duration) async -> Bool {
        let duration = environment.jittered(duration)
        let environment = environment
        do {
            try await cancelWhenGracefulShutdown { try await environment.sleep(duration) }
            return !Task.isShuttingDownGracefully
        } catch {
            return false  // cancelled
        }
    }

    func about(_ envelope: Envelope, _ error: any Error) -> Logger.Metadata {
        [
            LogKey.message: "\(envelope.id)", LogKey.type: "\(envelope.type)",
            LogKey.conversation: "\(envelope.conversation)", LogKey.error: "\(error)",
        ]
    }
}
