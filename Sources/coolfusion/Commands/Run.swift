// `coolfusion run`: one model writes alone.
import ArgumentParser
import Inference

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "One model writes alone.")

    @Option(name: .shortAndLong, help: "The model, or name=path.")
    var model: ModelArgument

    @OptionGroup var prompt: PromptOptions
    @OptionGroup var limits: LimitOptions
    @OptionGroup var sampling: SamplingOptions

    @Flag(help: "Go on past the end of the text.")
    var ignoreEos = false

    @Flag(help: "JSON on stdout.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func run() throws {
        let text = try prompt.text()
        let model = try engine.load(model)
        let prompt = try prompt.prompt(text, for: model, engine.reporting)
        let clock = Stopwatch()
        var writer = AnswerWriter(showsText: !json, quiet: engine.reporting.quiet)
        let generation = try loading(model.path) {
            let session = try Session(model: model)
            try session.append(prompt.tokens)
            return try session.generate(options(strips: prompt.isRendered)) { writer.write($0) }
        }
        if json { try StandardOutput.line(report(generation, promptTokens: prompt.tokens.count, clock)) }
        try writer.finish()
        if generation.stop == .context {
            engine.reporting.note("the context of \(model.context) tokens is full; -c sets it")
        }
        engine.reporting.detail(
            "\(generation.tokens.count) tokens, stop: \(generation.stop.rawValue), \(decimals(clock.seconds, 3)) s")
        try Interruption.check()
    }

    private func options(strips: Bool) -> GenerationOptions {
        let seed = sampling.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        if sampling.temperature > 0 { engine.reporting.detail("seed \(seed)") }
        var options = GenerationOptions()
        options.limit = limits.count
        options.stopStrings = limits.stopStrings
        options.ignoresEOS = ignoreEos
        options.sampling = sampling.sampling(seed: seed)
        options.stripsLeadingSpace = strips
        return options
    }

    private func report(_ generation: Generation, promptTokens: Int, _ clock: Stopwatch) -> JSON {
        [
            "text": .string(generation.text), "tokens": .integers(generation.tokens),
            "logprobs": .array(generation.logprobs.map(JSON.number)), "stop": .string(generation.stop.rawValue),
            "usage": [
                "prompt": .integer(promptTokens), "generated": .integer(generation.tokens.count),
                "seconds": .number(clock.seconds), "cpu_seconds": .number(clock.cpuSeconds),
            ],
        ]
    }
}
