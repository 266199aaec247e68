// Builds GGUF files byte by byte, right or wrong as a test wants them, independently of GGUFWriter.
// One idea: every count and every field can be overridden, so a test states only what is wrong.
import GGUF

struct FileBuilder {
    var magic: [UInt8] = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount: UInt64?
    var keyCount: UInt64?
    var entries: [[UInt8]] = []
    var tensors: [[UInt8]] = []
    var alignment = 32
    var data: [UInt8] = []
    private var nextOffset: UInt64 = 0

    mutating func add(_ key: String, _ type: GGUFValueType, _ value: [UInt8]) {
        entries.append(string(key) + little(type.rawValue) + value)
    }

    mutating func add(_ key: String, string value: String) { add(key, .string, string(value)) }
    mutating func add(_ key: String, uint32 value: UInt32) { add(key, .uint32, little(value)) }
    mutating func add(_ key: String, uint16 value: UInt16) { add(key, .uint16, little(value)) }
    mutating func add(_ key: String, int32 value: Int32) { add(key, .int32, little(value)) }
    mutating func add(_ key: String, strings: [String]) {
        add(key, .array, array(.string, strings.map { string($0) }))
    }

    /// A raw description; nothing is added to the data.
    mutating func describe(
        _ name: String, rank: UInt32? = nil, dimensions: [UInt64], type: UInt32 = 0, offset: UInt64
    ) {
        tensors.append(
            string(name) + little(rank ?? UInt32(dimensions.count)) + dimensions.flatMap { little($0) } + little(type)
                + little(offset))
    }

    /// A tensor with its data, placed behind the last one; `bytes` long.
    mutating func add(tensor name: String, dimensions: [UInt64], type: TensorType = .f32, fill: UInt8 = 1) {
        let values = dimensions.reduce(1, *)
        let count = Int(values) / type.blockSize * type.blockBytes
        describe(name, dimensions: dimensions, type: type.ggmlID, offset: nextOffset)
        data += [UInt8](repeating: fill, count: count)
        data += [UInt8](repeating: 0, count: (alignment - count % alignment) % alignment)
        nextOffset = UInt64(data.count)
    }

    /// Everything before the data, padded if there are tensors.
    var bytes: [UInt8] {
        var bytes = magic + little(version)
        bytes += little(tensorCount ?? UInt64(tensors.count)) + little(keyCount ?? UInt64(entries.count))
        for entry in entries { bytes += entry }
        for tensor in tensors { bytes += tensor }
        if !tensors.isEmpty { bytes += [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment) }
        return bytes + data
    }

    func open(_ name: String = "test.gguf") throws(GGUFError) -> GGUFFile { try GGUFFile(bytes: bytes, name: name) }
}

func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

func string(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }

func array(_ type: GGUFValueType, _ elements: [[UInt8]]) -> [UInt8] {
    little(type.rawValue) + little(UInt64(elements.count)) + elements.flatMap { $0 }
}

/// The error that opening gives; nil if the file opens.
func failure(_ builder: FileBuilder) -> GGUFError? { failure(builder.bytes) }

func failure(_ bytes: [UInt8]) -> GGUFError? {
    do throws(GGUFError) {
        _ = try GGUFFile(bytes: bytes, name: "test.gguf")
        return nil
    } catch {
        return error
    }
}
