// `coolfusion inspect`: what stands in a GGUF file, without loading a model from it.
import ArgumentParser
import GGUF

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is in a GGUF file: metadata, tensors, types.",
        discussion: "With -v every tensor is listed. Exit code 65 if the file breaks a rule of the format.")

    @Argument(help: ArgumentHelp("The file.", valueName: "model"))
    var model: String

    @Flag(help: "JSON on stdout.")
    var json = false

    @Flag(
        help: "Also hold the file to the rules that good files keep; list every finding, exit code 65 if there is one.")
    var strict = false

    @OptionGroup var reporting: ReportingOptions

    func run() throws {
        let file = try GGUFFile(path: model)
        if strict { try lint() }
        if json {
            try StandardOutput.line(report(file))
        } else {
            try StandardOutput.write(text(file))
        }
    }

    /// Findings go to stderr, one a line.
    private func lint() throws(CommandError) {
        let findings = GGUFLint.check(path: model)
        for finding in findings.dropLast() { StandardError.line("coolfusion: \(finding)") }
        if let last = findings.last { throw .badData(last.description) }
    }

    private func report(_ file: GGUFFile) -> JSON {
        [
            "path": .string(model), "version": .integer(Int(file.version)), "bytes": .integer(file.byteCount),
            "parameters": .integer(parameterCount(file)),
            "types": .object(
                typeCounts(file).map { ($0.type.label, ["tensors": .integer($0.count), "bytes": .integer($0.bytes)]) }),
            "metadata": .object(file.metadata.map { ($0.key, value($0.value)) }),
            "tensors": .array(
                file.tensors.map { tensor in
                    [
                        "name": .string(tensor.name), "type": .string(tensor.type.label),
                        "shape": .integers(tensor.shape), "bytes": .integer(tensor.byteCount),
                        "offset": .integer(tensor.offset),
                    ]
                }),
        ]
    }

    private func text(_ file: GGUFFile) -> String {
        var text = "\(model): GGUF version \(file.version), \(file.byteCount) bytes, \(file.tensors.count) tensors, "
        text += "\(parameterCount(file)) parameters\n"
        for (type, count, bytes) in typeCounts(file) { text += "  \(type): \(count) tensors, \(bytes) bytes\n" }
        for (key, value) in file.metadata { text += "\(key) = \(brief(value))\n" }
        if reporting.verbose {
            for tensor in file.tensors {
                text +=
                    "\(tensor.name): \(tensor.type) \(tensor.shape), \(tensor.byteCount) bytes at \(tensor.offset)\n"
            }
        }
        return text
    }

    private func parameterCount(_ file: GGUFFile) -> Int { file.tensors.reduce(0) { $0 + $1.valueCount } }

    /// Types in the order of their first tensor.
    private func typeCounts(_ file: GGUFFile) -> [(type: TensorType, count: Int, bytes: Int)] {
        var result: [(type: TensorType, count: Int, bytes: Int)] = []
        for tensor in file.tensors {
            let index = result.firstIndex { $0.type == tensor.type } ?? result.endIndex
            if index == result.endIndex { result.append((tensor.type, 0, 0)) }
            result[index].count += 1
            result[index].bytes += tensor.byteCount
        }
        return result
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
