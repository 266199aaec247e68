// `inspect --strict`: says everything that is wrong or doubtful about a file, each by the rule it rests on.
// One idea: what is wrong comes from the reader itself (strict, then lenient); what is doubtful is looked for in the
// file that opened. One finding per rule and shard, with a count and the first place.
// Nothing here changes what is loaded. Source of the rules: GGUFRule.

/// One thing that is wrong or doubtful.
public struct GGUFFinding: Equatable, Sendable, CustomStringConvertible {
    public let rule: GGUFRule
    /// The file is refused by `GGUFFile(path:)`.
    public let isError: Bool
    /// What was found, with the file's name.
    public let message: String

    public var description: String { "\(isError ? "error" : "warning") [\(rule.name)] \(message)" }
}

public enum GGUFLint {
    /// All findings about the file at `path`, errors first; empty for a file without fault.
    public static func check(path: String) -> [GGUFFinding] {
        check { strictness throws(GGUFError) in try GGUFFile(path: path, mode: .map, strictness) }
    }

    /// The same for a file in memory.
    public static func check(bytes: [UInt8], name: String) -> [GGUFFinding] {
        check { strictness throws(GGUFError) in
            try GGUFFile(sources: [FileBytes(copying: bytes, name: name)], name: name, strictness)
        }
    }

    private static func check(_ open: (Strictness) throws(GGUFError) -> GGUFFile) -> [GGUFFinding] {
        var findings: [GGUFFinding] = []
        do throws(GGUFError) {
            _ = try open(.strict)
        } catch {
            findings.append(GGUFFinding(rule: error.rule, isError: true, message: "\(error)"))
        }
        guard let file = try? open(.lenient) else { return findings }
        let doubts = modelDoubts(file) + file.shards.enumerated().flatMap { shardDoubts(file, $1, index: $0) }
        return findings
            + doubts.map { GGUFFinding(rule: $0.rule, isError: false, message: "'\($0.file)': \($0.text)") }
    }

    typealias Doubt = (rule: GGUFRule, file: String, text: String)

    private static let knownTypes = ["model", "adapter", "mmproj", "imatrix"]

    // What concerns the model as a whole, which is the first shard's metadata.
    private static func modelDoubts(_ file: GGUFFile) -> [Doubt] {
        let metadata = file.metadata
        var doubts: [Doubt] = []
        func doubt(_ rule: GGUFRule, _ text: String) { doubts.append((rule, file.name, text)) }

        if let tensor = file.tensors.first(where: { $0.type.blockSize > 1 }) {
            switch metadata["general.quantization_version"] {
            case nil: doubt(.quantizationVersion, "it is absent, and tensor '\(tensor.name)' is \(tensor.type)")
            case .some(let value) where value.integer != 2:
                doubt(.quantizationVersion, "it is \(value.summary), expected 2")
            default: break
            }
        }
        if let type = metadata["general.type"], !knownTypes.contains(type.string ?? "") {
            doubt(.generalType, "it is \(type.string.map { "'\($0)'" } ?? type.summary)")
        }
        if metadata["general.architecture"]?.string == nil, file.kind != .importanceMatrix {
            doubt(.architecture, "general.architecture is absent or no string")
        }
        let empty = file.tensors.filter { $0.valueCount == 0 }
        if let first = empty.first {
            doubt(.emptyTensors, "\(empty.count) tensors are empty, the first is '\(first.name)'")
        }
        if let tokens = metadata["tokenizer.ggml.tokens"]?.array {
            for key in ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"] {
                guard let other = metadata[key]?.array, other.count != tokens.count else { continue }
                doubt(.vocabulary, "\(key) has \(other.count) elements for \(tokens.count) tokens")
            }
        }
        if let architecture = metadata["general.architecture"]?.string,
            let blocks = metadata["\(architecture).block_count"]?.integer
        {
            for key in ["attention.head_count", "attention.head_count_kv", "feed_forward_length"] {
                guard let array = metadata["\(architecture).\(key)"]?.array, array.count != blocks else { continue }
                doubt(.layerArrays, "\(architecture).\(key) has \(array.count) elements for \(blocks) blocks")
            }
        }
        return doubts
    }

    private static func shardDoubts(_ file: GGUFFile, _ shard: GGUFShard, index: Int) -> [Doubt] {
        var doubts: [Doubt] = []
        let metadata = shard.metadata
        func doubt(_ rule: GGUFRule, _ what: String, _ places: [String]) {
            guard let first = places.first else { return }
            let more = places.count > 1 ? " and \(places.count - 1) more" : ""
            doubts.append((rule, shard.source.name, "\(what) '\(first)'\(more)"))
        }

        doubt(.keyCharacters, "unusual characters in key", metadata.keys.filter { !$0.utf8.allSatisfy(isPrintable) })
        doubt(.utf8, "invalid UTF-8 in the value of", keys(metadata) { !$0.hasValidText })
        doubt(.booleans, "a boolean that is neither 0 nor 1 in", keys(metadata) { !$0.hasPlainBooleans })
        if index > 0 {
            doubt(
                .shardMetadata, "a later shard has the key",
                metadata.keys.filter { !$0.hasPrefix("split.") && $0 != GGUFFormat.alignmentKey })
        }
        let tensors = file.tensors.filter { $0.source === shard.source }
        return doubts + shard.layoutDoubts(tensors).map { ($0, shard.source.name, $1) }
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }

    /// The keys whose record, given as type and the bytes of the value, satisfies the condition.
    private static func keys(_ metadata: GGUFMetadata, where condition: (GGUFRecord) -> Bool) -> [String] {
        metadata.indices.compactMap { index in
            guard let record = GGUFRecord(metadata, index), condition(record) else { return nil }
            return metadata.key(at: index)
        }
    }
}

/// A key-value pair with the bytes its value stands in.
struct GGUFRecord {
    let type: GGUFValueType
    let bytes: UnsafeRawBufferPointer
    let array: GGUFArray?

    init?(_ metadata: GGUFMetadata, _ index: Int) {
        var reader = GGUFReader(metadata.source, metadata.records[index])
        guard (try? reader.string(.keyBytes)) != nil, let id = try? reader.read(UInt32.self),
            let type = GGUFValueType(rawValue: id)
        else { return nil }
        self.type = type
        let start = type == .string ? reader.position + 8 : reader.position
        bytes = metadata.source[start..<metadata.records[index].upperBound]
        array = type == .array ? try? reader.array() : nil
    }

    var hasValidText: Bool {
        if type == .string { return String(validating: bytes, as: UTF8.self) != nil }
        return array?.strings?.allSatisfy { String(validating: $0, as: UTF8.self) != nil } ?? true
    }

    var hasPlainBooleans: Bool {
        if type == .bool { return bytes.allSatisfy { $0 <= 1 } }
        return array?.elementType == .bool ? array?.bytes?.allSatisfy { $0 <= 1 } ?? true : true
    }
}

extension GGUFShard {
    /// What is doubtful about where the data stands; `tensors` are this shard's.
    fileprivate func layoutDoubts(_ tensors: [TensorInfo]) -> [(GGUFRule, String)] {
        var doubts: [(GGUFRule, String)] = []
        var expected = dataStart
        var nonZero = metadataEnd..<min(dataStart, source.count)
        var firstGap: TensorInfo?
        for tensor in tensors {
            if tensor.offset != expected, firstGap == nil { firstGap = tensor }
            if source.isZero(nonZero), tensor.offset == expected {
                // An empty tensor may lie behind the end of a file that stops before its padding.
                let end = min(tensor.offset + tensor.byteCount, source.count)
                nonZero = end..<min(GGUFFormat.align(end, to: alignment) ?? end, source.count)
            }
            expected = GGUFFormat.align(tensor.offset + tensor.byteCount, to: alignment) ?? expected
        }
        if let firstGap {
            doubts.append((.contiguous, "tensor '\(firstGap.name)' begins at \(firstGap.offset), not behind the last"))
        }
        if !source.isZero(nonZero) {
            doubts.append((.zeroPadding, "the padding at \(nonZero.lowerBound) is not zero"))
        }
        let end = tensors.map { $0.offset + $0.byteCount }.max() ?? metadataEnd
        let padded = GGUFFormat.align(end, to: alignment) ?? end
        if source.count > padded {
            doubts.append((.noTrailingBytes, "\(source.count - padded) bytes follow the data at \(padded)"))
        }
        return doubts
    }
}
