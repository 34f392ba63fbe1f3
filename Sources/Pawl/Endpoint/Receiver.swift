internal import Logging
internal import ServiceLifecycle

/// Takes deliveries from the queue, as many as may be in flight, and has them handled.
struct Receiver {
    let queue: String
    let transport: any Transport
    let processor: Processor
    let leases: Leases
    let slots: Slots
    let options: EndpointOptions
    let environment: Environment
    let logger: Logger
    private static let longestPause: Duration = .seconds(5)

    private var failures = 0

    init(
        queue: String, transport: any Transport, processor: Processor, leases: Leases, slots: Slots,
        options: EndpointOptions, environment: Environment, logger: Logger
    ) {
        self.queue = queue
        self.transport = transport
        self.processor = processor
        self.leases = leases
        self.slots = slots
        self.options = options
        self.environment = environment
        self.logger = logger
    }

    /// Receives until shutdown or cancellation; returns when all that was in flight is done.
    ///
    /// One task receives, and ends with the shutdown; another, which does not, has what was
    /// received handled. So one task hears of the shutdown, once, rather than one for each batch.
    func run() async {
        let handover = Handover<[Delivery]>()
        async let taking: Void = takeUntilShutdown(into: handover)
        await withDiscardingTaskGroup { group in
            while let batch = await handover.next() {
                for delivery in batch where delivery.attempt == 1 {
                    group.addTask { [processor, leases, slots, environment] in
                        await environment.gate.withOthers { await processor.process(delivery) }
                        leases.end(delivery.receipt)
                        slots.giveBack()
                    }
                }
                for suspect in batch where suspect.attempt > 1 { await tryAlone(suspect) }
            }
        }
        await taking
    }

    private func takeUntilShutdown(into handover: Handover<[Delivery]>) async {
        await cancelWhenGracefulShutdown {
            var receiver = self
            while !Task.isCancelled {
                let free = await slots.waitUntilFree()
                // That may have taken long: nothing is begun after the shutdown.
                if Task.isCancelled { break }
                let batch = await receiver.take(free)
                leases.begin(batch.map(\.receipt))
                slots.take(batch.count { $0.attempt == 1 })
                if !batch.isEmpty { await handover.give(batch) }
            }
        }
        handover.end()
    }

    /// A delivery that was in flight when a lease ended may have killed its process. It is handled
    /// with nothing else in flight in this process, at other endpoints neither, so that if it kills
    /// again, it is certain which one it was, and its neighbours are not blamed. Other suspects,
    /// which wait meanwhile, are not blamed either: what counts is noted when a trial begins.
    private func tryAlone(_ suspect: Delivery) async {
        if Task.isCancelled || Task.isShuttingDownGracefully {
            do {
                try await transport.release(suspect.receipt, after: .zero)
            } catch {
                logger.debug(
                    "A delivery could not be given back; it comes again when its lease ends.",
                    metadata: [LogKey.error: "\(error)"])
            }
        } else {
            await environment.gate.alone { await processor.processAlone(suspect) }
        }
        leases.end(suspect.receipt)
    }

    private mutating func take(_ count: Int) async -> [Delivery] {
        do {
            let batch = try await transport.receive(from: queue, max: count, lease: options.lease)
            if failures > 0 { logger.notice("Messages can be received again.") }
            failures = 0
            return batch
        } catch {
            failures += 1
            // Once for an outage, not once a try.
            logger.log(
                level: failures == 1 ? .warning : .debug,
                "Nothing could be received; trying again.", metadata: [LogKey.error: "\(error)"])
            await pause()
            return []
        }
    }

    private func pause() async {
        let length = min(.milliseconds(20 << min(failures, 10)), Self.longestPause)
        // Ends early, by cancellation, when the endpoint is told to stop.
        try? await environment.sleep(environment.jittered(length))
    }
}
