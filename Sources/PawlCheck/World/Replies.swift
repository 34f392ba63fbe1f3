internal import Pawl

/// How the explorer ends a call.
enum Verdict {
    /// It does what it should.
    case succeed
    /// It receives this entry.
    case receive(entry: Int)
    /// It is answered with what was there before the last change.
    case stale
    /// It fails without effect, and says so.
    case failBefore
    /// It fails without effect, but can't tell.
    case failLost
    /// It takes effect and fails.
    case failAfter
    /// It has sent so many of its messages, and fails.
    case failPartly(Int)
}

/// What a call is answered.
enum CallAnswer {
    case nothing
    case document(Document?)
    case documents([LocatedDocument])
    case written(WriteResult)
    case committed(TransactionResult)
    case deliveries([Delivery])
    /// The receipts whose lease is lost.
    case lost([Receipt])
    case isSo(Bool)

    /// Mixes the answer into what a process has seen.
    func mix(into local: inout Digest) {
        switch self {
        case .nothing: break
        case .document(let document):
            local.mix(document?.version.rawValue ?? "")
            if let content = document?.content { local.mix(content) }
        case .documents(let documents):
            for located in documents {
                local.mix(located.partition.name)
                local.mix(located.key.id)
                local.mix(located.document.version.rawValue)
                local.mix(located.document.content)
            }
        case .written(.committed(let versions)):
            for version in versions { local.mix(version?.rawValue ?? "") }
        case .written(.conflict): local.mix(1)
        case .committed(let result):
            switch result {
            case .committed: local.mix(1)
            case .duplicate: local.mix(2)
            case .conflict: local.mix(3)
            case .leaseLost: local.mix(4)
            }
        case .deliveries(let deliveries):
            for delivery in deliveries {
                local.mix(delivery.receipt.handle)
                local.mix(delivery.attempt)
            }
        case .lost(let receipts):
            local.mix(receipts.count)
            for receipt in receipts { local.mix(receipt.handle) }
        case .isSo(let isSo): local.mix(isSo ? 1 : 2)
        }
    }
}

/// What a task that waits in a call is told.
enum CallReply {
    case answer(CallAnswer)
    case failure(BackendError)
    /// The task was cancelled while it waited.
    case cancelled
    /// The process is dead.
    case dead
}

extension Simulation {
    /// Ends a call of a process as was decided: carries it out as far as it gets, and lets the
    /// process go on with the answer.
    func answer(_ index: Int, at place: Int, _ verdict: Verdict) {
        let pending = world.processes[index].pending.remove(at: place)
        world.processes[index].local.mix(pending.fingerprint)
        world.processes[index].local.mix(world.now.microseconds)
        let reply = reply(to: pending.call, of: index, verdict)
        switch reply {
        case .answer(let answer):
            answer.mix(into: &world.processes[index].local)
            lastAnswer = isTracing ? Describing.answer(answer) : nil
        case .failure(let error):
            world.processes[index].local.mix(UInt64(error.effect.hashValueInOrder))
        case .cancelled, .dead: break
        }
        goOn(index, with: (place, reply), to: pending.call)
    }

    private func reply(to call: Call, of index: Int, _ verdict: Verdict) -> CallReply {
        switch verdict {
        case .failBefore, .failLost:
            if case .write(let writes, let addresses, _) = call {
                settle(writes, at: addresses, by: index, isSaved: false)
            }
            if case .failBefore = verdict { return .failure(Self.failure) }
            return .failure(Self.lost)
        case .failAfter, .failPartly:
            _ = carryOut(call, by: index, verdict)
            world.processes[index].hasLeftTraces = true
            return .failure(Self.lost)
        case .succeed, .stale, .receive:
            let answer = carryOut(call, by: index, verdict)
            if call.hasEffect { world.processes[index].hasLeftTraces = true }
            return .answer(answer)
        }
    }

    private func carryOut(_ call: Call, by index: Int, _ verdict: Verdict) -> CallAnswer {
        switch call {
        case .read(let address):
            if case .stale = verdict { return .document(readStale(address)) }
            return .document(read(address))
        case .scan(let scan): return .documents(self.scan(scan))
        case .write(let writes, let addresses, _):
            let result = write(writes, at: addresses)
            // After a conflict an attempt may be saved by another write.
            if result != .conflict {
                noteSaved(writes, at: addresses, by: index)
                settle(writes, at: addresses, by: index, isSaved: true)
            }
            return .written(result)
        case .send(let messages, let contents):
            var count = messages.count
            if case .failPartly(let sent) = verdict { count = sent }
            send(messages.prefix(count), contents, isLocal: false, by: index)
            return .nothing
        case .receive(_, _, let duration):
            guard case .receive(let entry) = verdict else { return .deliveries([]) }
            return .deliveries([lease(entry, to: index, for: duration)])
        case .acknowledge(let receipt): return .isSo(acknowledge(receipt))
        case .release(let receipt, let delay):
            drop(receipt, by: index)
            return .isSo(release(receipt, after: delay))
        case .extend(let receipts, let lease): return .lost(extend(receipts, by: lease))
        case .commit(let transaction, let addresses, let contents):
            return .committed(commit(transaction, by: index, at: addresses, contents))
        case .isProcessed(let id, let endpoint):
            return .isSo(world.processedRows.contains(identity(id, in: endpoint)))
        case .wait: return .nothing
        }
    }
}
