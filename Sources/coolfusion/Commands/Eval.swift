// `coolfusion eval`: does fusing these models help? Every model alone and every strategy answer the same problems; the
// headroom report compares them.
import ArgumentParser
import Fusion
import Inference

struct Eval: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare strategies on a labelled task: does fusing help?",
        discussion: """
            TASK is a file of JSON lines with "question" and "answer", or "demo": the built-in problems. Without -m the \
            built-in models answer. With --journal an interrupted run goes on where it was.
            """)

    @Argument(help: "JSON lines with question and answer, or 'demo'.")
    var task: String

    @Option(name: .shortAndLong, help: "A model, or name=path (repeat for each).")
    var model: [ModelArgument] = []

    @Option(help: "Built-in models instead: demo, the default where no model is named.")
    var models: BuiltInSet?

    @Option(help: "Only the first N problems.")
    var limit: Int?

    @Option(name: .customShort("n"), help: ArgumentHelp("Most tokens of an answer.", valueName: "tokens"))
    var tokens = 256

    @Option(help: "Contenders by name, separated by commas; 'all', or 'quick': each model alone, vote and default.")
    var strategies = "quick"

    @Option(help: "How an answer is read: gsm8k, last-number, exact.")
    var parse = ParsingRule.gsm8k

    @Option(help: "The prompt; {question} is replaced, \\n is a line end.")
    var format = "{question}\\n"

    @Option(help: "Text in front of every prompt, from a file: worked examples.")
    var examples: String?

    @Option(help: "Keep results in a file and go on from it.")
    var journal: String?

    @Flag(help: "Skip lines of the task that are no problem, instead of stopping.")
    var skipBroken = false

    @Flag(help: "JSON on stdout.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Also write an HTML page: accuracies with intervals, cost, paired tests.", valueName: "file.html"))
    var report: String?

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, found \(limit)") }
        guard tokens >= 1 else { throw ValidationError("-n must be at least 1, found \(tokens)") }
        guard format.contains("{question}") else { throw ValidationError("--format must contain {question}") }
    }

    func run() throws {
        let page = try self.report.map(HTMLReport.init)
        let task = try EvalTask(task)
        for complaint in task.complaints { StandardError.line("coolfusion: \(complaint)") }
        if !task.complaints.isEmpty && !skipBroken { throw CommandError.badData("broken lines; see --skip-broken") }
        let problems = Array(task.problems.prefix(limit ?? .max))
        guard !problems.isEmpty else { throw CommandError.badData("'\(task.name)' has no problems") }
        let preface = try examples.map { path throws(CommandError) in try readText(path) } ?? ""
        let models = try engine.load(ModelArgument.chosen(model, models, engine.reporting))
        let contenders = try chosenContenders(models.map(\.name))
        let names = contenders.map(\.name)
        let record = try journal.map { path throws(CommandError) in
            try EvalJournal(path, header: header(task, models, names, preface), contenders: names)
        }
        let contest = Contest(contenders, parse: parse.parse)
        var report = LabelledReport(contenders: names, planned: problems.count)
        var progress = EvalProgress(total: problems.count, quiet: engine.reporting.quiet)
        for (index, problem) in problems.enumerated() {
            let attempts: [Attempt]
            if let known = record?.finished[index] {
                attempts = known
            } else {
                // With a page to write, the problem at hand is finished and what is known goes into it.
                if page != nil { Interruption.beginWriting() }
                if Interruption.isRequested { break }
                let text = preface + prompt(problem.question)
                let sources = try models.map { model in
                    try loading(model.path) {
                        SessionSource(try Session(model: model), prompt: try rendered(text, model))
                    }
                }
                attempts = try contest.attempts(sources, expected: parse.parse(problem.answer))
                try record?.record(index, attempts, names)
            }
            report.add(attempts, label: problem.label)
            progress.step()
        }
        ProgressLine.remove()
        let result = report.json(task: task.name, models: models)
        let written = Result { try page?.write(.headroom, ["version": .string(Coolfusion.version), "result": result]) }
        try StandardOutput.write(json ? result.text + "\n" : report.whole.table(task: task.name))
        try written.get()
        try Interruption.check()
    }

    private func prompt(_ question: String) -> String {
        format.replacing("\\n", with: "\n").replacing("{question}", with: question)
    }

    private func rendered(_ text: String, _ model: Model) throws -> Prompt {
        model.chatTemplate == nil ? try model.rawPrompt(text) : try model.prompt([.init(role: "user", content: text)])
    }

    private func chosenContenders(_ models: [String]) throws -> [Contender] {
        var base = FusionOptions()
        base.limit = tokens
        let all = Contender.all(models: models, base: base)
        switch strategies {
        case "all": return all
        case "quick": return all.filter { $0.name.hasPrefix("solo:") || ["default", "vote"].contains($0.name) }
        default:
            let wanted = strategies.split(separator: ",").map(String.init)
            for name in wanted where !all.contains(where: { $0.name == name }) {
                throw CommandError.usage(
                    "no contender '\(name)'; there are: \(all.map(\.name).joined(separator: ", "))")
            }
            return all.filter { wanted.contains($0.name) }
        }
    }

    /// What a journal's results depend on.
    private func header(_ task: EvalTask, _ models: [Model], _ contenders: [String], _ preface: String) -> JSON {
        [
            "task": .string(task.fingerprint), "tokens": .integer(tokens), "parse": .string(parse.rawValue),
            "format": .string(format), "examples": .string(preface),
            "models": .array(
                models.map {
                    [
                        "name": .string($0.name), "bytes": .integer($0.file.byteCount),
                        "parameters": .integer($0.parameterCount),
                    ]
                }),
            "contenders": .array(contenders.map { .string($0) }),
        ]
    }
}
