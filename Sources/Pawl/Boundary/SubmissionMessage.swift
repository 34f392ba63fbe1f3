extension Submission {
    /// The wire name of the message that has a submission finished. Endpoints handle it themselves.
    package static let typeName = "pawl.complete"
    /// How often a submission that is not saved is looked for before it is given up.
    package static let maximumTries = 6
    /// The time between two looks.
    package static let interval: Duration = .seconds(10)

    /// The message that has this submission finished, should whoever makes it die. It comes after
    /// the interval, so that most often there is nothing left to be done.
    package func announcement(
        to endpoint: String, _ environment: Environment
    ) throws -> Outgoing {
        let now = environment.now()
        // Its id is fresh: it may be handled any number of times.
        let envelope = Envelope(
            id: MessageID(from: environment), type: Self.typeName, body: try JSON.encode(self),
            conversation: id, sentAt: now)
        return Outgoing(envelope, to: endpoint, notBefore: now + Self.interval)
    }

    /// Sends that message to the submission's endpoint.
    func announce(over transport: any Transport, _ environment: Environment) async throws {
        try await transport.send([try announcement(to: endpoint, environment)])
    }

    /// Handles that message: finishes the submission that it names, or looks for it again later.
    package static func finish(
        _ message: Envelope, _ receipt: Receipt, at endpoint: String,
        with algorithm: any DeduplicationAlgorithm, over transport: any Transport,
        _ environment: Environment
    ) async throws -> Outcome {
        var submission = try JSON.decode(Submission.self, from: message.body)
        submission.endpoint = endpoint
        submission.tries += 1
        let isLastTry = submission.tries >= maximumTries
        let isDone = try await algorithm.complete(submission, isLastTry: isLastTry)
        if !isDone {
            if isLastTry { return .conflict }
            try await submission.announce(over: transport, environment)
        }
        return try await transport.acknowledge(receipt) ? .processed : .leaseLost
    }
}
