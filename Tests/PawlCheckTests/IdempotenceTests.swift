import Pawl
import Testing

@testable import PawlCheck

/// Worlds whose endpoints remember nothing, so that handlers have to be idempotent.
@Suite("Where nothing is remembered of a message", .timeLimit(.minutes(3)))
struct IdempotenceTests {
    // MARK: What is right

    @Test("a set, and events that follow from the message, survive everything")
    func right() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 1)) { world in
            world.run(carts, instances: 2, deduplication: .natural, options: .single)
            world.outside("mail", handles: ItemAdded.self)
            world.deliver(AddItem.book, copies: 2)
            world.finally("the book is there") { try $0.state(Cart.self, "c").items.count == 1 }
            world.finally("told once") { try $0.sent(ItemAdded.self).count == 1 }
        }
        #expect(summary.isExhausted)
        #expect(summary.executions > 100)
    }

    @Test("and messages about one entity do, whatever their order")
    func rivals() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 1)) { world in
            world.run(carts, instances: 2, deduplication: .natural, options: .single)
            world.outside("mail", handles: ItemAdded.self)
            world.deliver(AddItem.book, copies: 2)
            world.deliver(AddItem(cart: "c", item: "pen"))
            world.finally("both are there") {
                try $0.state(Cart.self, "c").items.elements == ["book", "pen"]
            }
        }
        #expect(summary.isExhausted)
    }

    @Test("work without an entity and sessions, which are remembered, are done once")
    func remembered() throws {
        let relay = Handlers("relay") {
            Handle(AddItem.self, by: \.cart) { (message, cart: inout Cart, context) in
                cart.items.add(message.item, by: context.message)
                context.publish(ItemAdded(cart: message.cart, item: message.item))
            }
            Handle(ItemAdded.self) { event, context in
                context.publish(CartsChecked(items: [event.item]))
            }
        }
        let summary = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(relay, deduplication: .natural, options: .single)
            world.outside("mail", handles: CartsChecked.self)
            world.deliver(AddItem.book, copies: 2)
            world.finally("told once") { try $0.sent(CartsChecked.self).count == 1 }
        }
        #expect(summary.isExhausted)
        let session = try check(.exhaustive(crashes: 0, failures: 0)) { world in
            world.run(carts, deduplication: .natural, options: .single)
            world.outside("mail", handles: ItemAdded.self)
            world.session(carts, deduplication: .natural) { session in
                try await session.change(Cart.self, "c", id: "first") { cart, context in
                    cart.items.add("pen", by: context.message)
                    context.publish(ItemAdded(cart: "c", item: "pen"))
                }
            }
            world.finally("saved and sent") {
                let items = try $0.state(Cart.self, "c").items.elements
                return try items == ["pen"] && $0.sent(ItemAdded.self).map(\.item) == items
            }
        }
        #expect(session.isExhausted)
    }

    @Test("a session that dies before it has changed anything is no copy's doing")
    func deadSession() throws {
        var scope = AlgorithmScope(.natural)
        scope.consumers = 1
        scope.sessions = 1
        let examination = Examination(scope, .exhaustive(crashes: 1, failures: 0)) { $1 }
        let summary = try examination.run()
        #expect(summary.isExhausted)
        #expect(summary.terminalStates > 1)
    }

    @Test("what a later message decides, and another time does not")
    func register() throws {
        let summary = try check(.exhaustive(crashes: 0, failures: 0, expiries: 1)) { world in
            world.run(
                Handlers("customers") {
                    Handle(AddItem.self, by: \.cart) { (message, cart: inout Cart, context) in
                        cart.last.assign(message.item, by: context.message)
                    }
                }, deduplication: .natural, options: .single)
            world.deliver(AddItem.book, copies: 2)
            world.deliver(AddItem(cart: "c", item: "pen"))
        }
        #expect(summary.isExhausted)
    }

    // MARK: What is wrong

    private func violation(
        _ strategy: Strategy = .exhaustive(crashes: 0, failures: 0), _ describe: (World) -> Void
    ) throws -> Counterexample {
        let failure = #expect(throws: CheckFailure.self) { try check(strategy, describe) }
        return try #require(failure?.counterexamples.first)
    }

    private func violation(
        copies: Int = 2, _ strategy: Strategy = .exhaustive(crashes: 0, failures: 0),
        _ handle: @escaping @Sendable (AddItem, inout Cart, Context) throws -> Void
    ) throws -> Counterexample {
        try violation(strategy) { world in
            world.run(
                Handlers("carts") { Handle(AddItem.self, by: \.cart, .any, handle) },
                deduplication: .natural, options: .single)
            world.outside("mail", handles: ItemAdded.self, CartsChecked.self)
            world.deliver(AddItem.book, copies: copies)
        }
    }

    static let sameEnd = "idempotence: the same end, whatever the copies"
    static let sameCopies = "all copies of an output are identical"

    @Test("counting shows how often a message has come")
    func counting() throws {
        let found = try violation { _, cart, _ in cart.number += 1 }
        #expect(found.property == Self.sameEnd)
        #expect(found.explanation.contains("Cart/c is {"))
        #expect(found.explanation.contains(#""number":2"#))
        #expect(found.explanation.contains(#""number":1"#))
        // Two deliveries, each read, written and acknowledged.
        #expect(found.isShrunk && found.faults == 0)
    }

    @Test("an event that says how the state is contradicts its copies")
    func outputsOfState() throws {
        let found = try violation { message, cart, context in
            let isNew = !cart.items.contains(message.item)
            cart.items.add(message.item, by: context.message)
            context.publish(CartsChecked(items: isNew ? ["new"] : ["known"]))
        }
        #expect(found.property == Self.sameCopies)
        #expect(found.explanation.contains("new") && found.explanation.contains("known"))
        #expect(found.explanation.contains("follow from AddItem alone"))
    }

    @Test("an event that only what is new is told of is lost in a crash")
    func silentCopies() throws {
        let found = try violation(copies: 1, .exhaustive(crashes: 1, failures: 0)) {
            message, cart, context in
            if cart.items.contains(message.item) { return }
            cart.items.add(message.item, by: context.message)
            context.publish(ItemAdded(cart: message.cart, item: message.item))
        }
        #expect(found.property == "nothing is lost")
        #expect(found.crashes == 1)
    }

    @Test("an event more that a copy is told of is one that never was")
    func talkativeCopies() throws {
        let found = try violation { message, cart, context in
            if cart.items.contains(message.item) { context.publish(CartsChecked(items: [])) }
            cart.items.add(message.item, by: context.message)
        }
        #expect(found.property == Self.sameEnd)
        #expect(found.explanation.contains("CartsChecked"))
        #expect(found.explanation.contains("was sent, but never is without copies"))
    }

    @Test("the time of an attempt shows in what is saved, and in what is sent")
    func times() throws {
        let strategy = Strategy.exhaustive(crashes: 0, failures: 0, expiries: 1)
        let saved = try violation(strategy) { message, cart, context in
            cart.last.assign(message.item, at: context.now, by: context.message.id)
        }
        #expect(saved.property == Self.sameEnd)
        let sent = try violation(strategy) { _, _, context in
            context.publish(CartsChecked(items: ["\(context.now.microseconds)"]))
        }
        #expect(sent.property == Self.sameCopies)
    }

    @Test("what refuses to be done twice gives its copies up")
    func refusing() throws {
        struct Refused: PermanentError {}
        let found = try violation { message, cart, context in
            if cart.items.contains(message.item) { throw Refused() }
            cart.items.add(message.item, by: context.message)
        }
        #expect(found.property == Self.sameEnd)
        #expect(found.explanation.contains("AddItem was given up"))
    }

    @Test("a violation is found by samples, too, and can be replayed")
    func sampled() throws {
        let describe = { @Sendable (world: World) in
            world.run(
                Handlers("carts") {
                    Handle(AddItem.self, by: \.cart) { (_, cart: inout Cart, _) in
                        cart.number += 1
                    }
                }, deduplication: .natural)
            world.deliver(AddItem.book, copies: 2)
        }
        let failure = #expect(throws: CheckFailure.self) {
            try check(.sampled(200, crashes: 0, failures: 0), describe)
        }
        let found = try #require(failure?.violations.first)
        #expect(found.property == Self.sameEnd)
        let examination = Examination(
            .sampled(200, crashes: 0, failures: 0), replay: { _, choices in choices }, of: describe)
        let places = try #require(ChoiceList.places(found.choices))
        let again = #expect(throws: CheckFailure.self) { try examination.replay(places) }
        #expect(again?.violations.first?.explanation == found.explanation)
    }

    @Test("nothing is claimed where what to compare with is not known")
    func unknownReference() throws {
        var scope = AlgorithmScope(.natural)
        scope.messages = 3
        var plan = scope.plan
        plan.reference = Reference(mostExecutions: 2)
        for strategy in [Strategy.exhaustive(), .sampled(10)] {
            let examination = Examination(plan: plan, strategy: strategy, scope: "") { $1 }
            let error = #expect(throws: CheckError.self) { try examination.run() }
            #expect(error?.code == .notExhausted)
            #expect(error?.message.contains("stopped after 2 executions") == true)
            #expect(throws: CheckError.self) { try examination.replay([]) }
        }
    }

    // MARK: The trap

    /// A cart, and a warehouse that has nothing: whatever is added is removed again. That can't come
    /// before the add, since it follows from it. The warehouse remembers what it has asked for.
    private func describe(_ carts: Handlers, in world: World) {
        world.run(carts, deduplication: .natural, options: .single)
        let warehouse = Handlers("warehouse") {
            Handle(ItemAdded.self, by: \.item) { (event, shelf: inout Shelf, context) in
                shelf.refusals += 1
                context.send(RemoveItem(cart: event.cart, item: event.item))
            }
        }
        world.run(warehouse, deduplication: .outbox, options: .single)
        world.deliver(AddItem.book, copies: 2)
    }

    @Test("add and remove, each idempotent, are not together: a late add brings the item back")
    func trap() throws {
        let plain = Handlers("carts") {
            Handle(AddItem.self, by: \.cart) { (message, cart: inout PlainCart, context) in
                cart.insert(message.item)
                context.publish(ItemAdded(cart: message.cart, item: message.item))
            }
            Handle(RemoveItem.self, by: \.cart) { (message, cart: inout PlainCart, _) in
                cart.remove(message.item)
            }
        }
        let found = try violation { describe(plain, in: $0) }
        #expect(found.property == Self.sameEnd)
        #expect(
            found.explanation.contains(
                #"PlainCart/c is {"items":["book"]} in the end, but {"items":[]} without copies."#))
        // Each by itself is: copies of the add alone do no harm.
        let alone = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(plain, deduplication: .natural, options: .single)
            world.outside("mail", handles: ItemAdded.self)
            world.deliver(AddItem.book, copies: 2)
        }
        #expect(alone.isExhausted)
        let removing = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            world.run(plain, deduplication: .natural, options: .single)
            world.deliver(RemoveItem(cart: "c", item: "book"), copies: 2)
        }
        #expect(removing.isExhausted)
    }

    @Test("with a set that remembers what was removed they are")
    func outOfTheTrap() throws {
        let summary = try check(.exhaustive(crashes: 1, failures: 0)) { world in
            describe(carts, in: world)
            world.finally("nothing is there") { try $0.state(Cart.self, "c").items.isEmpty }
        }
        #expect(summary.isExhausted)
    }
}

private struct AddItem: Command {
    let cart: String
    let item: String

    static let book = AddItem(cart: "c", item: "book")
}

private struct RemoveItem: Command {
    let cart: String
    let item: String
}

private struct ItemAdded: Event {
    let cart: String
    let item: String
}

private struct CartsChecked: Event {
    let items: [String]
}

private struct Cart: Entity {
    var items = ObservedRemoveSet<String>()
    var last = LastWriterRegister("")
    var number = 0
}

/// A plain set, written in order.
private struct PlainCart: Entity {
    private var items: [String] = []

    mutating func insert(_ item: String) {
        items = Set(items).union([item]).sorted()
    }

    mutating func remove(_ item: String) {
        items.removeAll { $0 == item }
    }
}

private struct Shelf: Entity {
    var refusals = 0
}

private let carts = Handlers("carts") {
    Handle(AddItem.self, by: \.cart) { (message, cart: inout Cart, context) in
        cart.items.add(message.item, by: context.message)
        context.publish(ItemAdded(cart: message.cart, item: message.item))
    }
    Handle(RemoveItem.self, by: \.cart) { (message, cart: inout Cart, context) in
        cart.items.remove(message.item, by: context.message)
    }
}

extension EndpointOptions {
    fileprivate static let single = EndpointOptions(concurrency: 1)
}
