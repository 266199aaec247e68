// What `inspect` tells about a file, as text and as JSON. Strings of the file are written so that a terminal cannot be
// made to do anything by them.
import GGUF
import Inference
import Transformer

struct FileReport {
    let file: GGUFFile
    /// For the estimate of memory; nil: the default.
    let context: Int?

    private var parameterCount: Int { file.tensors.reduce(0) { $0 + $1.valueCount } }

    private var bitsPerWeight: Double {
        let bytes = file.tensors.reduce(0) { $0 + $1.byteCount }
        return (Double(bytes) * 8 / Double(max(1, parameterCount)) * 1000).rounded() / 1000
    }

    /// nil for files that are no models this engine can run.
    private var memory: MemoryDemand? {
        try? MemoryDemand(
            name: file.name, file: file, mode: .map, context: context, cacheType: .automatic,
            batch: (Session.prefillRows, Session.exactRows))
    }

    private func integer(_ key: String) -> Int? { file.metadata[key]?.integer }
    private var architecture: String? { file.metadata["general.architecture"]?.string }
    private var trainedContext: Int? { architecture.flatMap { integer("\($0).context_length") } }

    // MARK: JSON

    func json(findings: [GGUFFinding]?) -> JSON {
        var members: [(String, JSON)] = [
            ("path", .string(file.name)), ("version", .integer(Int(file.version))), ("bytes", .integer(file.byteCount)),
            ("kind", .string("\(file.kind)")), ("parameters", .integer(parameterCount)),
            ("bits_per_weight", .number(bitsPerWeight)), ("context", trainedContext.map(JSON.integer) ?? .null),
            ("tokenizer", tokenizer), ("chat_template", .bool(file.metadata["tokenizer.chat_template"] != nil)),
            ("memory", memory.map(FileReport.json) ?? .null),
            (
                "types",
                .object(
                    typeCounts.map { ($0.type.label, ["tensors": .integer($0.count), "bytes": .integer($0.bytes)]) })
            ),
            ("metadata", .object(file.metadata.map { ($0.key, value($0.value)) })),
            ("tensors", .array(file.tensors.map(FileReport.json))),
        ]
        if let findings { members.append(("findings", .array(findings.map(FileReport.json)))) }
        return .object(members)
    }

    private static func json(_ tensor: TensorInfo) -> JSON {
        [
            "name": .string(tensor.name), "type": .string(tensor.type.label), "shape": .integers(tensor.shape),
            "bytes": .integer(tensor.byteCount), "offset": .integer(tensor.offset),
        ]
    }

    private static func json(_ demand: MemoryDemand) -> JSON {
        [
            "context": .integer(demand.context), "cache_type": .string(demand.cacheType.rawValue),
            "weights": .integer(demand.weights), "cache": .integer(demand.cache),
            "activations": .integer(demand.activations), "total": .integer(demand.total),
        ]
    }

    private static func json(_ finding: GGUFFinding) -> JSON {
        [
            "rule": .string(finding.rule.name), "error": .bool(finding.isError), "message": .string(finding.message),
            "sentence": .string(finding.rule.sentence),
        ]
    }

    private var tokenizer: JSON {
        guard let model = file.metadata["tokenizer.ggml.model"]?.string else { return .null }
        let id = { (key: String) in integer("tokenizer.ggml.\(key)_token_id").map(JSON.integer) ?? .null }
        return [
            "model": .string(model),
            "pre": file.metadata["tokenizer.ggml.pre"]?.string.map(JSON.string) ?? .null,
            "tokens": .integer(file.metadata["tokenizer.ggml.tokens"]?.array?.count ?? 0), "bos": id("bos"),
            "eos": id("eos"),
        ]
    }

    // MARK: text

    func text(listsTensors: Bool) -> String {
        var text = "\(Terminal.safe(file.name)): \(Terminal.safe("\(file.kind)")), GGUF version \(file.version)\n"
        for (label, value) in summary where !value.isEmpty {
            text += "  " + label + String(repeating: " ", count: 15 - label.count) + Terminal.safe(value) + "\n"
        }
        text += "\n"
        for (key, value) in file.metadata { text += "\(Terminal.safe(key)) = \(Terminal.safe(brief(value)))\n" }
        guard listsTensors else { return text }
        text += "\n"
        for tensor in file.tensors {
            text += "\(Terminal.safe(tensor.name)): \(tensor.type) \(tensor.shape), \(tensor.byteCount) bytes at "
            text += "\(tensor.offset)\n"
        }
        return text
    }

    /// What a person wants to know first, a line each.
    private var summary: [(label: String, value: String)] {
        var lines = [("architecture", architectureLine)]
        let weights = ", \(parameterCount) parameters, \(bitsPerWeight) bits per weight"
        lines.append(("size", "\(file.byteCount) bytes" + (file.tensors.isEmpty ? "" : weights)))
        for (type, count, bytes) in typeCounts {
            let label = lines.last?.0 == "size" ? "tensors" : ""
            let share = (Double(bytes) * 1000 / Double(max(1, typeCounts.reduce(0) { $0 + $1.bytes }))).rounded() / 10
            lines.append((label, "\(type): \(count) tensors, \(bytes) bytes, \(share) %"))
        }
        lines.append(("tokenizer", tokenizerLine))
        if file.metadata["tokenizer.ggml.model"] != nil { lines.append(("chat template", templateLine)) }
        if let memory {
            let parts =
                "weights \(mebibytes(memory.weights)), cache \(mebibytes(memory.cache)) "
                + "(\(memory.cacheType.rawValue)), activations \(mebibytes(memory.activations))"
            lines.append(("memory", "\(mebibytes(memory.total)) with -c \(memory.context): \(parts)"))
        }
        return lines
    }

    private var architectureLine: String {
        guard let architecture else { return "" }
        var line = architecture
        if let blocks = integer("\(architecture).block_count") { line += ", \(blocks) blocks" }
        if let width = integer("\(architecture).embedding_length") { line += ", width \(width)" }
        if let trainedContext { line += ", trained on \(trainedContext) tokens" }
        return line
    }

    private var tokenizerLine: String {
        guard let model = file.metadata["tokenizer.ggml.model"]?.string else { return "" }
        let tokens = file.metadata["tokenizer.ggml.tokens"]?.array?.count ?? 0
        let pre = file.metadata["tokenizer.ggml.pre"]?.string
        // Only byte-level vocabularies are split beforehand.
        guard model == "gpt2" else { return "\(model), \(tokens) tokens" }
        return "\(model), \(tokens) tokens, pre-tokenizer \(pre ?? "not named: refused without --force")"
    }

    private var templateLine: String {
        let key = "tokenizer.chat_template"
        let named = file.metadata.keys.filter { $0.hasPrefix(key + ".") }.map { String($0.dropFirst(key.count + 1)) }
        let all = (file.metadata[key] == nil ? [] : ["default"]) + named.sorted()
        return all.isEmpty ? "none" : all.joined(separator: ", ")
    }

    /// The type with most bytes first.
    private var typeCounts: [(type: TensorType, count: Int, bytes: Int)] {
        var result: [(type: TensorType, count: Int, bytes: Int)] = []
        for tensor in file.tensors {
            let index = result.firstIndex { $0.type == tensor.type } ?? result.endIndex
            if index == result.endIndex { result.append((tensor.type, 0, 0)) }
            result[index].count += 1
            result[index].bytes += tensor.byteCount
        }
        return result.sorted { $0.bytes > $1.bytes }
    }

    /// Strings to 80 characters, arrays to six elements.
    private func brief(_ value: GGUFValue) -> String {
        switch value {
        case .string(let string):
            let shown = string.count > 80 ? "\(string.prefix(80))…" : string
            return JSON.string(shown).text + (string.count > 80 ? " (\(string.utf8.count) bytes)" : "")
        case .array(let array):
            let shown = elements(array, limit: 6).map(\.text).joined(separator: ", ")
            return "[\(shown)\(array.count > 6 ? ", …" : "")] (\(array.count) × \(array.elementType))"
        default: return self.value(value).text
        }
    }

    private func value(_ value: GGUFValue) -> JSON {
        switch value {
        case .bool(let bool): .bool(bool)
        case .string(let string): .string(string)
        case .array(let array): .array(elements(array, limit: .max))
        case .float32(let number): .single(number)
        case .float64(let number): .number(number)
        case .uint64(let number): Int(exactly: number).map(JSON.integer) ?? .number(Double(number))
        default: value.integer.map(JSON.integer) ?? .null
        }
    }

    private func elements(_ array: GGUFArray, limit: Int) -> [JSON] {
        if let strings = array.strings {
            return strings.indices.prefix(limit).map { .string(strings.string(at: $0)) }
        }
        if let integers = array.integers() { return integers.prefix(limit).map(JSON.integer) }
        if let floats = array.floats() { return floats.prefix(limit).map(JSON.single) }
        return (array.bools() ?? []).prefix(limit).map(JSON.bool)
    }
}
