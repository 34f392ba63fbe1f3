/// Where two texts differ first, if they are JSON.
struct JSONDifference {
    /// The path from the root, for example `$.charges[2].amount`.
    let path: String
    /// What the first text has there, in short.
    let first: String
    /// What the second text has there, in short.
    let second: String

    /// Compares two texts that are not the same.
    init(_ first: [UInt8], _ second: [UInt8]) {
        if let left = try? JSONValue(first), let right = try? JSONValue(second),
            let found = Self.first(left, right, at: "$")
        {
            self = found
        } else {
            self.init(
                path: "$", first: Self.short(String(decoding: first, as: UTF8.self)),
                second: Self.short(String(decoding: second, as: UTF8.self)))
        }
    }

    private init(path: String, first: String, second: String) {
        self.path = path
        self.first = first
        self.second = second
    }

    private static func first(
        _ left: JSONValue?, _ right: JSONValue?, at path: String
    ) -> JSONDifference? {
        switch (left, right) {
        case (.array(let lefts), .array(let rights)):
            for index in 0..<max(lefts.count, rights.count) {
                let found = first(
                    index < lefts.count ? lefts[index] : nil,
                    index < rights.count ? rights[index] : nil, at: "\(path)[\(index)]")
                if let found { return found }
            }
            return nil
        case (.object(let lefts), .object(let rights)):
            for name in Set(lefts.keys).union(rights.keys).sorted() {
                if let found = first(lefts[name], rights[name], at: path + step(to: name)) {
                    return found
                }
            }
            return nil
        default:
            if left == right { return nil }
            return JSONDifference(path: path, first: words(left), second: words(right))
        }
    }

    private static func step(to name: String) -> String {
        let isPlain = name.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || UnicodeScalar($0).properties.isAlphabetic
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        if isPlain, !name.isEmpty { return ".\(name)" }
        return "[\(String(decoding: JSONValue.string(name).encoded(), as: UTF8.self))]"
    }

    private static func words(_ value: JSONValue?) -> String {
        guard let value else { return "nothing" }
        return short(String(decoding: value.encoded(), as: UTF8.self))
    }

    /// An error is read by people: they need a glimpse of a long value, not all of it.
    private static func short(_ text: String) -> String {
        text.count <= 80 ? text : "\(text.prefix(77))…"
    }
}
