import Pawl
package import PawlCheck

/// A small model of how something else that ships keeps duplicates away, written from its public
/// documentation.
///
/// A model is as good as the documentation lets it be: where that leaves something open, it does what
/// is best for exactly-once. It says nothing about the product's code.
package struct OtherProduct: Sendable {
    /// The product, and what of it.
    package let name: String
    /// Where its documentation says how it works.
    package let sources: [String]
    /// What it promises, and under which conditions, in a sentence of ours.
    package let promise: String
    /// For how long it knows a message; `nil` if it does not know messages.
    package let window: Duration?
    /// The model.
    package let algorithm: AlgorithmUnderCheck
    /// Where its promise holds, as far as faults go.
    package let assumed: AlgorithmScope

    /// All models.
    package static let all: [OtherProduct] = [
        nServiceBus, massTransit,
        broker(
            "SQS FIFO", window: .seconds(5 * 60),
            [
                """
                https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/\
                FIFO-key-terms.html
                """,
                """
                https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/\
                API_ReceiveMessage.html
                """,
            ],
            """
            Of messages sent with one deduplication id within 5 minutes, one is delivered; a message \
            that is not deleted before its visibility timeout ends is received again.
            """),
        broker(
            "Service Bus", window: .seconds(10 * 60),
            [
                """
                https://learn.microsoft.com/en-us/azure/service-bus-messaging/duplicate-detection
                """
            ],
            """
            A message whose id was logged within the window (10 minutes unless set, 7 days at most) \
            is dropped when it is sent; it is about sending, not about receiving.
            """),
        broker(
            "NATS JetStream", window: .seconds(2 * 60),
            [
                """
                https://github.com/nats-io/nats.docs/blob/master/using-nats/jetstream/\
                model_deep_dive.md
                """
            ],
            """
            A message whose Nats-Msg-Id was published within the window (2 minutes unless set) is not \
            stored again; what is not acknowledged in time is delivered again, and with a double \
            acknowledgement a consumer knows that it will not be.
            """),
        idempotencyKey,
    ]

    /// A scope in which copies come, processes die and calls fail, but nothing expires.
    static func inTime(_ algorithm: AlgorithmUnderCheck) -> AlgorithmScope {
        var scope = AlgorithmScope(algorithm)
        scope.consumers = 2
        scope.copies = 2
        scope.budgets = Budgets(crashes: 1, failures: 1)
        return scope
    }
}

/// What the models have in common: they are about messages.
protocol MessageModel: DeduplicationAlgorithm {}

extension MessageModel {
    package func submit(_ attempt: Attempt) async throws -> SubmissionOutcome {
        throw Self.isNoMessage(attempt.message.id)
    }

    package func complete(_ submission: Submission, isLastTry: Bool) async throws -> Bool {
        throw Self.isNoMessage(submission.id)
    }

    private static func isNoMessage(_ id: MessageID) -> PawlError {
        PawlError(
            .unsupportedMessage,
            """
            \(id) is a submission of a session; \(Self.self) is a model of what is done with messages. \
            Compare sessions among the algorithms that ship.
            """)
    }
}
