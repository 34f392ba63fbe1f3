/// JSON text that has been scanned: all its values in one array, in the order of the text.
///
/// The tokens of an array are its own and then those of its values; of an object its own and then,
/// for each field, the key's and those of the value. One more at the end stands for what is missing.
final class JSONTape {
    let bytes: [UInt8]
    let tokens: [JSONToken]
    private let unescaped: [UInt8]
    /// For each object, the key that is likely to be asked for next.
    private var cursors: [UInt32]

    init(_ bytes: [UInt8]) throws {
        var scanner = JSONScanner(bytes)
        try scanner.scan()
        self.bytes = bytes
        tokens = scanner.tokens
        unescaped = scanner.unescaped
        cursors = scanner.cursors
    }

    /// A string's, key's or number's text.
    func text(_ token: JSONToken) -> String {
        let range = Int(token.start)..<Int(token.start) + Int(token.count)
        let source = token.kind == .escaped ? unescaped : bytes
        return source.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self)
        }
    }

    /// Finds a field's value.
    ///
    /// Whoever reads asks for the keys in about the order that they were written in, so the search
    /// begins behind the key that was found last.
    func find(_ name: String, in object: Int) -> Int? {
        let token = tokens[object]
        let cursor = Int(token.start)
        let start = Int(cursors[cursor])
        var name = name
        let found = name.withUTF8 {
            search($0, from: start, to: Int(token.next)) ?? search($0, from: object + 1, to: start)
        }
        guard let found else { return nil }
        cursors[cursor] = tokens[found].next
        return found + 1
    }

    private func search(_ name: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int? {
        var key = start
        while key < end {
            let token = tokens[key]
            if Int(token.count) == name.count, token.kind != .duplicate {
                let source = token.kind == .escaped ? unescaped : bytes
                var offset = 0
                while offset < name.count, source[Int(token.start) + offset] == name[offset] {
                    offset += 1
                }
                if offset == name.count { return key }
            }
            key = Int(token.next)
        }
        return nil
    }

    /// The names of an object's fields.
    func names(of object: Int) -> [String] {
        var names: [String] = []
        names.reserveCapacity(Int(tokens[object].count))
        var key = object + 1
        while key < Int(tokens[object].next) {
            if tokens[key].kind != .duplicate { names.append(text(tokens[key])) }
            key = Int(tokens[key].next)
        }
        return names
    }

    /// The way from the root to a value. It is looked for only when an error needs it.
    func path(to target: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var index = 0
        while index < target, target < Int(tokens[index].next) {
            let isObject = tokens[index].kind == .object
            var child = index + 1
            var position = 0
            while Int(tokens[child].next) <= target {
                child = Int(tokens[child].next)
                position += 1
            }
            path.append(
                isObject
                    ? JSONKey(stringValue: text(tokens[child])) : JSONKey(intValue: position))
            index = isObject ? child + 1 : child
        }
        return path
    }
}
