// How tokens are chosen and when text ends; the same names and meanings as in llama.cpp.
import ArgumentParser
import Inference

/// When an answer ends.
struct LimitOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .customLong("predict")], parsing: .unconditional, help: "At most so many tokens.")
    var count = 512

    @Option(name: .customLong("stop"), parsing: .unconditionalSingleValue, help: "End before this text (repeatable).")
    var stopStrings: [String] = []

    func validate() throws {
        if count < 0 { throw ValidationError("-n must not be negative, found \(count)") }
    }
}

/// The distribution that a token is drawn from. Unless the user gives a flag, the value the model's file recommends
/// counts (`general.sampling.*`), and without one the default here.
struct SamplingOptions: ParsableArguments {
    @Option(
        name: .customLong("temp"),
        help: "Temperature; 0: the most probable token (default: 0.8; several models: 0, greedy).")
    var temperature: Double?

    @Option(help: "Only the K most probable tokens; 0: all (default: 40).")
    var topK: Int?

    @Option(help: "Only the most probable tokens that together reach this probability; 1: all (default: 0.95).")
    var topP: Double?

    @Option(help: "Only tokens at least this probable, relative to the most probable; 0: all (default: 0.05).")
    var minP: Double?

    @Option(name: .customLong("typical"), help: "Locally typical sampling: this much of the probability; 1: all.")
    var typicalP = 1.0

    @Option(help: "Divide the logits of recent tokens by this; 1: off (default: 1).")
    var repeatPenalty: Double?

    @Option(parsing: .unconditional, help: "Subtract this from the logits of recent tokens for each time they occur.")
    var frequencyPenalty = 0.0

    @Option(parsing: .unconditional, help: "Subtract this from the logits of recent tokens.")
    var presencePenalty = 0.0

    @Option(
        name: .customLong("repeat-last-n"),
        help: "How many tokens the penalties look back, the prompt's too (default: 64).")
    var repeatLast: Int?

    @Option(
        help: ArgumentHelp("Add to a token's logit, as 15+1.5, 15-2 or 15-inf (repeatable).", valueName: "id±value"))
    var logitBias: [LogitBias] = []

    @Option(
        name: [.customShort("s"), .long], parsing: .unconditional,
        help: "Seed of the draws; -1, the default: a new one each time.")
    var seed = Seed.random

    func validate() throws {
        do { try sampling(nil).check() } catch { throw ValidationError("\(error)") }
    }

    /// Whether draws were asked for, where the default is not to draw.
    var isAsked: Bool { (temperature ?? 0) > 0 }

    /// The options given that change nothing where nothing is drawn.
    private var drawingOptions: [String] {
        [
            (topK != nil, "--top-k"), (topP != nil, "--top-p"), (minP != nil, "--min-p"), (typicalP != 1, "--typical"),
            (repeatPenalty != nil, "--repeat-penalty"), (frequencyPenalty != 0, "--frequency-penalty"),
            (presencePenalty != 0, "--presence-penalty"), (repeatLast != nil, "--repeat-last-n"),
            (!logitBias.isEmpty, "--logit-bias"),
        ].filter(\.0).map(\.1)
    }

    /// Refuses what would have no effect, or no meaning, where models write together. `isOne`: only one is in the fusion.
    func checkForFusion(isOne: Bool) throws {
        if !isOne && !logitBias.isEmpty {
            throw ValidationError("--logit-bias names a token of one model's vocabulary; there are several models")
        }
        let idle = isAsked ? [] : drawingOptions
        if !idle.isEmpty {
            throw ValidationError(
                "\(idle.joined(separator: ", ")) would have no effect: a fusion draws only with --temp above 0")
        }
    }

    /// For several models, whose files may recommend different things: what was asked for, nil for greedy.
    func sampling(forSeveral reporting: ReportingOptions) -> Sampling? {
        guard isAsked else { return nil }
        var sampling = sampling(nil)
        sampling.seed = seed.value
        reporting.detail("seed \(sampling.seed)")
        return sampling
    }

    /// What counts for `model`, with a seed; says on stderr what its file recommends, if that counts.
    func sampling(for model: Model, _ reporting: ReportingOptions) throws -> Sampling {
        let recommended = try loading(model.path) { try RecommendedSampling(model.file.metadata) }
        var sampling = sampling(recommended)
        // The flags were checked before: what is wrong now stands in the file.
        do { try sampling.check() } catch {
            throw CommandError.badData("'\(model.path)': the sampling it recommends: \(error)")
        }
        try checkBias(model)
        let used = taken(from: recommended)
        if !used.isEmpty {
            reporting.note("\(model.name): sampling as its file recommends: \(used.joined(separator: ", "))")
        }
        sampling.seed = seed.value
        if sampling.temperature > 0 { reporting.detail("seed \(sampling.seed)") }
        return sampling
    }

    /// Throws where a token of --logit-bias is not one of the model's.
    func checkBias(_ model: Model) throws(CommandError) {
        let size = model.tokenizer.vocabularySize
        if let wrong = logitBias.first(where: { $0.token >= size })?.token {
            throw .usage("--logit-bias: token \(wrong) is not in the vocabulary of \(size) tokens")
        }
    }

    private func sampling(_ recommended: RecommendedSampling?) -> Sampling {
        var sampling = Sampling()
        sampling.temperature = temperature ?? recommended?.temperature ?? 0.8
        sampling.topK = topK ?? recommended?.topK ?? sampling.topK
        sampling.topP = topP ?? recommended?.topP ?? sampling.topP
        sampling.minP = minP ?? recommended?.minP ?? sampling.minP
        sampling.typicalP = typicalP
        sampling.repeatPenalty = repeatPenalty ?? recommended?.repeatPenalty ?? sampling.repeatPenalty
        sampling.frequencyPenalty = frequencyPenalty
        sampling.presencePenalty = presencePenalty
        sampling.repeatLast = repeatLast ?? recommended?.repeatLast ?? sampling.repeatLast
        for bias in logitBias { sampling.logitBias[bias.token, default: 0] += bias.value }
        return sampling
    }

    private func taken(from recommended: RecommendedSampling) -> [String] {
        [
            temperature == nil ? recommended.temperature.map { "temp \($0)" } : nil,
            topK == nil ? recommended.topK.map { "top-k \($0)" } : nil,
            topP == nil ? recommended.topP.map { "top-p \($0)" } : nil,
            minP == nil ? recommended.minP.map { "min-p \($0)" } : nil,
            repeatPenalty == nil ? recommended.repeatPenalty.map { "repeat-penalty \($0)" } : nil,
            repeatLast == nil ? recommended.repeatLast.map { "repeat-last-n \($0 == .max ? "all" : "\($0)")" } : nil,
        ].compactMap { $0 }
    }
}

/// Where a sequence of draws begins.
enum Seed: ExpressibleByArgument {
    case random
    case fixed(UInt64)

    init?(argument: String) {
        if argument == "-1" {
            self = .random
        } else if let value = UInt64(argument) {
            self = .fixed(value)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { "-1" }

    var value: UInt64 {
        switch self {
        case .random: UInt64.random(in: 0...UInt64(UInt32.max))
        case .fixed(let value): value
        }
    }
}

/// `15+1.5` or `15-2`; `15-inf` forbids token 15.
struct LogitBias: ExpressibleByArgument {
    var token: Int32
    var value: Double

    init?(argument: String) {
        guard let sign = argument.firstIndex(where: { $0 == "+" || $0 == "-" }), sign != argument.startIndex,
            let token = Int32(argument[..<sign]), let value = Double(argument[sign...]), !value.isNaN,
            value != .infinity
        else { return nil }
        (self.token, self.value) = (token, value)
    }
}
