internal import Pawl

/// Calls and their answers in words, for traces.
enum Describing {
    static func answer(_ answer: CallAnswer) -> String? {
        switch answer {
        case .document(let document):
            document.map { "version \($0.version.rawValue)" } ?? "absent"
        case .written(.committed(let versions)):
            versions.first.flatMap(\.self).map { "saved as version \($0.rawValue)" } ?? "done"
        case .written(.conflict): "conflict"
        case .committed(let result): "\(result)"
        case .deliveries(let deliveries):
            deliveries.first.map { $0.attempt == 1 ? "" : "attempt \($0.attempt)" }
        case .isSo(let isSo): isSo ? "yes" : "no"
        case .documents(let documents): "\(documents.count) documents"
        case .lost, .nothing: nil
        }
    }
}

extension Simulation {
    /// What a call does, in words.
    func describe(_ call: Call) -> String {
        switch call {
        case .read(let address): "read \(interner.addresses[address].key)"
        case .scan(let scan): "list \(scan.kind)"
        case .write(let writes, _, _): writes.map { describe($0) }.joined(separator: ", ")
        case .send(let messages, _): "send \(describe(messages))"
        case .receive(let queue, _, _): "receive from \(queue)"
        case .acknowledge(let receipt): "acknowledge \(describe(receipt))"
        case .release(let receipt, let delay):
            delay > .zero
                ? "give back \(describe(receipt)) for \(delay)" : "give back \(describe(receipt))"
        case .extend(let receipts, _):
            "extend the lease of \(receipts.map { describe($0) }.joined(separator: ", "))"
        case .commit(let transaction, _, _):
            (["commit \(name(of: transaction.id))"] + transaction.writes.map { describe($0) }
                + (transaction.messages.isEmpty ? [] : ["send \(describe(transaction.messages))"]))
                .joined(separator: "; ")
        case .isProcessed(let id, _): "is \(name(of: id)) processed?"
        case .wait: "wait"
        }
    }

    private func describe(_ write: Write) -> String {
        let what = write.content == nil ? "delete \(write.key)" : "write \(write.key)"
        return switch write.condition {
        case .absent: "\(what) if absent"
        case .version(let version): "\(what) if version \(version.rawValue)"
        case .any: "\(what), whatever is there"
        }
    }

    private func describe(_ messages: [Outgoing]) -> String {
        messages.map { "\(name(of: $0.envelope)) to \($0.queue)" }.joined(separator: ", ")
    }

    func describe(_ receipt: Receipt) -> String {
        guard let entry = world.entries.first(where: { $0.receipt == receipt.handle }) else {
            return "a message that is somebody else's"
        }
        return describe(entry)
    }

    func describe(_ entry: WorldState.Entry) -> String {
        let copies = world.entries.count { $0.content == entry.content }
        let name = name(of: interner.contents[entry.content].envelope)
        return copies > 1 ? "\(name) (copy \(entry.copy + 1))" : name
    }
}
