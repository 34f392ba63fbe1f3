internal import Pawl

/// What must hold of tokens, and of bodies that lie in blobs.
extension Simulation {
    /// A message is sent for the first time: whoever receives it without its token drops it.
    func checkHasToken(_ message: Interner.Content) {
        guard let token = try? message.envelope.token() else { return }
        if isThere(token) { return }
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
        let waiting = world.entries.filter {
            !$0.isGone || isDeadLetter(interner.contents[$0.content].envelope.id)
        }.map(\.content)
        // What nobody here receives goes no further.
        let beyond = world.published.map(\.content).filter {
            !plan.consumed.contains(interner.contents[$0].queue)
        }
        let underWay = (waiting + beyond).map { interner.contents[$0].envelope }
        let tokens = Set(underWay.compactMap { try? $0.token() })
        let places = Set(tokens.map { "\($0.partition)/\($0.key)" })
        let bodies = Set(underWay.compactMap(\.claim).map { StoreBlobs.partition($0) })
        // Whoever finds none takes the message for a duplicate.
        for token in tokens {
            if !isThere(token) {
                violate(
                    "nothing is lost",
                    """
                    \(token.key) of \(token.partition) does not exist, but its message is still \
                    under way.
                    """)
            }
        }
        for slot in world.documents where slot.content != nil && slot.content?.expires == nil {
            let (partition, key) = (
                interner.addresses[slot.address].partition, interner.addresses[slot.address].key
            )
            let isLeft =
                switch key.kind {
                case Token.kind: !places.contains("\(partition)/\(key)")
                case StoreBlobs.kind: !bodies.contains(partition)
                default: false
                }
            if isLeft {
                violate(
                    "nothing is left behind",
                    "\(key) of \(partition), which belongs to no message, is still there.")
            }
        }
    }

    private func isThere(_ token: Token) -> Bool {
        world.documents.contains { slot in
            let address = interner.addresses[slot.address]
            return slot.content != nil && address.key == token.key
                && address.partition == token.partition
        }
    }
}
