// `coolfusion fuse`: the main job. Several models write one text; it appears segment by segment.
import ArgumentParser
import Fusion
import Inference

struct Fuse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Several models write one text together.",
        discussion: """
            Each model proposes the next words, every model scores every proposal, the best is written. -n counts tokens \
            of the first model. The models write greedily; with --temp above 0 each draws its words. On a terminal each segment has the colour of the model that proposed it.
            """)

    @Option(name: .shortAndLong, help: "A model, or name=path (repeat for each).")
    var model: [ModelArgument] = []

    @Option(help: "Built-in models instead: demo, the default where no model is named.")
    var models: BuiltInSet?

    @OptionGroup var prompt: PromptOptions
    @OptionGroup var limits: LimitOptions
    @OptionGroup var rules: FusionRuleOptions
    @OptionGroup var sampling: SamplingOptions

    @Flag(help: "JSON on stdout, with every segment, candidate and score.")
    var json = false

    @Flag(help: "JSON lines on stdout: each segment as it is written, then the result.")
    var jsonl = false

    @Option(
        help: ArgumentHelp(
            "Also write an HTML page: who proposed what, every score, margins and cost.", valueName: "file.html"))
    var report: String?

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        if json && jsonl { throw ValidationError("--json and --jsonl exclude each other") }
        try rules.check(sampling, isOne: model.count == 1)
    }

    func run() throws {
        let page = try self.report.map(HTMLReport.init)
        let conversation = try prompt.conversation()
        let models = try engine.load(
            ModelArgument.chosen(model, models, engine.reporting), sessions: rules.samples)
        try prompt.template.check(models)
        try sampling.checkBias(models[0])
        let sources = try models.map { model in
            let prompt = try prompt.template.prompt(conversation, for: model, engine.reporting)
            return try loading(model.path) { SessionSource(try Session(model: model), prompt: prompt) }
        }
        let options = try rules.options(limits, sampling, engine.reporting)
        let report = FuseReport(models: models, options: options)
        var writer = AnswerWriter(showsText: !json && !jsonl, quiet: engine.reporting.quiet)
        let colours = SegmentColours(models)
        if !json, !jsonl, !engine.reporting.quiet, let legend = colours.legend { StandardError.line(legend) }
        let result = try fuse(sources, options: options) { segment in
            if jsonl { return writer.write(line: report.segmentEvent(segment)) }
            return writer.write(segment.shown) { colours.coloured($0, segment) }
        }
        // The page and stdout: one that fails does not keep the other from being written.
        let written = Result {
            let continues = try models.allSatisfy { try prompt.template.source(for: $0) == nil }
            try page?.write(
                .fusion, report.page(result, prompt.template.opened(conversation), continues: continues))
        }
        if !result.heldBack.isEmpty { _ = writer.write(result.heldBack) }
        if json { try StandardOutput.line(report.result(result)) }
        if jsonl { try StandardOutput.line(report.resultEvent(result)) }
        try writer.finish()
        for event in result.events { tell(event) }
        engine.reporting.detail(
            "\(result.segments.count) segments, stop: \(result.stop.rawValue), \(decimals(result.seconds, 3)) s")
        try written.get()
        try Interruption.check()
    }

    /// A model that leaves concerns everyone; an opinion left out, those who ask.
    private func tell(_ event: FusionEvent) {
        switch event {
        case .left, .moved: engine.reporting.note(event.description)
        case .unscored: engine.reporting.detail(event.description)
        }
    }
}
