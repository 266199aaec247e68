// The constants of the format: magic, versions, value types, and the limits this reader sets.
// The limits are ours where the specification has none; they bound what a hostile file can make the reader do.
// Source: GGUF specification; ggml's reader for those it enforces.

enum GGUFFormat {
    static let magic: [UInt8] = [0x47, 0x47, 0x55, 0x46]
    static let versions: ClosedRange<UInt32> = 2...3
    static let defaultAlignment = 32
    static let alignmentKey = "general.alignment"
    static let maximumDimensions: UInt32 = 4
    /// Shortest key-value record: length, one byte of key, type, one byte of value.
    static let shortestEntry = 8 + 1 + 4 + 1
    /// Shortest tensor record: length, one byte of name, dimension count, one dimension, type, offset.
    static let shortestTensor = 8 + 1 + 4 + 8 + 4 + 8

    /// `offset` rounded up to a multiple of `alignment`, a power of two; nil on overflow.
    static func align(_ offset: Int, to alignment: Int) -> Int? {
        let (sum, overflow) = offset.addingReportingOverflow(alignment - 1)
        return overflow ? nil : sum & ~(alignment - 1)
    }
}

/// What is limited in a file.
public enum GGUFLimit: Sendable {
    case keyBytes, stringBytes, tensorNameBytes, keys, tensors, arrayElements

    /// The largest count accepted. Chat templates and normaliser tables are the largest legitimate strings (some MB).
    public var maximum: Int {
        switch self {
        case .keyBytes: 65_535
        case .stringBytes: 64 << 20
        case .tensorNameBytes: 63
        case .keys: 65_536
        case .tensors: 1 << 20
        case .arrayElements: 1 << 26
        }
    }
}

/// The type of a metadata value; raw values are those of the file.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of one value; for strings and arrays of the shortest.
    var leastBytes: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }

    var isInteger: Bool {
        switch self {
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
        case .float32, .float64, .bool, .string, .array: false
        }
    }
}
