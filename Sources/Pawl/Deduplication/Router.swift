/// Finds out where messages go, and that they can go there, before anything is committed.
package struct Router: Sendable {
    let transport: any Transport

    package init(transport: any Transport) {
        self.transport = transport
    }

    /// Finds out where each message goes that a handler sent.
    ///
    /// - Throws: A ``PawlError`` if a message has no destination.
    func destinations(of sent: [Context.Sent]) async throws -> [[String]] {
        var destinations: [[String]] = []
        for message in sent { destinations.append(try await queues(for: message)) }
        return destinations
    }

    /// Puts what a handler sent into envelopes: one for each destination.
    ///
    /// - Throws: A ``PawlError`` if a message is too large to be sent.
    func envelopes(
        _ sent: [Context.Sent], to destinations: [[String]], _ headers: [String: String],
        from endpoint: String, because cause: Envelope, at now: Timestamp,
        isAnySize: Bool
    ) throws -> [Outgoing] {
        var messages: [Outgoing] = []
        for (ordinal, message) in sent.enumerated() {
            for queue in destinations[ordinal] {
                let id = MessageID(
                    cause: cause.id, endpoint: endpoint, ordinal: ordinal, destination: queue)
                let envelope = Envelope(
                    id: id, type: message.type, body: message.body, headers: headers,
                    cause: cause.id, conversation: cause.conversation, sender: endpoint,
                    sentAt: now)
                if !isAnySize { try check(envelope) }
                messages.append(Outgoing(envelope, to: queue, notBefore: message.notBefore))
            }
        }
        return messages
    }

    private func queues(for message: Context.Sent) async throws -> [String] {
        do {
            return try queues(for: message, in: try await transport.directory(fresh: false))
        } catch is PawlError {
            // The endpoint may have started a moment ago.
            return try queues(for: message, in: try await transport.directory(fresh: true))
        }
    }

    private func queues(
        for message: Context.Sent, in directory: Directory
    ) throws(PawlError) -> [String] {
        switch message.target {
        case .subscribers:
            return directory.handlers(of: message.type)
        case .queue(let name):
            guard directory.endpoints[name] != nil else {
                throw PawlError(
                    .noDestination,
                    """
                    \(message.type) can't be sent: there is no queue named \(name). Start the \
                    endpoint \(name) once, or correct the name.
                    """)
            }
            return [name]
        case .handler:
            let handlers = directory.handlers(of: message.type)
            guard let handler = handlers.first else {
                throw PawlError(
                    .noDestination,
                    """
                    \(message.type) can't be sent: no endpoint handles it. Start the one that does \
                    once, so that its queue is known.
                    """)
            }
            guard handlers.count == 1 else {
                throw PawlError(
                    .ambiguousDestination,
                    """
                    \(message.type) is a command, but \(handlers.joined(separator: " and ")) \
                    handle it. Name the one that is meant: `send(_:to:)`.
                    """)
            }
            return [handler]
        }
    }

    /// Whether the transport can carry a message.
    func fits(_ envelope: Envelope) -> Bool {
        size(of: envelope) <= transport.transportLimits.largestMessage
    }

    private func size(of envelope: Envelope) -> Int {
        // The envelope adds at most this much to what is measured without encoding it.
        let overhead = 128
        let headers = envelope.headers.reduce(0) {
            $0 + $1.key.utf8.count + $1.value.utf8.count + 8
        }
        return envelope.body.count + headers + envelope.type.utf8.count
            + (envelope.sender?.utf8.count ?? 0) + overhead
    }

    /// Makes sure that the transport can carry a message.
    ///
    /// - Throws: A ``PawlError`` with the code ``PawlError/Code/messageTooLarge``.
    func check(_ envelope: Envelope) throws {
        guard fits(envelope) else {
            throw PawlError(
                .messageTooLarge,
                """
                \(envelope.type) has \(size(of: envelope)) bytes, but the transport carries at most \
                \(transport.transportLimits.largestMessage). Nothing was changed. Send a reference to the \
                large part instead.
                """)
        }
    }
}
