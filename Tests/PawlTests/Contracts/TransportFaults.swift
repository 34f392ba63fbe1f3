import Pawl
import PawlContracts
import Testing

@Suite("the transport contract catches", .timeLimit(.minutes(5)))
struct TransportFaultTests {
    @Test("a transport that", arguments: TransportFaults.all)
    func fault(_ fault: Fault<TransportSubject>) async {
        #expect(await fault.isCaught(byOneOf: TransportContract.checks))
    }

    @Test("something with every single check", arguments: TransportContract.checks)
    func check(_ check: Check<TransportSubject>) async {
        for fault in TransportFaults.all where await fault.isCaught(by: check) { return }
        Issue.record("no broken transport fails this check")
    }
}

enum TransportFaults {
    static let all = sending + leases + registrations + waiting

    /// A fault of a transport in memory.
    static func fault(
        _ name: String,
        _ breakIt: @escaping @Sendable (inout BrokenTransport, any Transport, ManualClock) -> Void
    ) -> Fault<TransportSubject> {
        Fault(name: name) { clock in
            let inner = MemoryTransport(environment: clock.environment)
            var transport = BrokenTransport(inner)
            breakIt(&transport, inner, clock)
            return TransportSubject(
                transport, openSecond: { [transport] in transport }, clock: clock)
        }
    }

    private static let sending: [Fault<TransportSubject>] = [
        fault("cuts messages at the first zero byte") { transport, _, _ in
            transport.changeSends { outgoing in
                var outgoing = outgoing
                outgoing.envelope.body = Array(outgoing.envelope.body.prefix { $0 != 0 })
                return outgoing
            }
        },
        fault("loses messages without a body") { transport, _, _ in
            transport.changeSends { outgoing in
                var outgoing = outgoing
                if outgoing.envelope.body.isEmpty { outgoing.envelope.body = [0] }
                return outgoing
            }
        },
        fault("fails on an empty batch") { transport, inner, _ in
            transport.onSend = { (messages) async throws(BackendError) in
                if messages.isEmpty { throw BackendError(.didNotHappen, "nothing to send") }
                try await inner.send(messages)
            }
        },
        fault("cuts messages that are large") { transport, _, _ in
            transport.changeSends { outgoing in
                var outgoing = outgoing
                outgoing.envelope.body = Array(outgoing.envelope.body.prefix(65_536))
                return outgoing
            }
        },
        fault("sends the first hundred of a batch twice") { transport, inner, _ in
            transport.onSend = { (messages) async throws(BackendError) in
                try await inner.send(messages)
                if messages.count > 100 { try await inner.send(Array(messages.prefix(100))) }
            }
        },
        fault("takes a message that is sent twice for one") { transport, _, _ in
            let sent = Notes<Bool>()
            transport.changeSends { outgoing in
                let name = "\(outgoing.queue) \(outgoing.envelope.id)"
                defer { sent[name] = true }
                return sent[name] == nil ? outgoing : nil
            }
        },
        fault("sends a whole batch to one queue") { transport, inner, _ in
            transport.onSend = { (messages) async throws(BackendError) in
                let queue = messages.first?.queue ?? ""
                try await inner.send(messages.map { Outgoing($0.envelope, to: queue) })
            }
        },
        fault("drops what has nowhere to go") { transport, inner, _ in
            transport.onSend = { (messages) async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                try await inner.send(messages.filter { known[$0.queue] != nil })
            }
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                if known[queue] == nil { return [] }
                return try await inner.receive(from: queue, max: max, lease: lease)
            }
        },
        fault("checks no limit") { transport, _, clock in
            let limits = transport.transportLimits
            transport = BrokenTransport(
                MemoryTransport(
                    limits: TransportLimits(largestMessage: 9 << 20),
                    environment: clock.environment))
            transport.transportLimits = limits
        },
        fault("sends a batch up to the message that fails") { transport, inner, _ in
            transport.onSend = { (messages) async throws(BackendError) in
                for message in messages { try await inner.send([message]) }
            }
        },
        fault("promises more than it can carry") { transport, _, _ in
            transport.transportLimits = TransportLimits(
                largestMessage: transport.transportLimits.largestMessage + 1)
        },
        fault("forgets when to deliver") { transport, _, _ in
            transport.changeSends { Outgoing($0.envelope, to: $0.queue) }
        },
        fault("can't delay for longer than a quarter of an hour") { transport, _, clock in
            transport.changeSends { outgoing in
                var outgoing = outgoing
                outgoing.notBefore = outgoing.notBefore.map { min($0, clock.now + .seconds(900)) }
                return outgoing
            }
        },
        fault("delays everything by half a minute") { transport, _, _ in
            transport.changeSends { outgoing in
                var outgoing = outgoing
                outgoing.notBefore = outgoing.notBefore.map { $0 + .seconds(30) }
                return outgoing
            }
        },
    ]

    private static let registrations: [Fault<TransportSubject>] = [
        fault("refuses nobody") { transport, inner, _ in
            transport.onRegister = { (registration) async throws(BackendError) in
                _ = try await inner.register(registration)
                return .registered
            }
        },
        fault("refuses every change") { transport, inner, _ in
            transport.onRegister = { (registration) async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                let types = known[registration.endpoint] ?? registration.types
                guard types == registration.types else {
                    return .refused(handledTypes: types.sorted())
                }
                return try await inner.register(registration)
            }
        },
        fault("names the types of a refused endpoint in reverse") { transport, inner, _ in
            transport.onRegister = { (registration) async throws(BackendError) in
                switch try await inner.register(registration) {
                case .registered: .registered
                case .refused(let types): .refused(handledTypes: types.reversed())
                }
            }
        },
        fault("names the types that were asked for when it refuses") { transport, inner, _ in
            transport.onRegister = { (registration) async throws(BackendError) in
                let result = try await inner.register(registration)
                return result == .registered
                    ? result : .refused(handledTypes: registration.types.sorted())
            }
        },
        fault("takes a refused registration for a sign of life") { transport, inner, _ in
            transport.onRegister = { (registration) async throws(BackendError) in
                let result = try await inner.register(registration)
                if case .refused(let types) = result {
                    let alive = Registration(
                        endpoint: registration.endpoint, types: Set(types))
                    _ = try await inner.register(alive)
                }
                return result
            }
        },
        fault("shows the last registration only") { transport, inner, _ in
            let last = Notes<Set<String>>()
            transport.onRegister = { (registration) async throws(BackendError) in
                let result = try await inner.register(registration)
                if result == .registered { last[registration.endpoint] = registration.types }
                return result
            }
            transport.onDirectory = { () async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                return Directory(
                    endpoints: Dictionary(
                        uniqueKeysWithValues: known.keys.map { ($0, last[$0] ?? []) }))
            }
        },
        fault("never forgets a type") { transport, inner, _ in
            let all = Notes<Set<String>>()
            transport.onRegister = { (registration) async throws(BackendError) in
                let result = try await inner.register(registration)
                let name = registration.endpoint
                if result == .registered {
                    all[name] = (all[name] ?? []).union(registration.types)
                }
                return result
            }
            transport.onDirectory = { () async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                return Directory(
                    endpoints: Dictionary(
                        uniqueKeysWithValues: known.keys.map { ($0, all[$0] ?? []) }))
            }
        },
        fault("forgets the subscriptions of who does not run") { transport, inner, clock in
            let times = Notes<Timestamp>()
            transport.onRegister = { (registration) async throws(BackendError) in
                times[registration.endpoint] = clock.now
                return try await inner.register(registration)
            }
            transport.onDirectory = { () async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                return Directory(
                    endpoints: known.filter {
                        clock.now < (times[$0.key] ?? clock.now) + Registration.liveFor
                    })
            }
        },
        fault("counts an endpoint as dead too soon") { transport, _, clock in
            transport.registerByClock {
                Timestamp(microseconds: clock.now.microseconds * 9)
            }
        },
        fault("believes that endpoints live for ever") { transport, _, _ in
            transport.registerByClock { Timestamp(microseconds: 0) }
        },
        fault("has an empty directory") { transport, _, _ in
            transport.onDirectory = { () async throws(BackendError) in Directory(endpoints: [:]) }
        },
        fault("hides endpoints that handle nothing") { transport, inner, _ in
            transport.onDirectory = { () async throws(BackendError) in
                let known = try await inner.directory(fresh: true).endpoints
                return Directory(endpoints: known.filter { !$0.value.isEmpty })
            }
        },
        fault("empties a queue when its endpoint registers") { transport, inner, _ in
            let (register, receive) = (transport.onRegister, transport.onReceive)
            let generation = Notes<Int>()
            transport.onRegister = { (registration) async throws(BackendError) in
                generation[registration.endpoint] = (generation[registration.endpoint] ?? 0) + 1
                let name = registration.endpoint + String(generation[registration.endpoint] ?? 0)
                _ = try await inner.register(Registration(endpoint: name, types: []))
                return try await register(registration)
            }
            transport.onSend = { (messages) async throws(BackendError) in
                try await inner.send(
                    messages.map { outgoing in
                        var outgoing = outgoing
                        outgoing.queue += String(generation[outgoing.queue] ?? 0)
                        return outgoing
                    })
            }
            transport.onReceive = { (queue, max, lease) async throws(BackendError) in
                try await receive(queue + String(generation[queue] ?? 0), max, lease)
            }
        },
    ]
}

extension BrokenTransport {
    /// Answers registrations by a clock that goes wrong.
    fileprivate mutating func registerByClock(_ now: @escaping @Sendable () -> Timestamp) {
        let register = onRegister
        let known = Notes<[String: Timestamp]>()
        onRegister = { (registration) async throws(BackendError) in
            _ = try await register(registration)
            let types = known[registration.endpoint] ?? [:]
            let (result, _) = registration.decide(known: types, now: now())
            guard result == .registered else { return result }
            let renewed = registration.types.map { ($0, now()) }
            known[registration.endpoint] = types.merging(renewed) { $1 }
            return result
        }
    }
}
