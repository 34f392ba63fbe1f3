import Pawl
import PawlCheck

/// A model of servers that know a request by its Idempotency-Key:
/// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ and, as one of many,
/// https://docs.stripe.com/api/idempotent_requests
///
/// The first request with a key is executed and its result kept; another one with that key gets the
/// same result. Keys may be forgotten after a while, which the server says: at Stripe, not before 24
/// hours.
///
/// Assumed: no request is made again after that. The draft leaves open how the result is kept; here it
/// is saved together with the state, which is the best that can be done. What is sent is the result,
/// so a repeated request sends it again.
struct KeyedRequests: MessageModel {
    private static let kind = "other.key"
    static let retention: Duration = .days(1)

    let database: any Database
    let environment: Environment

    func process(_ attempt: Attempt, _ receipt: Receipt) async throws -> Outcome {
        let id = attempt.message.id
        let key = DocumentKey(kind: Self.kind, id: id.description)
        let known = try await database.read(key, in: attempt.partition)
        var ledger = try Ledger(known)
        // 1. A key that is known: not executed again.
        if known == nil {
            var documents: [Document?] = []
            for key in attempt.keys {
                documents.append(try await database.read(key, in: attempt.partition))
            }
            // 2. Execute it, and save state and result as one.
            let effects = try await attempt.handle(documents)
            let now = environment.now()
            ledger.record(id, .pending(effects.messages), at: now, forget: now - Self.retention)
            let result = Content(
                body: nil, ledger: ledger.encoded(), expires: now + Self.retention)
            let writes =
                [.put(key, result, if: .absent)]
                + (try attempt.writes(
                    saving: effects, over: documents, within: database.limits))
            guard try await database.write(writes, in: attempt.partition) != .conflict else {
                return .conflict
            }
        }
        // 3. Answer with the result that is kept.
        if case .pending(let messages) = ledger[id], !messages.isEmpty {
            try await database.send(messages)
        }
        try await database.acknowledge(receipt)
        return known == nil ? .processed : .duplicate
    }
}

extension OtherProduct {
    static let idempotencyKey: OtherProduct = {
        let algorithm = AlgorithmUnderCheck(name: "Idempotency-Key", needsDatabase: false) {
            KeyedRequests(database: $0, environment: $1)
        }
        return OtherProduct(
            name: "Idempotency-Key",
            sources: [
                "https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/",
                "https://docs.stripe.com/api/idempotent_requests",
            ],
            promise: """
                A request whose key is known gets the first one's result; keys may be forgotten, at \
                Stripe after 24 hours at the earliest, and are new requests then.
                """,
            window: KeyedRequests.retention, algorithm: algorithm, assumed: inTime(algorithm))
    }()
}
