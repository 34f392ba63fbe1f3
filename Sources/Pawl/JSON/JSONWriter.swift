internal import FoundationEssentials

/// Holds the text that encoders and their containers write to.
final class JSONText {
    var buffer = JSONBuffer()
}

/// Encodes one value.
///
/// It is small enough for an existential to hold it without a box, and so are its containers.
struct JSONWriter: Encoder, SingleValueEncodingContainer {
    let text: JSONText
    let item: Int

    var codingPath: [any CodingKey] { text.buffer.path(to: item) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Whether anything has been encoded.
    var isEmpty: Bool { text.buffer.items[item].kind == .empty }

    func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
        text.buffer.open(item, as: .object)
        return KeyedEncodingContainer(JSONKeyedWriter(text: text, object: item))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        text.buffer.open(item, as: .array)
        return JSONUnkeyedWriter(text: text, array: item)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { text.buffer.fill(item) { $0.bytes.append(contentsOf: "null".utf8) } }

    func encode(_ value: Bool) {
        text.buffer.fill(item) { $0.bytes.append(contentsOf: value ? "true".utf8 : "false".utf8) }
    }

    func encode(_ value: String) { text.buffer.fill(item) { $0.write(value) } }
    func encode(_ value: Double) throws { try encodeFloating(value) }
    func encode(_ value: Float) throws { try encodeFloating(value) }

    @inline(__always)
    func encode(_ value: some FixedWidthInteger & Encodable) {
        text.buffer.fill(item) { $0.write(value) }
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        do {
            // These three say of themselves something else than Foundation's coders make of them.
            if Value.self == Data.self, let data = value as? Data {
                encode(data.base64EncodedString())
            } else if Value.self == URL.self, let url = value as? URL {
                encode(url.absoluteString)
            } else if Value.self == Decimal.self, let number = value as? Decimal {
                text.buffer.fill(item) { $0.bytes.append(contentsOf: number.description.utf8) }
            } else {
                try value.encode(to: self)
            }
        } catch {
            if item != 0 { text.buffer.drop(item) }
            throw error
        }
    }

    private func encodeFloating(_ value: some BinaryFloatingPoint & LosslessStringConvertible)
        throws
    {
        guard value.isFinite else {
            let path = codingPath
            if item != 0 { text.buffer.drop(item) }
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(
                    codingPath: path,
                    debugDescription: "Unable to encode \(value) directly in JSON."))
        }
        text.buffer.fill(item) { $0.write(number: value.description) }
    }
}

/// Encodes the fields of an object.
struct JSONKeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let text: JSONText
    let object: Int

    var codingPath: [any CodingKey] { text.buffer.path(to: object) }

    private func field(_ key: some CodingKey) -> JSONWriter {
        JSONWriter(text: text, item: text.buffer.add(to: object, key: key.stringValue))
    }

    /// Asking twice for the container of a field gives the same one.
    private func container(_ key: Key) -> JSONWriter {
        guard let item = text.buffer.field(key.stringValue, of: object) else { return field(key) }
        return JSONWriter(text: text, item: item)
    }

    func encodeNil(forKey key: Key) { field(key).encodeNil() }
    func encode(_ value: Bool, forKey key: Key) { field(key).encode(value) }
    func encode(_ value: String, forKey key: Key) {
        text.buffer.add(to: object, key: key.stringValue) { $0.write(value) }
    }
    func encode(_ value: Double, forKey key: Key) throws { try field(key).encode(value) }
    func encode(_ value: Float, forKey key: Key) throws { try field(key).encode(value) }
    @inline(__always)
    func encode(_ value: some FixedWidthInteger & Encodable, forKey key: Key) {
        text.buffer.add(to: object, key: key.stringValue) { $0.write(value) }
    }
    func encode(_ value: some Encodable, forKey key: Key) throws { try field(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { container(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        container(key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { field(JSONKey.superKey) }
    func superEncoder(forKey key: Key) -> any Encoder { field(key) }
}

/// Encodes the values of an array.
struct JSONUnkeyedWriter: UnkeyedEncodingContainer {
    let text: JSONText
    let array: Int

    var codingPath: [any CodingKey] { text.buffer.path(to: array) }
    var count: Int { Int(text.buffer.items[array].count) }

    private func next() -> JSONWriter {
        JSONWriter(text: text, item: text.buffer.add(to: array, key: nil))
    }

    func encodeNil() { next().encodeNil() }
    func encode(_ value: Bool) { next().encode(value) }
    func encode(_ value: String) { next().encode(value) }
    func encode(_ value: Double) throws { try next().encode(value) }
    func encode(_ value: Float) throws { try next().encode(value) }
    @inline(__always)
    func encode(_ value: some FixedWidthInteger & Encodable) { next().encode(value) }
    func encode(_ value: some Encodable) throws { try next().encode(value) }
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> { next().container(keyedBy: type) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
    func superEncoder() -> any Encoder { next() }
}
