import Foundation
import Testing

@testable import Pawl

private struct Place: Codable, Equatable {
    var street = "-"
    var city = "Berlin"
}

private struct Client: Entity, Equatable {
    var name = "nobody"
    var place = Place()
    var limits = ["day": 10]
    var note: String? = "new"
    var big: UInt64 = 0
    var share = 0.5
    var isGood = true
    var places: [Place] = []
}

private struct Ship: Command, Equatable {
    static let typeName = "shop.ship"
    static let defaults = Defaults([
        "count": 1, "place": ["city": "Bonn"], "speed": "slow",
    ])
    let order: String
    let count: Int
    let place: Place
    let speed: String
    let gift: String?
}

@Suite("What older and newer code wrote")
struct EvolutionTests {
    private func read<E: Entity>(_ type: E.Type, _ text: String) throws -> E {
        try E(storedAs: Array(text.utf8), at: DocumentKey(kind: E.kind, id: "1"))
    }

    private func read<M: Message>(_ type: M.Type, _ text: String) throws -> M {
        try M(
            from: Envelope(
                id: MessageID("1"), type: M.typeName, body: Array(text.utf8),
                sentAt: Timestamp(microseconds: 0)))
    }

    /// All fields, without some.
    private func client(without fields: String...) -> String {
        let all = [
            ("name", #""anna""#), ("place", #"{"street":"A","city":"B"}"#),
            ("limits", #"{"week":3}"#), ("note", #""n""#), ("big", "18446744073709551615"),
            ("share", "0.1"), ("isGood", "false"), ("places", "[]"),
        ]
        let kept = all.filter { !fields.contains($0.0) }.map { "\"\($0.0)\":\($0.1)" }
        return "{\(kept.joined(separator: ","))}"
    }

    @Test("is read as it is when it is whole, with fields that are not known left out")
    func whole() throws {
        let client = try read(Client.self, client().dropLast() + #","extra":{"a":[1,null]}}"#)
        #expect(client.name == "anna")
        #expect(client.limits == ["week": 3])
        let ship = #"{"order":"1","count":2,"place":{"street":"s","city":"c"},"speed":"x","y":1}"#
        #expect(try read(Ship.self, ship).count == 2)
    }

    @Test("is laid over an entity's defaults where a field is missing")
    func missingFields() throws {
        let client = try read(Client.self, client(without: "name", "share", "isGood"))
        #expect(client.name == "nobody")
        #expect(client.share == 0.5)
        #expect(client.isGood)
        #expect(client.place == Place(street: "A", city: "B"))
        #expect(try read(Client.self, "{}").name == "nobody")
    }

    @Test("is laid over the defaults within objects too")
    func nested() throws {
        let text = client(without: "place").dropLast() + #","place":{"street":"A"}}"#
        #expect(try read(Client.self, String(text)).place == Place(street: "A", city: "Berlin"))
    }

    @Test("keeps numbers as they are when a field is missing beside them")
    func numbers() throws {
        let client = try read(Client.self, client(without: "name"))
        #expect(client.big == .max)
        #expect(client.share == 0.1)
        #expect(!client.isGood)
    }

    @Test("does not get back from the defaults what was removed from a dictionary")
    func dictionaries() throws {
        #expect(try read(Client.self, client(without: "name")).limits == ["week": 3])
    }

    @Test("does not get back from the defaults an optional value that was set to nil")
    func optionals() throws {
        // An optional that is nil is not written at all.
        #expect(try read(Client.self, client(without: "note")).note == nil)
        #expect(try read(Client.self, client(without: "note", "name")).note == nil)
    }

    @Test("can't be read if a field of an array's element is missing, and nothing is changed")
    func arrays() {
        let text = client(without: "places").dropLast() + #","places":[{"street":"A"}]}"#
        let error = #expect(throws: PawlError.self) { try read(Client.self, String(text)) }
        #expect(error?.code == .malformedDocument)
        #expect(error?.message.contains("city") == true)
    }

    @Test("in a message is laid over its defaults, within objects too")
    func messages() throws {
        let ship = try read(Ship.self, #"{"order":"1","place":{"street":"s"}}"#)
        #expect(
            ship
                == Ship(
                    order: "1", count: 1, place: Place(street: "s", city: "Bonn"), speed: "slow",
                    gift: nil))
    }

    @Test("in a message can't be read if a field without a default is missing")
    func messageWithoutField() {
        let error = #expect(throws: PawlError.self) { try read(Ship.self, #"{"count":1}"#) }
        #expect(error?.code == .malformedMessage)
        #expect(error?.message.contains("order") == true)
        #expect(error?.message.contains("defaults") == true)
    }

    @Test(
        "in a message can't be read if it is of another shape",
        arguments: ["", "{", "[]", "null", #"{"order":1}"#, #"{"order":"1","count":"2"}"#])
    func malformed(text: String) {
        let error = #expect(throws: PawlError.self) { try read(Ship.self, text) }
        #expect(error?.code == .malformedMessage)
        #expect(error?.message.contains("shop.ship") == true)
    }

    @Test("bears the names that the types were given, or else the types' own")
    func names() {
        #expect(Ship.typeName == "shop.ship")
        #expect(Pay.typeName == "Pay")
        #expect(Client.kind == "Client")
        #expect(Handlers("ship") { Handle(Ship.self) { _, _ in } }.types == ["shop.ship"])
    }
}
