// The key-value pairs of a file, in file order, found by hash and decoded when asked for.
// One idea: a pair is the checked range of bytes it stands in, 16 bytes in memory however large the value.
// Typed questions throw errors that name the key, the type expected and the type found.

/// The metadata of a file: ordered pairs with unique keys.
public struct GGUFMetadata: Sendable {
    let source: FileBytes
    let records: [Range<Int>]  // key, type, value: checked by GGUFShard
    private let table: NameTable

    init(source: FileBytes, records: [Range<Int>]) throws(GGUFError) {
        self.source = source
        self.records = records
        do throws(NameTable.Duplicate) {
            table = try NameTable(count: records.count) { GGUFMetadata.keyBytes(source, records[$0]) }
        } catch {
            let key = GGUFMetadata.keyBytes(source, records[error.second])
            throw .duplicateKey(file: source.name, key: String(decoding: key, as: UTF8.self))
        }
    }

    public subscript(key: String) -> GGUFValue? {
        position(of: key).flatMap { value(at: $0) }
    }

    /// Keys in file order.
    public var keys: [String] { records.indices.map { key(at: $0) } }

    /// The value, or an error that names the missing key.
    public func require(_ key: String) throws(GGUFError) -> GGUFValue {
        guard let value = self[key] else { throw .missingKey(file: source.name, key: key) }
        return value
    }

    func key(at index: Int) -> String {
        String(decoding: GGUFMetadata.keyBytes(source, records[index]), as: UTF8.self)
    }

    func value(at index: Int) -> GGUFValue? {
        var reader = GGUFReader(source, records[index])
        guard (try? reader.string(.keyBytes)) != nil, let id = try? reader.read(UInt32.self),
            let type = GGUFValueType(rawValue: id)
        else { return nil }
        return try? reader.value(type)
    }

    private func position(of key: String) -> Int? {
        var key = key
        return key.withUTF8 { utf8 in
            table.index(of: UnsafeRawBufferPointer(utf8)) { GGUFMetadata.keyBytes(source, records[$0]) }
        }
    }

    private static func keyBytes(_ source: FileBytes, _ record: Range<Int>) -> UnsafeRawBufferPointer {
        var reader = GGUFReader(source, record)
        return source[(try? reader.string(.keyBytes)) ?? record.lowerBound..<record.lowerBound]
    }
}

extension GGUFMetadata: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { records.count }

    /// Decodes one pair; an array stays in the file.
    public subscript(index: Int) -> (key: String, value: GGUFValue) {
        // A value that can no longer be read has changed behind the mapping; it reads as an empty string.
        (key(at: index), value(at: index) ?? .string(""))
    }
}

// Each optional question: nil when the key is absent, `wrongType` when the value is of another type.
extension GGUFMetadata {
    public func string(_ key: String) throws(GGUFError) -> String? { try ask(key, "a string") { $0.string } }
    /// Any integer type.
    public func integer(_ key: String) throws(GGUFError) -> Int? { try ask(key, "an integer") { $0.integer } }
    /// Either float type, or an integer.
    public func float(_ key: String) throws(GGUFError) -> Float? {
        try ask(key, "a number") { $0.number.map { Float($0) } }
    }
    public func bool(_ key: String) throws(GGUFError) -> Bool? { try ask(key, "a boolean") { $0.bool } }
    public func array(_ key: String) throws(GGUFError) -> GGUFArray? { try ask(key, "an array") { $0.array } }
    public func strings(_ key: String) throws(GGUFError) -> GGUFStrings? {
        try ask(key, "an array of strings") { $0.array?.strings }
    }
    public func integers(_ key: String) throws(GGUFError) -> [Int]? {
        try ask(key, "an array of integers") { $0.array?.integers() }
    }
    public func floats(_ key: String) throws(GGUFError) -> [Float]? {
        try ask(key, "an array of numbers") { $0.array?.floats() }
    }
    public func bools(_ key: String) throws(GGUFError) -> [Bool]? {
        try ask(key, "an array of booleans") { $0.array?.bools() }
    }

    public func requireString(_ key: String) throws(GGUFError) -> String { try present(key, string(key)) }
    public func requireInteger(_ key: String) throws(GGUFError) -> Int { try present(key, integer(key)) }
    public func requireFloat(_ key: String) throws(GGUFError) -> Float { try present(key, float(key)) }
    public func requireBool(_ key: String) throws(GGUFError) -> Bool { try present(key, bool(key)) }
    public func requireArray(_ key: String) throws(GGUFError) -> GGUFArray { try present(key, array(key)) }
    public func requireStrings(_ key: String) throws(GGUFError) -> GGUFStrings { try present(key, strings(key)) }

    private func ask<T>(_ key: String, _ expected: String, _ convert: (GGUFValue) -> T?) throws(GGUFError) -> T? {
        guard let value = self[key] else { return nil }
        guard let answer = convert(value) else {
            throw .wrongType(file: source.name, key: key, expected: expected, found: value.summary)
        }
        return answer
    }

    private func present<T>(_ key: String, _ value: T?) throws(GGUFError) -> T {
        guard let value else { throw .missingKey(file: source.name, key: key) }
        return value
    }
}

extension GGUFValue {
    /// Type and, for numbers, the value: for errors.
    var summary: String {
        switch self {
        case .array(let array): "an array of \(array.count) × \(array.elementType)"
        case .string: "a string"
        case .bool(let value): "the boolean \(value)"
        case .float32(let value): "the float32 \(value)"
        case .float64(let value): "the float64 \(value)"
        case .uint64(let value): "the uint64 \(value)"
        default: "the \(type) \(integer ?? 0)"
        }
    }
}
