internal import Pawl

/// What calls to the store do.
extension Simulation {
    func addresses(of writes: [Write], in partition: PartitionKey) -> [Int] {
        writes.map { interner.address($0.key, in: partition) }
    }

    func read(_ address: Int) -> Document? {
        guard let slot = documents.first(where: { $0.address == address }) else { return nil }
        return document(slot.writes, slot.content)
    }

    /// What an eventually consistent store may answer: the document before its last change.
    func readStale(_ address: Int) -> Document? {
        let slot = documents.first { $0.address == address }
        return slot?.previous.flatMap { document($0.writes, $0.content) }
    }

    private func document(_ writes: Int, _ content: Content?) -> Document? {
        guard let content, content.expires.map({ now < $0 }) ?? true else { return nil }
        return Document(version: interner.version(writes), content: content)
    }

    func scan(_ kind: String, where isWanted: (Interner.Address) -> Bool) -> [LocatedDocument] {
        documents.compactMap { slot -> LocatedDocument? in
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
        var index = documents.firstIndex { $0.address == address } ?? -1
        if index < 0 {
            documents.append(Slot(address: address))
            index = documents.count - 1
        }
        // Deleting what is not there is no change.
        if content == nil, documents[index].content == nil { return nil }
        noteSaved(content, over: documents[index].content, at: address)
        documents[index].previous = (documents[index].writes, documents[index].content)
        documents[index].writes += 1
        documents[index].content = content
        var digest = interner.addresses[address].digest
        digest.mix(documents[index].writes)
        if let content { digest.mix(content) }
        // With stale reads, what was there before can still be seen.
        if plan.budgets.staleReads > 0, let before = documents[index].previous?.content {
            digest.mix(before)
        }
        documents[index].digest = digest.finished
        isChanged = true
        return content == nil ? nil : interner.version(documents[index].writes)
    }
}
