internal import Pawl

/// What must hold of tokens, and of bodies that lie in blobs.
extension Simulation {
    /// A message is sent for the first time: whoever receives it without its token drops it.
    func checkHasToken(_ message: Interner.Content) {
        guard let token = try? message.envelope.token() else { return }
        let slot = world.documents.first {
            interner.addresses[$0.address].key == token.key
                && interner.addresses[$0.address].partition == token.partition
        }
        if slot?.content != nil { return }
        violate(
            "nothing is lost",
            """
            \(describe(message)) was sent, but its token does not exist: whoever receives it takes \
            it for a duplicate.
            """)
    }

    /// Everything is at rest: a token that is there belongs to a message that is under way, and so
    /// does a body.
    func checkTokens() {
        var tokens: Set<DocumentPlace> = []
        var bodies: Set<String> = []
        for entry in world.entries {
            let envelope = interner.contents[entry.content].envelope
            if entry.isGone, !isDeadLetter(envelope.id) { continue }
            if let token = try? envelope.token() {
                tokens.insert(DocumentPlace(partition: token.partition, key: token.key))
            }
            if let name = envelope.headers["pawl-blob"] { bodies.insert("pawl.blob/\(name)") }
        }
        // What nobody here receives goes no further.
        for message in world.published {
            let content = interner.contents[message.content]
            if plan.consumed.contains(content.queue) { continue }
            if let token = try? content.envelope.token() {
                tokens.insert(DocumentPlace(partition: token.partition, key: token.key))
            }
            if let name = content.envelope.headers["pawl-blob"] {
                bodies.insert("pawl.blob/\(name)")
            }
        }
        // Whoever finds none takes the message for a duplicate.
        for token in tokens {
            let isThere = world.documents.contains { slot in
                let (partition, key) = interner.addresses[slot.address].place
                return slot.content != nil && key == token.key && partition == token.partition
            }
            if !isThere {
                violate(
                    "nothing is lost",
                    """
                    \(token.key) of \(token.partition) does not exist, but its message is still \
                    under way.
                    """)
            }
        }
        for slot in world.documents where slot.content != nil && slot.content?.expires == nil {
            let (partition, key) = interner.addresses[slot.address].place
            let isLeft =
                switch key.kind {
                case Token.kind: !tokens.contains(DocumentPlace(partition: partition, key: key))
                case "pawl.blob": !bodies.contains(partition.name)
                default: false
                }
            if isLeft {
                violate(
                    "nothing is left behind",
                    "\(key) of \(partition), which belongs to no message, is still there.")
            }
        }
    }

    private struct DocumentPlace: Hashable {
        let partition: PartitionKey
        let key: DocumentKey
    }
}

extension Interner.Address {
    fileprivate var place: (PartitionKey, DocumentKey) { (partition, key) }
}
