import Pawl

extension DatabaseContract {
    static let duplicates: [Check<DatabaseSubject>] = [
        databaseCheck(
            "a second copy from outside is a duplicate without effect", requires: [.clock]
        ) { scene in
            let message = scene.queues.message()
            let copy = Outgoing(message, to: scene.endpoint)
            try await scene.database.send([copy, copy])
            let copies = try await scene.queues.receive(count: 2)
            try await scene.expect(
                .committed,
                of: scene.transaction(copies[0].receipt, message.id, [scene.put("a", 1)]))
            try await scene.expect(
                .duplicate,
                of: scene.transaction(
                    copies[1].receipt, message.id, [scene.put("a", 2)],
                    sending: [scene.outgoing()]))
            try expect("the number", try await scene.documents.number("a"), is: 1)
            try await scene.expectOutbound([])
            try await scene.queues.advance(by: scene.queues.lease * 2)
            try await scene.queues.expectNothingVisible("after the duplicate was committed")
        },
        databaseCheck("an id from outside is processed once it is committed, for its endpoint") {
            scene in
            let message = scene.queues.message()
            func isProcessed(_ endpoint: String) async throws -> Bool {
                try await scene.database.isProcessed(message.id, by: endpoint)
            }
            try expect("before", try await isProcessed(scene.endpoint), is: false)
            try await scene.database.send([Outgoing(message, to: scene.endpoint)])
            let receipt = try await scene.queues.receive(message)
            try expect("when it is received", try await isProcessed(scene.endpoint), is: false)
            let transaction = scene.transaction(receipt, message.id, [scene.put("a", 1)])
            try await scene.expect(.committed, of: transaction)
            try expect(
                "when it is committed", try await isProcessed(transaction.endpoint), is: true)
            try expect("for another endpoint", try await isProcessed("somebody else"), is: false)
        },
        databaseCheck("a duplicate is one whatever it would have written") { scene in
            let message = scene.queues.message()
            for expected in [TransactionResult.committed, .duplicate] {
                try await scene.database.send([Outgoing(message, to: scene.endpoint)])
                let receipt = try await scene.queues.receive(message)
                let write = Write.put(scene.documents.key("a"), .number(1), if: .absent)
                try await scene.expect(
                    expected, of: scene.transaction(receipt, message.id, [write]))
            }
        },
        databaseCheck("a copy from outside is a duplicate even a year later", requires: [.clock]) {
            scene in
            let message = scene.queues.message()
            for expected in [TransactionResult.committed, .duplicate, .duplicate] {
                try await scene.database.send([Outgoing(message, to: scene.endpoint)])
                let receipt = try await scene.queues.receive(message)
                try await scene.expect(expected, of: scene.transaction(receipt, message.id))
                try await scene.queues.advance(by: .days(366))
            }
        },
        databaseCheck("of twenty copies that are committed at once, one is") { scene in
            let message = scene.queues.message()
            try await scene.documents.put("a", 0)
            try await scene.database.send(
                Array(repeating: Outgoing(message, to: scene.endpoint), count: 20))
            let copies = try await scene.queues.receive(count: 20)
            let results = try await concurrently(20) { number in
                let write = scene.put("\(number)", number)
                return try await scene.database.commit(
                    scene.transaction(copies[number].receipt, message.id, [write]))
            }
            let committed = results.filter { $0 == .committed }.count
            let duplicates = results.filter { $0 == .duplicate }.count
            try expect("committed and duplicates", [committed, duplicates], is: [1, 19])
            try expect("what was written", try await scene.documents.page().count, is: 2)
        },
        databaseCheck("a message is handled once by each of its endpoints") { scene in
            let message = scene.queues.message()
            try await scene.database.send([Outgoing(message, to: scene.endpoint)])
            try await scene.database.send([Outgoing(message, to: scene.outbound)])
            let receipt = try await scene.queues.receive(message)
            try await scene.expect(.committed, of: scene.transaction(receipt, message.id))
            let other = try await scene.database.receive(
                from: scene.outbound, max: 1, lease: scene.queues.lease)
            var transaction = scene.transaction(other[0].receipt, message.id, [scene.put("a", 1)])
            transaction.endpoint = scene.outbound
            try await scene.expect(.committed, of: transaction)
            try expect("the number", try await scene.documents.number("a"), is: 1)
        },
        databaseCheck(
            "a message that a commit sent is committed like any other", requires: [.clock]
        ) { scene in
            var next = try await scene.delivered()
            for number in 0..<5 {
                let message = scene.queues.message()
                try await scene.expect(
                    .committed,
                    of: scene.transaction(
                        next.receipt, next.id, [scene.put("a", number)],
                        sending: [Outgoing(message, to: scene.endpoint)]))
                try expect("the number", try await scene.documents.number("a"), is: number)
                next = (message.id, try await scene.queues.receive(message))
            }
            try await scene.queues.advance(by: scene.queues.lease + .milliseconds(1))
            let again = try await scene.queues.receive(max: 1)[0]
            try expect("the last one's id", try again.id, is: next.id)
            try await scene.expect(.leaseLost, of: scene.transaction(next.receipt, next.id))
            try await scene.expect(.committed, of: scene.transaction(again.receipt, next.id))
            try await scene.queues.expectNothingVisible("after the last commit")
        },
    ]

    static let submissions: [Check<DatabaseSubject>] = [
        databaseCheck("a submission writes and sends") { scene in
            let out = scene.outgoing()
            try await scene.expect(
                .committed,
                of: scene.transaction(
                    nil, scene.queues.message().id, [scene.put("a", 1)], sending: [out]))
            try expect("the number", try await scene.documents.number("a"), is: 1)
            try await scene.expectOutbound([out.envelope.id])
        },
        databaseCheck("a repeated submission is a duplicate without effect") { scene in
            let id = scene.queues.message().id
            try await scene.expect(
                .committed, of: scene.transaction(nil, id, [scene.put("a", 1)]))
            try await scene.expect(
                .duplicate,
                of: scene.transaction(nil, id, [scene.put("a", 2)], sending: [scene.outgoing()]))
            try expect("the number", try await scene.documents.number("a"), is: 1)
            try await scene.expectOutbound([])
        },
        databaseCheck("a submission that met a conflict can be repeated") { scene in
            let id = scene.queues.message().id
            try await scene.documents.put("a", 1)
            let write = Write.put(scene.documents.key("a"), .number(2), if: .absent)
            try await scene.expect(
                .conflict, of: scene.transaction(nil, id, [write], sending: [scene.outgoing()]))
            try await scene.expectOutbound([])
            try await scene.expect(
                .committed, of: scene.transaction(nil, id, [scene.put("a", 3)]))
            try expect("the number", try await scene.documents.number("a"), is: 3)
        },
        databaseCheck("of twenty equal submissions at once, one is committed") { scene in
            let id = scene.queues.message().id
            let results = try await concurrently(20) { number in
                try await scene.database.commit(
                    scene.transaction(nil, id, [scene.put("\(number)", number)]))
            }
            let committed = results.filter { $0 == .committed }.count
            let duplicates = results.filter { $0 == .duplicate }.count
            try expect("committed and duplicates", [committed, duplicates], is: [1, 19])
            try expect("what was written", try await scene.documents.page().count, is: 1)
        },
    ]

    static let databaseHandles: [Check<DatabaseSubject>] = [
        databaseCheck("a commit is seen on another handle", requires: [.secondHandle]) { scene in
            let second = try await scene.openSecond()
            let (id, receipt) = try await scene.delivered()
            let out = scene.outgoing()
            try await scene.expect(
                .committed,
                of: scene.transaction(receipt, id, [scene.put("a", 1)], sending: [out]),
                on: second)
            try expect("the number", try await scene.documents.number("a"), is: 1)
            try await scene.expectOutbound([out.envelope.id])
        },
        databaseCheck("a duplicate is one on every handle", requires: [.secondHandle]) { scene in
            let second = try await scene.openSecond()
            let message = scene.queues.message()
            for (database, expected) in [
                (scene.database, TransactionResult.committed), (second, .duplicate),
                (scene.database, .duplicate),
            ] {
                try await scene.database.send([Outgoing(message, to: scene.endpoint)])
                let receipt = try await scene.queues.receive(message)
                try await scene.expect(
                    expected, of: scene.transaction(receipt, message.id), on: database)
                try await scene.expect(
                    .leaseLost, of: scene.transaction(receipt, message.id), on: database)
            }
        },
    ]
}
