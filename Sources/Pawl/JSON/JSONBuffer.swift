/// JSON text while it is being written.
///
/// Keys and scalars are appended to one array of bytes in the order in which they come, and items
/// tell what belongs where. So any number of containers can be open at the same time, and the
/// fields of an object can be put in order without moving their bytes until the end.
struct JSONBuffer {
    struct Item {
        enum Kind: UInt8 {
            /// Nothing has been written for it yet.
            case empty
            case scalar, array, object
            /// Writing it failed.
            case dropped
        }

        var kind = Kind.empty
        let parent: UInt32
        /// The key with quotes and colon: `key..<keyEnd`.
        let key: UInt32
        var keyEnd: UInt32
        /// Of a scalar, its bytes. Of a container, its first and last item, zero if there is none.
        var first: UInt32 = 0
        var last: UInt32 = 0
        /// The next item of the same container, zero behind the last one.
        var next: UInt32 = 0
        var count: UInt32 = 0
    }

    var bytes: [UInt8] = []
    private(set) var items: [Item] = []

    /// Starts with the item of the whole text.
    init() {
        bytes.reserveCapacity(256)
        items.reserveCapacity(16)
        items.append(Item(parent: 0, key: 0, keyEnd: 0))
    }

    private var end: UInt32 {
        precondition(bytes.count < Int(UInt32.max), "JSON text of more than 4 GB")
        return UInt32(truncatingIfNeeded: bytes.count)
    }

    /// Adds an item to a container.
    mutating func add(to parent: Int, key: String?) -> Int {
        let index = items.count
        let start = end
        if let key {
            write(key)
            bytes.append(UInt8(ascii: ":"))
        }
        let link = UInt32(truncatingIfNeeded: index)
        items.append(
            Item(parent: UInt32(truncatingIfNeeded: parent), key: start, keyEnd: end))
        let last = Int(items[parent].last)
        if last == 0 { items[parent].first = link } else { items[last].next = link }
        items[parent].last = link
        items[parent].count += 1
        return index
    }

    /// Takes an item out of its container, if it is still there.
    mutating func drop(_ item: Int) {
        guard items[item].kind != .dropped else { return }
        items[item].kind = .dropped
        items[Int(items[item].parent)].count -= 1
    }

    /// Makes an item a container, which it may be already.
    mutating func open(_ item: Int, as kind: Item.Kind) {
        precondition(
            items[item].kind == .empty || items[item].kind == kind,
            "a value was encoded in two ways at the same place")
        items[item].kind = kind
    }

    /// Adds a scalar to a container.
    @inline(__always)
    mutating func add(to parent: Int, key: String?, _ write: (inout JSONBuffer) -> Void) {
        fill(add(to: parent, key: key), write)
    }

    /// Makes an item a scalar.
    @inline(__always)
    mutating func fill(_ item: Int, _ write: (inout JSONBuffer) -> Void) {
        precondition(items[item].kind == .empty, "two values were encoded at the same place")
        items[item].kind = .scalar
        items[item].first = end
        write(&self)
        items[item].last = end
    }

    /// The field of that name that was added to an object last.
    func field(_ name: String, of object: Int) -> Int? {
        var other = JSONBuffer()
        other.write(name)
        var found: Int?
        var index = Int(items[object].first)
        while index != 0 {
            let range = Int(items[index].key)..<Int(items[index].keyEnd) - 1
            if bytes[range] == other.bytes[...] { found = index }
            index = Int(items[index].next)
        }
        return found
    }

    func path(to item: Int) -> [any CodingKey] {
        guard item != 0 else { return [] }
        let parent = Int(items[item].parent)
        var key: any CodingKey
        if items[item].keyEnd > items[item].key {
            let range = Int(items[item].key)..<Int(items[item].keyEnd) - 1
            let text = try? JSON.decode(String.self, from: Array(bytes[range]))
            key = JSONKey(stringValue: text ?? "")
        } else {
            var position = 0
            var sibling = Int(items[parent].first)
            while sibling != item, sibling != 0 {
                if items[sibling].kind != .dropped { position += 1 }
                sibling = Int(items[sibling].next)
            }
            key = JSONKey(intValue: position)
        }
        return path(to: parent) + [key]
    }

    // MARK: Scalars

    mutating func write(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            var start = 0
            for position in 0..<text.count {
                let byte = text[position]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<position]))
                writeEscape(byte)
                start = position + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            bytes.append(contentsOf: byte < 0x10 ? "u000".utf8 : "u001".utf8)
            bytes.append(contentsOf: String(byte & 0x0F, radix: 16).utf8)
        default: bytes.append(byte)
        }
    }

    mutating func write<Value: FixedWidthInteger>(_ value: Value) {
        var rest = value.magnitude
        let start = bytes.count
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest != 0
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var (low, high) = (start, bytes.count - 1)
        while low < high {
            bytes.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    /// The shortest text that reads as the same number.
    mutating func write(number text: String) {
        bytes.append(contentsOf: text.utf8)
        if text.utf8.count > 2, text.hasSuffix(".0") { bytes.removeLast(2) }
    }
}

// MARK: - The text

extension JSONBuffer {
    /// The whole text, with the fields of objects in the order of their names' bytes.
    func text() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + items.count * 2)
        var order: [Int] = []
        order.reserveCapacity(items.count)
        emit(0, into: &output, &order)
        return output
    }

    /// The order is a stack that all containers share, so that none needs its own array.
    private func emit(_ index: Int, into output: inout [UInt8], _ order: inout [Int]) {
        let item = items[index]
        guard item.kind != .scalar || item.first != item.keyEnd else {
            return copy(item.key, item.last, to: &output)
        }
        copy(item.key, item.keyEnd, to: &output)
        switch item.kind {
        case .dropped: break
        case .empty: output.append(contentsOf: "{}".utf8)
        case .scalar: copy(item.first, item.last, to: &output)
        case .array, .object:
            let start = order.count
            var child = Int(item.first)
            while child != 0 {
                if items[child].kind != .dropped { order.append(child) }
                child = Int(items[child].next)
            }
            let isObject = item.kind == .object
            if isObject { sort(&order, from: start) }
            let end = order.count
            output.append(UInt8(ascii: isObject ? "{" : "["))
            for position in start..<end {
                if position > start { output.append(UInt8(ascii: ",")) }
                emit(order[position], into: &output, &order)
            }
            output.append(UInt8(ascii: isObject ? "}" : "]"))
            order.removeLast(end - start)
        }
    }

    @inline(__always)
    private func copy(_ start: UInt32, _ end: UInt32, to output: inout [UInt8]) {
        bytes.withUnsafeBufferPointer {
            output.append(
                contentsOf: UnsafeBufferPointer(rebasing: $0[Int(start)..<Int(end)]))
        }
    }

    /// Sorts the fields of one object. Of equal keys the last one is left.
    private func sort(_ order: inout [Int], from start: Int) {
        guard order.count - start <= 24 else {
            let sorted = order[start...].sorted { precedes($0, $1) ?? ($0 < $1) }
            order.removeLast(order.count - start)
            for item in sorted {
                if order.count > start, precedes(order[order.count - 1], item) == nil {
                    order.removeLast()
                }
                order.append(item)
            }
            return
        }
        var end = start
        for position in start..<order.count {
            let item = order[position]
            var hole = end
            while hole > start, precedes(item, order[hole - 1]) == true { hole -= 1 }
            if hole > start, precedes(item, order[hole - 1]) == nil {
                order[hole - 1] = item
                continue
            }
            var moved = end
            while moved > hole {
                order[moved] = order[moved - 1]
                moved -= 1
            }
            order[hole] = item
            end += 1
        }
        order.removeLast(order.count - end)
    }

    /// Whether one item's key comes before another's; nil if they are equal.
    private func precedes(_ one: Int, _ other: Int) -> Bool? {
        // Behind the opening quote; without the closing one and the colon.
        var (left, right) = (Int(items[one].key) + 1, Int(items[other].key) + 1)
        let (leftEnd, rightEnd) = (Int(items[one].keyEnd) - 2, Int(items[other].keyEnd) - 2)
        while left < leftEnd, right < rightEnd {
            if bytes[left] != bytes[right] { return bytes[left] < bytes[right] }
            left += 1
            right += 1
        }
        if left == leftEnd, right == rightEnd { return nil }
        return left == leftEnd
    }
}
