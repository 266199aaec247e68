// Metadata values: scalars by value, strings and arrays decoded when asked for.
// One idea: a value is read again from the checked bytes with the same cursor that checked them; should a mapped file
// have changed since, the answer is wrong or nil, never an access outside of the file.

/// One metadata value.
public enum GGUFValue: Equatable, Sendable {
    case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32)
    case float32(Float), bool(Bool), string(String), array(GGUFArray)
    case uint64(UInt64), int64(Int64), float64(Double)

    public var type: GGUFValueType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// Any integer type that fits `Int`; nil for other types (files write one key in several integer types).
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        case .float32, .bool, .string, .array, .float64: nil
        }
    }

    /// A float of either width, or an integer.
    public var number: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map(Double.init)
        }
    }

    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var array: GGUFArray? { if case .array(let value) = self { value } else { nil } }
}

extension GGUFReader {
    /// The value at the cursor; the caller has read its type.
    mutating func value(_ type: GGUFValueType) throws(GGUFError) -> GGUFValue {
        switch type {
        case .uint8: .uint8(try read(UInt8.self))
        case .int8: .int8(try read(Int8.self))
        case .uint16: .uint16(try read(UInt16.self))
        case .int16: .int16(try read(Int16.self))
        case .uint32: .uint32(try read(UInt32.self))
        case .int32: .int32(try read(Int32.self))
        case .float32: .float32(Float(bitPattern: try read(UInt32.self)))
        case .bool: .bool(try read(UInt8.self) != 0)
        case .string: .string(source.text(try string()))
        case .array: .array(try array())
        case .uint64: .uint64(try read(UInt64.self))
        case .int64: .int64(try read(Int64.self))
        case .float64: .float64(Double(bitPattern: try read(UInt64.self)))
        }
    }
}
