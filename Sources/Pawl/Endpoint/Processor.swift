internal import CoreMetrics
internal import Logging
internal import ServiceLifecycle
internal import Tracing

/// Handles one delivery from its arrival to its end: done, given back for later, or given up.
struct Processor: Sendable {
    let handlers: Handlers
    let algorithm: any DeduplicationAlgorithm
    let transport: any Transport
    let book: TroubleBook
    let options: EndpointOptions
    let environment: Environment
    let logger: Logger
    let metrics: EndpointMetrics
    let lanes = Lanes()

    /// Handles a delivery; several may be handled at once.
    func process(_ delivery: Delivery) async {
        guard let envelope = await decode(delivery) else { return }
        _ = await process(envelope, delivery, knowing: nil)
    }

    /// Handles a delivery whose message may have killed a process. The caller sees to it that
    /// nothing else is in flight in this process.
    func processAlone(_ delivery: Delivery) async {
        guard let envelope = await decode(delivery) else { return }
        var isBegun = false
        do {
            var trouble = try await book.trouble(of: envelope.id)
            guard trouble.trials < options.deathsAlone else {
                let error = PawlError(
                    .diedAlone,
                    """
                    The process died \(trouble.trials) times while it handled message \
                    \(envelope.id) (\(envelope.type)) and nothing else.
                    """)
                trouble.attempts += trouble.trials
                return try await giveUp(delivery, envelope, after: error, trouble)
            }
            trouble.trials += 1
            isBegun = true
            try await book.save(trouble, of: envelope.id)
            switch await process(envelope, delivery, knowing: trouble) {
            case .done: return await forgetTrouble(of: envelope)
            case .somebodyElses: return
            case .notDone: break
            }
        } catch {
            await giveBack(delivery, envelope, because: error)
        }
        if isBegun { await noteSurvival(of: envelope) }
    }

    private func forgetTrouble(of envelope: Envelope) async {
        do {
            try await book.forgetTrouble(of: envelope.id)
        } catch {
            logger.debug(
                "What was noted about a message is still there; it goes by itself.",
                metadata: about(envelope, error))
        }
    }

    /// Notes that the message is not done, but that the process did not die of it. An outage is
    /// waited for, however long it takes: a few of them would look like deaths otherwise.
    private func noteSurvival(of envelope: Envelope) async {
        var outages = 0
        while true {
            do {
                return try await book.survived(envelope.id)
            } catch {
                outages += 1
                guard error.isOutage, await pause(.milliseconds(10 << min(outages, 9))) else {
                    logger.warning(
                        "It could not be noted that the process did not die of a message.",
                        metadata: about(envelope, error))
                    return
                }
            }
        }
    }

    /// How a delivery can end.
    private enum Ending {
        case done
        /// It comes again, or it was given up.
        case notDone
        /// Its lease has passed on, so what is noted about it is another process's.
        case somebodyElses
    }

    /// Makes attempts until the delivery is at an end.
    private func process(
        _ envelope: Envelope, _ delivery: Delivery, knowing trouble: Trouble?
    ) async -> Ending {
        let start = environment.now()
        defer { metrics.duration.recordMicroseconds((environment.now() - start).microseconds) }
        return await withSpan(
            "process \(handlers.name)", context: Trace.context(of: envelope), ofKind: .consumer
        ) { span in
            // Most spans are recorded by nobody, and making the texts costs a microsecond each.
            if span.isRecording { span.describe(envelope, at: handlers.name) }
            var progress = Progress(trouble: trouble)
            while true {
                do {
                    let outcome = try await attempt(envelope, delivery.receipt)
                    guard outcome == .conflict else {
                        count(outcome)
                        return outcome == .leaseLost ? .somebodyElses : .done
                    }
                    guard await waitAfterConflict(&progress) else {
                        await giveBack(delivery, envelope, because: nil)
                        return .notDone
                    }
                } catch {
                    span.recordError(error)
                    let isOver = await recover(from: error, delivery, envelope, &progress)
                    if isOver { return .notDone }
                }
            }
        }
    }

    private func attempt(_ envelope: Envelope, _ receipt: Receipt) async throws -> Outcome {
        if envelope.type == Submission.typeName {
            return try await Submission.finish(
                envelope, receipt, at: handlers.name, with: algorithm, over: transport,
                environment)
        }
        guard let handler = handlers.byType[envelope.type] else {
            throw PawlError(
                .unknownType,
                """
                Endpoint \(handlers.name) has no handler for \(envelope.type), the type of message \
                \(envelope.id). Deploy one that has, or correct where the message is sent.
                """)
        }
        guard let envelope = try await algorithm.open(envelope) else {
            // Its body is gone, since it was processed.
            return try await transport.acknowledge(receipt) ? .duplicate : .leaseLost
        }
        let work = try handler.prepare(envelope, handlers.name)
        let attempt = Attempt(
            message: envelope, endpoint: handlers.name, work: work,
            router: Router(transport: transport), environment: environment, logger: logger)
        await lanes.enter(work.partition)
        defer { lanes.leave(work.partition) }
        return try await algorithm.process(attempt, receipt)
    }

    private func count(_ outcome: Outcome) {
        switch outcome {
        case .processed: metrics.consumed.increment()
        case .duplicate: metrics.duplicates.increment()
        case .conflict, .leaseLost: break
        }
    }
}
