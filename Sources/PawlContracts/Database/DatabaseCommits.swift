import Pawl

extension DatabaseContract {
    static let commits: [Check<DatabaseSubject>] = [
        databaseCheck("a commit consumes, writes and sends", requires: [.clock]) { scene in
            let (id, receipt) = try await scene.delivered()
            let out = [scene.outgoing(), scene.outgoing()]
            try await scene.expect(
                .committed,
                of: scene.transaction(
                    receipt, id, [scene.put("a", 1), scene.put("b", 2)], sending: out))
            try expect("the number in a", try await scene.documents.number("a"), is: 1)
            try expect("the number in b", try await scene.documents.number("b"), is: 2)
            try await scene.expectOutbound(out.map(\.envelope.id))
            try await scene.queues.advance(by: scene.queues.lease * 2)
            try await scene.queues.expectNothingVisible("after the commit")
        },
        databaseCheck("a commit is the acknowledgement") { scene in
            let (id, receipt) = try await scene.delivered()
            try await scene.expect(.committed, of: scene.transaction(receipt, id))
            let isAccepted = try await scene.database.acknowledge(receipt)
            try expect("whether another one is accepted", isAccepted, is: false)
        },
        databaseCheck("a commit may write nothing and send nothing", requires: [.clock]) { scene in
            let (id, receipt) = try await scene.delivered()
            try await scene.expect(.committed, of: scene.transaction(receipt, id))
            try await scene.queues.advance(by: scene.queues.lease * 2)
            try await scene.queues.expectNothingVisible("after the commit")
        },
        databaseCheck("a commit may delete, and create under a condition") { scene in
            let version = try await scene.documents.put("old", 1)
            let (id, receipt) = try await scene.delivered()
            let writes: [Write] = [
                .delete(scene.documents.key("old"), if: .version(version)),
                .put(scene.documents.key("new"), .number(2), if: .absent),
            ]
            try await scene.expect(.committed, of: scene.transaction(receipt, id, writes))
            let page = try await scene.documents.page()
            try expect("the ids", page.map(\.key.id), is: ["new"])
        },
        databaseCheck("a commit consumes its own message only", requires: [.clock]) { scene in
            try await scene.queues.send(count: 3)
            let deliveries = try await scene.queues.receive(count: 3)
            try await scene.expect(
                .committed, of: scene.transaction(deliveries[1].receipt, try deliveries[1].id))
            try await scene.queues.advance(by: scene.queues.lease + .milliseconds(1))
            let again = try await scene.queues.receive(count: 2)
            let expected = [try deliveries[0].id, try deliveries[2].id]
            try expect("the others", try again.map { try $0.id }.sorted(), is: expected.sorted())
        },
        databaseCheck("a message sent by a commit arrives byte for byte") { scene in
            let (id, receipt) = try await scene.delivered()
            let out = scene.outgoing()
            try await scene.expect(
                .committed, of: scene.transaction(receipt, id, sending: [out]))
            let deliveries = try await scene.database.receive(
                from: scene.outbound, max: 10, lease: scene.queues.lease)
            try expect("the messages", deliveries.map(\.message), is: [out.envelope.encoded()])
            try expect("the attempts", deliveries.map(\.attempt), is: [1])
        },
        databaseCheck(
            "a message sent by a commit waits for its time", requires: [.clock]
        ) { scene in
            let (id, receipt) = try await scene.delivered()
            let lease = scene.queues.lease
            let out = scene.outgoing(notBefore: scene.queues.now + lease * 2)
            try await scene.expect(
                .committed, of: scene.transaction(receipt, id, sending: [out]))
            try await scene.expectOutbound([])
            try await scene.queues.advance(by: lease * 2)
            try await scene.expectOutbound([out.envelope.id])
        },
        databaseCheck("a commit wakes who waits for its messages") { scene in
            let (id, receipt) = try await scene.delivered()
            let out = scene.outgoing()
            async let deliveries = scene.database.receive(
                from: scene.outbound, max: 10, lease: scene.queues.lease)
            await letOthersRun()
            try await scene.expect(
                .committed, of: scene.transaction(receipt, id, sending: [out]))
            let ids = try await deliveries.map { try $0.id }
            try expect("the ids", ids, is: [out.envelope.id])
        },
        databaseCheck("twenty commits that compare and set lose no update") { scene in
            try await scene.documents.put("a", 0)
            try await scene.queues.send(count: 20)
            let deliveries = try await scene.queues.receive(count: 20)
            _ = try await concurrently(20) { try await scene.addOne(deliveries[$0]) }
            try expect("the sum", try await scene.documents.number("a"), is: 20)
            try await scene.queues.expectNothingVisible("after all were committed")
        },
    ]

    static let refusals: [Check<DatabaseSubject>] = [
        databaseCheck("a conflict leaves no effect at all", requires: [.clock]) { scene in
            let message = try await scene.queues.send()
            let receipt = try await scene.queues.receive(message)
            let past = try await scene.documents.put("a", 1)
            let current = try await scene.documents.put("a", 2)
            let stale = Write.put(scene.documents.key("a"), .number(3), if: .version(past))
            for writes in [[stale, scene.put("b", 3)], [scene.put("b", 3), stale]] {
                try await scene.expect(
                    .conflict,
                    of: scene.transaction(
                        receipt, message.id, writes, sending: [scene.outgoing()]))
            }
            let page = try await scene.documents.page()
            try expect("the versions", page.map(\.document.version), is: [current])
            try await scene.expectOutbound([])
            try await scene.queues.expectNothingVisible("while the lease lasts")
            try await scene.queues.advance(by: scene.queues.lease + .milliseconds(1))
            try await scene.queues.receive(message, attempt: 2)
        },
        databaseCheck("after a conflict the same delivery can be committed") { scene in
            let (id, receipt) = try await scene.delivered()
            try await scene.documents.put("a", 1)
            let write = Write.put(scene.documents.key("a"), .number(2), if: .absent)
            try await scene.expect(.conflict, of: scene.transaction(receipt, id, [write]))
            let out = scene.outgoing()
            try await scene.expect(
                .committed,
                of: scene.transaction(receipt, id, [scene.put("a", 3)], sending: [out]))
            try expect("the number", try await scene.documents.number("a"), is: 3)
            try await scene.expectOutbound([out.envelope.id])
        },
        databaseCheck("a lease that has passed on leaves no effect", requires: [.clock]) { scene in
            let (message, past, current) = try await scene.queues.passedOn()
            try await scene.expect(
                .leaseLost,
                of: scene.transaction(
                    past, message.id, [scene.put("a", 1)], sending: [scene.outgoing()]))
            try expect("the document", try await scene.documents.read("a"), is: nil)
            try await scene.expectOutbound([])
            try await scene.queues.expectNothingVisible("while the other lease lasts")
            try await scene.expect(
                .committed, of: scene.transaction(current, message.id, [scene.put("a", 2)]))
            try expect("the number", try await scene.documents.number("a"), is: 2)
        },
        databaseCheck("a delivery that was committed or given back is lost") { scene in
            let first = try await scene.delivered()
            try await scene.expect(.committed, of: scene.transaction(first.receipt, first.id))
            let second = try await scene.delivered()
            try await scene.queues.acknowledge(second.receipt)
            let third = try await scene.delivered()
            try await scene.queues.release(third.receipt)
            for (id, receipt) in [first, second, third] {
                try await scene.expect(
                    .leaseLost, of: scene.transaction(receipt, id, [scene.put("a", 1)]))
            }
            try expect("the document", try await scene.documents.read("a"), is: nil)
        },
        databaseCheck("a commit to a queue that does not exist can never happen") { scene in
            let (id, receipt) = try await scene.delivered()
            let nowhere = Outgoing(scene.queues.message(), to: scene.outbound + "-nowhere")
            try await scene.expectImpossibleCommit(
                of: scene.transaction(
                    receipt, id, [scene.put("a", 1)], sending: [scene.outgoing(), nowhere]))
        },
        databaseCheck(
            "a commit with a message that is too large can never happen",
            requires: [.reachableLimits]
        ) { scene in
            let (id, receipt) = try await scene.delivered()
            var large = scene.outgoing()
            let size = scene.subject.transport.transport.transportLimits.largestMessage
            large.envelope.body = Array(repeating: 32, count: size)
            try await scene.expectImpossibleCommit(
                of: scene.transaction(
                    receipt, id, [scene.put("a", 1)], sending: [scene.outgoing(), large]))
        },
        databaseCheck(
            "a commit with a document that is too large can never happen",
            requires: [.reachableLimits]
        ) { scene in
            let (id, receipt) = try await scene.delivered()
            let size = scene.subject.store.store.limits.largestDocument + 1
            let large = Content(body: nil, ledger: Array(repeating: 0, count: size))
            let write = Write.put(scene.documents.key("b"), large, if: .any)
            try await scene.expectImpossibleCommit(
                of: scene.transaction(
                    receipt, id, [scene.put("a", 1), write], sending: [scene.outgoing()]))
        },
    ]
}

extension DatabaseScene {
    /// Commits that a number is one more, again and again until no one else was faster.
    fileprivate func addOne(_ delivery: Delivery) async throws {
        while true {
            try Task.checkCancellation()
            let document = try await documents.read("a").required("the number")
            let write = Write.put(
                documents.key("a"), .number((document.content.number ?? 0) + 1),
                if: .version(document.version))
            let result = try await database.commit(
                transaction(delivery.receipt, try delivery.id, [write]))
            if result == .committed { return }
            try PawlContracts.expect("the result of the commit", result, is: .conflict)
        }
    }

    /// Expects that a commit fails for ever and leaves no effect: the delivery can be committed
    /// otherwise.
    fileprivate func expectImpossibleCommit(of transaction: Transaction) async throws {
        try await expectImpossible("the commit") { _ = try await database.commit(transaction) }
        try PawlContracts.expect("what was written", try await documents.page(), is: [])
        try await expectOutbound([])
        let other = self.transaction(transaction.receipt, transaction.id, [put("c", 1)])
        try await expect(.committed, of: other)
    }
}
