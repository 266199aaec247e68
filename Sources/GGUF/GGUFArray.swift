// Metadata arrays, left in the file: a type, a count and where the elements stand.
// One idea: a vocabulary of 300,000 strings costs nothing at open; `strings` finds their offsets in one walk and copies
// no text.

/// A metadata array; keeps the file's bytes alive.
public struct GGUFArray: Sendable {
    let source: FileBytes
    let elements: Range<Int>
    public let elementType: GGUFValueType
    public let count: Int

    init(source: FileBytes, elements: Range<Int>, elementType: GGUFValueType, count: Int) {
        self.source = source
        self.elements = elements
        self.elementType = elementType
        self.count = count
    }

    /// The strings, without copying them; nil if the elements are of another type.
    public var strings: GGUFStrings? { elementType == .string ? GGUFStrings(self) : nil }

    /// The elements as integers; nil if they are no integers or one does not fit `Int`.
    public func integers() -> [Int]? {
        guard elementType.isInteger else { return nil }
        return map { $0.integer }
    }

    /// The elements as 32-bit floats; nil if they are not numbers.
    public func floats() -> [Float]? {
        guard elementType.isInteger || elementType == .float32 || elementType == .float64 else { return nil }
        return map { $0.number.map { Float($0) } }
    }

    /// The elements as booleans; nil if they are of another type.
    public func bools() -> [Bool]? { map { $0.bool } }

    /// The elements as they stand in the file; nil for arrays of strings or arrays.
    public var bytes: UnsafeRawBufferPointer? {
        elementType == .string || elementType == .array ? nil : source[elements]
    }

    private func map<T>(_ convert: (GGUFValue) -> T?) -> [T]? {
        guard elementType != .string, elementType != .array else { return nil }
        var reader = GGUFReader(source, elements)
        var result: [T] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            guard let value = try? reader.value(elementType), let converted = convert(value) else { return nil }
            result.append(converted)
        }
        return result
    }
}

extension GGUFArray: Equatable {
    /// Same type, count and bytes.
    public static func == (left: GGUFArray, right: GGUFArray) -> Bool {
        left.elementType == right.elementType && left.count == right.count
            && FileBytes.equal(left.source[left.elements], right.source[right.elements])
    }
}

/// The strings of a metadata array as views of the file's bytes. A view is valid while this value or the file lives.
public struct GGUFStrings: RandomAccessCollection, Sendable {
    private let source: FileBytes
    private let starts: [Int]  // of the bytes; each is preceded by its length
    private let lengths: [UInt32]

    init?(_ array: GGUFArray) {
        source = array.source
        var starts: [Int] = []
        var lengths: [UInt32] = []
        starts.reserveCapacity(array.count)
        lengths.reserveCapacity(array.count)
        var reader = GGUFReader(array.source, array.elements)
        for _ in 0..<array.count {
            guard let range = try? reader.string() else { return nil }
            starts.append(range.lowerBound)
            lengths.append(UInt32(range.count))
        }
        self.starts = starts
        self.lengths = lengths
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { starts.count }

    /// The bytes of one string; they need not be valid UTF-8.
    public subscript(index: Int) -> UnsafeRawBufferPointer {
        source[starts[index]..<starts[index] + Int(lengths[index])]
    }

    /// A copy of one string, invalid UTF-8 replaced by U+FFFD.
    public func string(at index: Int) -> String { String(decoding: self[index], as: UTF8.self) }
}

extension GGUFReader {
    /// The array at the cursor, which ends behind it. Checks that every element lies in the file.
    mutating func array() throws(GGUFError) -> GGUFArray {
        let (type, count) = try arrayHeader()
        let start = position
        switch type {
        case .string:
            for _ in 0..<count { _ = try string() }
        case .array:
            // One level of nesting, which only `inspect` accepts; deeper is refused by the check of the types inside.
            for _ in 0..<count {
                let (inner, innerCount) = try arrayHeader()
                guard inner != .array else { throw .nestedArray(file: source.name, key: keyText) }
                guard inner != .string else {
                    for _ in 0..<innerCount { _ = try string() }
                    continue
                }
                try skip(UInt64(innerCount), stride: inner.leastBytes)
            }
        default: try skip(UInt64(count), stride: type.leastBytes)
        }
        return GGUFArray(source: source, elements: start..<position, elementType: type, count: count)
    }

    private mutating func arrayHeader() throws(GGUFError) -> (GGUFValueType, Int) {
        let id = try read(UInt32.self)
        guard let type = GGUFValueType(rawValue: id) else {
            throw .unknownValueType(file: source.name, key: keyText, found: id)
        }
        let count = try read(UInt64.self)
        guard count <= UInt64(GGUFLimit.arrayElements.maximum) else { throw overLimit(.arrayElements, found: count) }
        try checkRoom(for: count, recordsOf: type.leastBytes)
        return (type, Int(count))
    }
}
