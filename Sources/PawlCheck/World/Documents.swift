internal import Pawl

/// What calls to the store do.
extension Simulation {
    func addresses(of writes: [Write], in partition: PartitionKey) -> [Int] {
        writes.map { interner.address($0.key, in: partition) }
    }

    /// Puts a document into the store before anything runs.
    func place(_ placed: Plan.Placed) {
        _ = put(placed.content, at: interner.address(placed.key, in: placed.partition))
    }

    func read(_ address: Int) -> Document? {
        guard let slot = world.documents.first(where: { $0.address == address }) else { return nil }
        return document(slot.writes, slot.content)
    }

    /// What an eventually consistent store may answer: the document before its last change.
    func readStale(_ address: Int) -> Document? {
        let slot = world.documents.first { $0.address == address }
        return slot?.previous.flatMap { document($0.writes, $0.content) }
    }

    private func document(_ writes: Int, _ content: Content?) -> Document? {
        guard let content, content.expires.map({ world.now < $0 }) ?? true else { return nil }
        return Document(version: interner.version(writes), content: content)
    }

    func scan(_ scan: Scan) -> [LocatedDocument] {
        let found =
            switch scan.range {
            case .partition(let partition, let after):
                self.scan(scan.kind) { partition == $0.partition }
                    .filter { located in after.map { $0.precedesInBytes(located.key.id) } ?? true }
            case .all(let after):
                self.scan(scan.kind) { _ in true }
                    .filter { located in
                        guard let after else { return true }
                        return after.partition == located.partition
                            ? after.key < located.key : after.partition < located.partition
                    }
            }
        return Array(found.prefix(scan.limit))
    }

    func scan(_ kind: String, where isWanted: (Interner.Address) -> Bool) -> [LocatedDocument] {
        world.documents.compactMap { slot -> LocatedDocument? in
            let address = interner.addresses[slot.address]
            guard address.key.kind.hasSameBytes(as: kind), isWanted(address),
                let document = document(slot.writes, slot.content)
            else { return nil }
            return LocatedDocument(
                partition: address.partition, key: address.key, document: document)
        }.sorted { ($0.partition, $0.key) < ($1.partition, $1.key) }
    }

    func write(_ writes: [Write], at addresses: [Int]) -> WriteResult {
        for (write, address) in zip(writes, addresses) {
            let isMet =
                switch write.condition {
                case .any: true
                case .absent: read(address) == nil
                case .version(let version): read(address)?.version == version
                }
            guard isMet else { return .conflict }
        }
        return .committed(zip(writes, addresses).map { put($0.content, at: $1) })
    }

    private func put(_ content: Content?, at address: Int) -> Version? {
        var index = world.documents.firstIndex { $0.address == address } ?? -1
        if index < 0 {
            world.documents.append(WorldState.Slot(address: address))
            index = world.documents.count - 1
        }
        // Deleting what is not there is no change.
        if content == nil, world.documents[index].content == nil { return nil }
        noteSaved(content, over: world.documents[index].content, at: address)
        world.documents[index].previous = (
            world.documents[index].writes, world.documents[index].content
        )
        world.documents[index].writes += 1
        world.documents[index].content = content
        var digest = interner.addresses[address].digest
        digest.mix(world.documents[index].writes)
        if let content { digest.mix(content) }
        // With stale reads, what was there before can still be seen.
        if plan.budgets.staleReads > 0 {
            digest.mix(content == nil ? 0 : 1)
            if let before = world.documents[index].previous?.content { digest.mix(before) }
        }
        world.documents[index].digest = digest.finished
        world.isChanged = true
        return content == nil ? nil : interner.version(world.documents[index].writes)
    }
}
