/// Any JSON value.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    /// Its text, because no type of number holds all that may stand there.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(_ bytes: [UInt8]) throws {
        self.init(try JSONTape(bytes), at: 0)
    }

    private init(_ tape: JSONTape, at index: Int) {
        let token = tape.tokens[index]
        switch token.kind {
        case .null: self = .null
        case .isFalse: self = .bool(false)
        case .isTrue: self = .bool(true)
        case .integer, .number: self = .number(tape.text(token))
        case .string, .escaped, .duplicate: self = .string(tape.text(token))
        case .array:
            var values: [JSONValue] = []
            var value = index + 1
            while value < Int(token.next) {
                values.append(JSONValue(tape, at: value))
                value = Int(tape.tokens[value].next)
            }
            self = .array(values)
        case .object:
            var fields: [String: JSONValue] = [:]
            var key = index + 1
            while key < Int(token.next) {
                let name = tape.tokens[key]
                if name.kind != .duplicate {
                    fields[tape.text(name)] = JSONValue(tape, at: key + 1)
                }
                key = Int(name.next)
            }
            self = .object(fields)
        }
    }

    func encoded() -> [UInt8] {
        var buffer = JSONBuffer()
        write(to: &buffer, 0)
        return buffer.text()
    }

    private func write(to buffer: inout JSONBuffer, _ item: Int) {
        switch self {
        case .null: buffer.fill(item) { $0.bytes.append(contentsOf: "null".utf8) }
        case .bool(let value): buffer.fill(item) { $0.bytes.append(contentsOf: "\(value)".utf8) }
        case .number(let text): buffer.fill(item) { $0.bytes.append(contentsOf: text.utf8) }
        case .string(let text): buffer.fill(item) { $0.write(text) }
        case .array(let values):
            buffer.open(item, as: .array)
            for value in values { value.write(to: &buffer, buffer.add(to: item, key: nil)) }
        case .object(let fields):
            buffer.open(item, as: .object)
            for (name, value) in fields {
                value.write(to: &buffer, buffer.add(to: item, key: name))
            }
        }
    }

    /// Adds the field at a path of names, which is not there, from another value.
    ///
    /// - Returns: Whether the field was added.
    mutating func add(_ path: ArraySlice<String>, from other: JSONValue) -> Bool {
        guard case .object(var fields) = self, case .object(let others) = other,
            let name = path.first, let theirs = others[name]
        else { return false }
        if path.count == 1 {
            guard fields[name] == nil else { return false }
            fields[name] = theirs
        } else {
            guard var field = fields[name], field.add(path.dropFirst(), from: theirs) else {
                return false
            }
            fields[name] = field
        }
        self = .object(fields)
        return true
    }
}
