// Options shared by the commands that load models. Names are those llama.cpp users type without thinking.
import ArgumentParser
import ChatTemplates
import Compute
import GGUF
import Inference
import Transformer

/// How models are loaded and run.
struct EngineOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Threads (default: the machine's cores).")
    var threads: Int?

    @Option(
        name: [.customShort("c"), .customLong("ctx-size")],
        help: "Context in tokens (default: the model's own, at most 4096).")
    var context: Int?

    @Option(
        name: [.customShort("b"), .customLong("batch-size")],
        help: "Tokens of a prompt evaluated at once (default: \(Session.prefillRows)).")
    var batchSize: Int?

    @Option(help: ArgumentHelp("Where to compute: auto, cpu, vulkan or vulkan:N (see doctor).", valueName: "device"))
    var device = "auto"

    @Option(
        name: .customLong("ngl", withSingleDash: true),
        help: "Layers on the GPU, the last ones and the head; the CPU takes the others (default: all).")
    var gpuLayers: Int?

    @Option(
        help: ArgumentHelp(
            "Instruction set of the kernels, for example scalar or avx2 (default: the best).", valueName: "name"))
    var isa: String?

    @Option(help: ArgumentHelp("Keys and values in memory: auto, f32, f16 or q8_0 (less memory).", valueName: "type"))
    var cacheType = "auto"

    @Option(
        help: ArgumentHelp(
            "map the file, or read it into memory: then nothing happens if it is changed meanwhile.", valueName: "how"))
    var loadMode = "map"

    @Flag(name: .long, help: "Accept a model whose pre-tokenizer is missing or not known to be right.")
    var force = false

    @OptionGroup var reporting: ReportingOptions

    func validate() throws {
        if let threads { try ThreadCount.check(threads) }
        if let batchSize, !(1...8192).contains(batchSize) {
            throw ValidationError("-b must be from 1 to 8192, found \(batchSize)")
        }
        if CacheType(option: cacheType) == nil {
            throw ValidationError("--cache-type must be auto, f32, f16 or q8_0, found '\(cacheType)'")
        }
        if !["map", "read"].contains(loadMode) {
            throw ValidationError("--load-mode must be map or read, found '\(loadMode)'")
        }
        if let gpuLayers, gpuLayers < 0 { throw ValidationError("-ngl must not be negative, found \(gpuLayers)") }
        if let context, context < 1 { throw ValidationError("-c must be at least 1, found \(context)") }
    }

    /// What the options say of devices and threads; -ngl 0 is the CPU.
    func deviceOptions() throws -> ModelOptions {
        var options = ModelOptions()
        options.threads = threads
        options.isa = isa
        options.device = try DeviceChoice(option: device)
        options.gpuLayers = gpuLayers
        if gpuLayers == 0 { options.device = .cpu }
        return options
    }
}

/// What -t may say.
enum ThreadCount {
    static func check(_ threads: Int) throws {
        guard ThreadPool.possible.contains(threads) else {
            throw ValidationError("-t must be from 1 to \(ThreadPool.possible.upperBound), found \(threads)")
        }
    }
}

extension EngineOptions {
    var mode: GGUFFile.LoadMode { loadMode == "read" ? .read : .map }
    var cache: CacheType { CacheType(option: cacheType) ?? .automatic }
}

extension CacheType {
    /// As users write it.
    init?(option: String) {
        guard let found = option == "auto" ? .automatic : CacheType(rawValue: option), option != "automatic" else {
            return nil
        }
        self = found
    }
}

extension DeviceChoice {
    /// What --device names.
    init(option: String) throws(CommandError) {
        guard let choice = DeviceChoice(option) else {
            throw .device("device '\(option)' is unknown; there are: auto, cpu, vulkan, vulkan:N")
        }
        self = choice
    }
}

/// How much is said on stderr.
struct ReportingOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say more on stderr.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Say nothing on stderr but errors.")
    var quiet = false

    /// A line on stderr unless -q.
    func note(_ text: String) {
        if !quiet { StandardError.line(Terminal.safe("coolfusion: \(text)", keepsLines: true)) }
    }

    /// A line on stderr with -v.
    func detail(_ text: @autoclosure () -> String) {
        if verbose && !quiet { StandardError.line(Terminal.safe("coolfusion: \(text())", keepsLines: true)) }
    }
}

/// What the models are asked to continue or answer.
struct PromptOptions: ParsableArguments {
    @Option(name: .shortAndLong, parsing: .unconditional, help: "The prompt.")
    var prompt: String?

    @Option(name: .shortAndLong, help: "Read the prompt from a file ('-': standard input).")
    var file: String?

    @Option(
        help: ArgumentHelp(
            "A conversation: [{\"role\":\"user\",\"content\":\"...\"}, ...] ('-': standard input).", valueName: "file"))
    var messages: String?

    @OptionGroup var template: TemplateOptions

    func validate() throws {
        switch [prompt, file, messages].compactMap({ $0 }).count {
        case 0: throw ValidationError("a prompt is needed: -p TEXT, -f FILE or --messages FILE.json")
        case 1: return
        default: throw ValidationError("-p, -f and --messages exclude each other")
        }
    }

    /// What is said to the models.
    func conversation() throws(CommandError) -> [Message] {
        if let messages { return try MessagesFile.read(messages) }
        if let prompt { return [Message(role: "user", content: prompt)] }
        return [Message(role: "user", content: try readText(file ?? "-"))]
    }
}

/// A model on the command line: `path` or `name=path`.
struct ModelArgument: ExpressibleByArgument {
    var name: String
    var path: String
    var isNamed: Bool

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        let parts = argument.split(separator: "=", maxSplits: 1)
        if parts.count == 2, !parts[0].contains("/"), !argument.hasPrefix("=") {
            (name, path, isNamed) = (String(parts[0]), String(parts[1]), true)
        } else {
            path = argument
            let last = argument.split(whereSeparator: { "/:".contains($0) }).last.map(String.init) ?? argument
            (name, isNamed) = (last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last, false)
        }
    }

    /// The models with different names: the same file twice becomes "a" and "a-2"; a name given twice is refused.
    static func distinct(_ models: [ModelArgument]) throws(CommandError) -> [ModelArgument] {
        var used = Set<String>()
        for model in models where model.isNamed {
            guard used.insert(model.name).inserted else { throw .usage("two models are named '\(model.name)'") }
        }
        var result = models
        for index in result.indices where !result[index].isNamed {
            let name = result[index].name
            var number = 1
            while !used.insert(result[index].name).inserted {
                number += 1
                result[index].name = "\(name)-\(number)"
            }
        }
        return result
    }
}
