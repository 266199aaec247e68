// Reads and checks one file: header, metadata, tensor descriptions, layout of the data.
// One idea: validate, then allocate; a shard exists only if every rule of the format held.
// It does not know of split files (GGUFFile+Split) nor of what the keys mean, general.alignment excepted.
// Source of the rules: GGUF specification and ggml's reader; stricter where noted in GGUFRule.

/// Whether to accept what a model file never needs and `inspect` should still show: alignment below 8, arrays of arrays.
enum Strictness { case strict, lenient }

struct GGUFShard {
    let source: FileBytes
    let version: UInt32
    let alignment: Int
    let metadata: GGUFMetadata
    let tensorCount: Int
    let metadataEnd: Int
    let dataStart: Int

    /// Appends its tensors to `tensors`; on error they are of no use.
    init(_ source: FileBytes, _ strictness: Strictness, tensors: inout [TensorInfo]) throws(GGUFError) {
        self.source = source
        var reader = GGUFReader(source)
        version = try GGUFShard.readVersion(&reader)
        let tensorCount = try reader.read(UInt64.self)
        let keyCount = try reader.read(UInt64.self)
        guard tensorCount <= UInt64(GGUFLimit.tensors.maximum) else {
            throw reader.overLimit(.tensors, found: tensorCount)
        }
        guard keyCount <= UInt64(GGUFLimit.keys.maximum) else { throw reader.overLimit(.keys, found: keyCount) }
        try reader.checkRoom(for: keyCount, recordsOf: GGUFFormat.shortestEntry)
        try reader.checkRoom(for: tensorCount, recordsOf: GGUFFormat.shortestTensor)
        self.tensorCount = Int(tensorCount)

        var records: [Range<Int>] = []
        records.reserveCapacity(Int(keyCount))
        for index in 0..<Int(keyCount) {
            records.append(try GGUFShard.checkEntry(&reader, index: index, strictness))
        }
        metadata = try GGUFMetadata(source: source, records: records)
        alignment = try GGUFShard.readAlignment(metadata, strictness)

        reader.subject = .header
        try reader.checkRoom(for: tensorCount, recordsOf: GGUFFormat.shortestTensor)
        let first = tensors.count
        tensors.reserveCapacity(first + self.tensorCount)
        for index in 0..<self.tensorCount {
            tensors.append(try GGUFShard.readTensor(&reader, index: index, alignment: alignment))
        }
        metadataEnd = reader.position
        dataStart = try GGUFShard.placeData(
            &tensors, from: first, after: metadataEnd, alignment: alignment, source: source)
    }

    private static func readVersion(_ reader: inout GGUFReader) throws(GGUFError) -> UInt32 {
        let file = reader.source.name
        let opening = [UInt8](reader.source[0..<min(4, reader.source.count)])
        guard opening == GGUFFormat.magic else {
            // A prefix of the magic is a cut file, anything else is another format.
            if GGUFFormat.magic.starts(with: opening) { _ = try reader.read(UInt32.self) }
            throw .notGGUF(file: file, found: opening, looksLike: OtherFormat.name(opening))
        }
        _ = try reader.read(UInt32.self)
        let version = try reader.read(UInt32.self)
        guard GGUFFormat.versions.contains(version) else {
            // The file has no flag for its byte order; a small version read in the wrong order has empty low bytes.
            if version != 0, version & 0xFFFF == 0 { throw .bigEndian(file: file) }
            throw .unsupportedVersion(file: file, found: version)
        }
        return version
    }

    /// Checks one key-value pair and returns the bytes it stands in.
    private static func checkEntry(
        _ reader: inout GGUFReader, index: Int, _ strictness: Strictness
    ) throws(GGUFError) -> Range<Int> {
        let file = reader.source.name
        let start = reader.position
        reader.subject = .key(index)
        let key = try reader.string(.keyBytes)
        if let fault = reader.source.faultOfName(key) { throw .invalidKey(file: file, index: index, reason: fault) }
        reader.subject = .value(key: key)
        let id = try reader.read(UInt32.self)
        guard let type = GGUFValueType(rawValue: id) else {
            throw .unknownValueType(file: file, key: reader.keyText, found: id)
        }
        switch type {
        case .string: _ = try reader.string()
        case .array:
            let array = try reader.array()
            guard array.elementType != .array || strictness == .lenient else {
                throw .nestedArray(file: file, key: reader.keyText)
            }
            guard !array.hasNaN else { throw .notANumber(file: file, key: reader.keyText) }
        default:
            let value = try reader.value(type)
            guard value.number.map({ !$0.isNaN }) ?? true else {
                throw .notANumber(file: file, key: reader.keyText)
            }
        }
        return start..<reader.position
    }

    private static func readAlignment(
        _ metadata: GGUFMetadata, _ strictness: Strictness
    ) throws(GGUFError) -> Int {
        guard let value = metadata[GGUFFormat.alignmentKey] else { return GGUFFormat.defaultAlignment }
        let least = strictness == .strict ? 8 : 1
        guard case .uint32(let number) = value, number.nonzeroBitCount == 1,
            (least...65536).contains(Int(number))
        else { throw .badAlignment(file: metadata.source.name, found: value.summary) }
        return Int(number)
    }
}

extension GGUFReader {
    /// The key that is being read, where one is.
    var keyText: String {
        if case .value(let key) = subject { return source.text(key) }
        return ""
    }
}

extension GGUFArray {
    /// Whether a float array contains NaN, which no comparison of scores or frequencies survives.
    var hasNaN: Bool {
        guard elementType == .float32 || elementType == .float64 else { return false }
        var reader = GGUFReader(source, elements)
        for _ in 0..<count {
            guard let number = try? reader.value(elementType).number else { return true }
            if number.isNaN { return true }
        }
        return false
    }
}
