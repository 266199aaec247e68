// `coolfusion quantize IN OUT TYPE`: a model file in other tensor types.
import ArgumentParser
import Compute
import GGUF
import Transformer

struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model file with its matrices in another type.",
        discussion: """
            TYPE: \(QuantizationRecipe.all.map(\.name).joined(separator: ", ")).
            Vectors, norms and small tables stay as they are; a matrix whose rows are no multiple of the type's block gets \
            another type, which is said. The new file appears only when it is complete.
            """)

    @Argument(help: ArgumentHelp("The model to read; F32, F16 or BF16.", valueName: "in"))
    var input: String

    @Argument(help: ArgumentHelp("The file to write.", valueName: "out"))
    var output: String

    @Argument(help: "What most matrices become.")
    var type: String

    @Option(
        name: .customLong("tensor-type"),
        help: ArgumentHelp(
            "Another type for tensors whose name contains a match of the regular expression; may be given several times.",
            valueName: "pattern=type"))
    var tensorTypes: [String] = []

    @Option(help: ArgumentHelp("Type of output.weight.", valueName: "type"))
    var outputTensorType: String?

    @Option(help: ArgumentHelp("Type of token_embd.weight.", valueName: "type"))
    var tokenEmbeddingType: String?

    @Flag(help: "All matrices in one type, without the upgrades of the mix.")
    var pure = false

    @Flag(help: "Accept an input that is quantised already; quality suffers twice.")
    var allowRequantize = false

    @Option(name: .shortAndLong, help: "Threads (default: the machine's cores).")
    var threads: Int?

    @Flag(help: "JSON on stdout.")
    var json = false

    @OptionGroup var reporting: ReportingOptions

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("-t must be at least 1, found \(threads)") }
    }

    func run() throws {
        do {
            let quantizer = try Quantizer(GGUFFile(path: input), options())
            try convert(quantizer)
        } catch let error as QuantizationError {
            throw Quantize.commandError(error)
        }
    }

    private func options() throws -> Quantizer.Options {
        var options = Quantizer.Options(recipe: try QuantizationRecipe.named(type))
        options.pure = pure
        options.allowRequantize = allowRequantize
        options.outputType = try outputTensorType.map(tensorType)
        options.embeddingType = try tokenEmbeddingType.map(tensorType)
        for text in tensorTypes {
            guard let separator = text.lastIndex(of: "="), separator != text.startIndex else {
                throw CommandError.usage("--tensor-type is PATTERN=TYPE, found '\(text)'")
            }
            let type = try tensorType(String(text[text.index(after: separator)...]))
            options.overrides.append((String(text[..<separator]), type))
        }
        return options
    }

    private func tensorType(_ label: String) throws(CommandError) -> TensorType {
        guard let type = TensorType(label: label) else {
            let known = Quantizer.targets.map(\.label).joined(separator: ", ")
            throw .usage("unknown tensor type '\(label)'; known are \(known)")
        }
        return type
    }

    private func convert(_ quantizer: Quantizer) throws {
        note(quantizer.steps)
        var line = ProgressLine(quiet: reporting.quiet)
        let start = ContinuousClock.now
        Interruption.beginWriting()
        defer { ProgressLine.remove() }
        try quantizer.write(to: output, threads: threads ?? CPUBackend.availableCores) { step, done in
            line.show(Quantize.bar(done) + " " + quantizer.steps[step].tensor.name)
            return !Interruption.isRequested
        }
        ProgressLine.remove()
        try report(quantizer, elapsed: ContinuousClock.now - start)
    }

    /// One line for all tensors that the same thing happened to; each tensor with -v.
    private func note(_ steps: [Quantizer.Step]) {
        var tensors: [String: [String]] = [:]
        for step in steps { if let note = step.note { tensors[note, default: []].append(step.tensor.name) } }
        for step in steps {
            if let note = step.note, let names = tensors.removeValue(forKey: note) {
                let others = names.count > 1 ? " and \(names.count - 1) more" : ""
                reporting.note("\(names[0])\(others): \(note)")
            }
            reporting.detail("\(step.tensor.name): \(step.tensor.type) -> \(step.type)")
        }
    }

    private static func bar(_ done: Double) -> String {
        let filled = Int(done * 30)
        let percent = String(Int(done * 100))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled) + "] "
            + String(repeating: " ", count: 3 - percent.count) + percent + " %"
    }

    private func report(_ quantizer: Quantizer, elapsed: Duration) throws(CommandError) {
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        let before = quantizer.file.tensors.reduce(0) { $0 + $1.byteCount }
        let values = max(1, quantizer.file.tensors.reduce(0) { $0 + $1.valueCount })
        let bits = Double(quantizer.byteCount) * 8 / Double(values)
        if json {
            try StandardOutput.line([
                "path": .string(output), "type": .string(type.uppercased()), "bytes_before": .integer(before),
                "bytes_after": .integer(quantizer.byteCount), "bits_per_weight": .number(bits),
                "seconds": .number(seconds),
                "tensors": .array(
                    quantizer.steps.map { step in
                        [
                            "name": .string(step.tensor.name), "from": .string(step.tensor.type.label),
                            "to": .string(step.type.label), "note": step.note.map(JSON.string) ?? .null,
                        ]
                    }),
            ])
        } else {
            let rounded = (bits * 100).rounded() / 100
            try StandardOutput.write(
                "\(output): \(quantizer.byteCount) bytes of tensors (before: \(before)), \(rounded) bits per weight\n")
        }
    }

    private static func commandError(_ error: QuantizationError) -> any Error {
        switch error {
        case .file(let error): error
        case .compute(let error): error
        case .cancelled: CommandError.interrupted
        case .unknownRecipe, .noQuantizer, .badPattern, .unmatchedPattern: CommandError.usage("\(error)")
        case .alreadyQuantized, .notAModel, .notFinite: CommandError.badData("\(error)")
        }
    }
}
