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
        let conversation = try prompt.conversation()
        let model = try engine.load(model)
        try prompt.template.check([model])
        let prompt = try prompt.template.prompt(conversation, for: model, engine.reporting)
        let generation = try options(for: model, strips: prompt.isRendered)
        let clock = Stopwatch()
        var writer = AnswerWriter(showsText: !json, quiet: engine.reporting.quiet)
        let (session, answer) = try loading(model.path) {
            let session = try Session(model: model)
            try session.append(prompt.tokens)
            return (session, try session.generate(generation) { writer.write($0) })
        }
        let events = session.lostDevice.map { ["the device \($0) was lost: the CPU went on"] } ?? []
        if json { try StandardOutput.line(report(answer, of: model, promptTokens: prompt.tokens.count, events, clock)) }
        try writer.finish()
        for event in events { engine.reporting.note(event) }
        if answer.stop == .context {
            engine.reporting.note("the context of \(model.context) tokens is full; -c sets it")
        }
        engine.reporting.detail(
            "\(answer.tokens.count) tokens, stop: \(answer.stop.rawValue), \(decimals(clock.seconds, 3)) s")
        try Interruption.check()
    }

    private func options(for model: Model, strips: Bool) throws -> GenerationOptions {
        var options = GenerationOptions()
        options.limit = limits.count
        options.stopStrings = limits.stopStrings
        options.ignoresEOS = ignoreEos
        options.sampling = try sampling.sampling(for: model, engine.reporting)
        options.stripsLeadingSpace = strips
        return options
    }

    private func report(
        _ generation: Generation, of model: Model, promptTokens: Int, _ events: [String], _ clock: Stopwatch
    ) -> JSON {
        var members: [(String, JSON)] = [
            ("text", .string(generation.text)), ("tokens", .integers(generation.tokens)),
            ("logprobs", .array(generation.logprobs.map(JSON.number))), ("stop", .string(generation.stop.rawValue)),
            ("device", .string(model.device)),
        ]
        if !events.isEmpty { members.append(("events", .strings(events))) }
        let usage: JSON = [
            "prompt": .integer(promptTokens), "generated": .integer(generation.tokens.count),
            "seconds": .number(clock.seconds), "cpu_seconds": .number(clock.cpuSeconds),
        ]
        return .object(members + [("usage", usage)])
    }
}
