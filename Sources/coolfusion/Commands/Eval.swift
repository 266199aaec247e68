// `coolfusion eval`: does fusing these models help? Every model alone and every strategy answer the same problems; the
// headroom report compares them.
import ArgumentParser
import Fusion
import Inference

struct Eval: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare strategies on a labelled task: does fusing help?",
        discussion: """
            TASK is a file of JSON lines, or "demo": the built-in problems. Its lines have "question" and "answer"; or also \
            "choices", which are scored instead of written; or "text", which is predicted: bits per byte. Without -m the \
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

    @Option(help: "Begin every prompt with the first N problems and their answers, which are then not asked.")
    var shots = 0

    @Option(help: ArgumentHelp("Take the problems of --shots from another task.", valueName: "task"))
    var shotsFrom: String?

    @Option(parsing: .unconditionalSingleValue, help: "End an answer before this text (repeatable).")
    var stop: [String] = []

    @Option(help: "Problems worked on at once, in one batch per model; the answers do not depend on it.")
    var parallel = 8

    @Option(help: "Answers that 'self:MODEL' draws and votes on (default: as many as there are models).")
    var samples: Int?

    @Option(name: .customLong("temp"), help: "Temperature of these draws.")
    var temperature = 0.7

    @Option(
        name: [.customShort("s"), .long], parsing: .unconditional,
        help: "Seed of these draws (default: 1); -1: a new one each time.")
    var seed: Seed?

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
        guard (1...64).contains(parallel) else {
            throw ValidationError("--parallel must be from 1 to 64, found \(parallel)")
        }
        guard shots >= 0 else { throw ValidationError("--shots must not be negative, found \(shots)") }
        try FusionRuleOptions.check(samples: samples ?? 1)
        guard temperature > 0, temperature.isFinite else {
            throw ValidationError("--temp must be above 0, found \(temperature)")
        }
        guard tokens >= 1 else { throw ValidationError("-n must be at least 1, found \(tokens)") }
        guard format.contains("{question}") else { throw ValidationError("--format must contain {question}") }
    }

    func run() throws {
        let page = try self.report.map(HTMLReport.init)
        let task = try EvalTask(task)
        for complaint in task.complaints { StandardError.line("coolfusion: \(complaint)") }
        if !task.complaints.isEmpty && !skipBroken { throw CommandError.badData("broken lines; see --skip-broken") }
        let held = shotsFrom == nil ? shots : 0
        let problems = Array(task.problems.dropFirst(held).prefix(limit ?? .max))
        guard let kind = task.kind, !problems.isEmpty else {
            throw CommandError.badData("'\(task.name)' has no problems" + (held > 0 ? " beside --shots" : ""))
        }
        if kind == .text && page != nil {
            throw CommandError.usage("--report shows answers; '\(task.name)' has texts to predict")
        }
        let preface =
            try (examples.map { path throws(CommandError) in try readText(path) } ?? "") + workedExamples(task)
        let arguments = try ModelArgument.chosen(model, models, engine.reporting)
        let draws = strategies == "all" || strategies.contains("self:") ? samples ?? max(arguments.count, 2) : 1
        let models = try engine.load(arguments, sessions: min(parallel, problems.count) * draws)
        let contenders = try chosenContenders(models.map(\.name), kind)
        let names = contenders.map(\.name)
        let record = try journal.map { path throws(CommandError) in
            try EvalJournal(path, header: header(task, models, names, preface), contenders: names)
        }
        var progress = EvalProgress(
            total: problems.count, known: record?.finished.count ?? 0, quiet: engine.reporting.quiet)
        let run = EvalRun(
            models: models, contest: contest(contenders), kind: kind, preface: preface, format: format,
            parallel: parallel)
        // With a page to write, the problems at hand are finished and what is known goes into it.
        if page != nil { Interruption.beginWriting() }
        let attempts = try run.attempts(at: problems, known: record?.finished ?? [:]) { index, attempts in
            try record?.record(index, attempts, names)
            progress.step()
        }
        ProgressLine.remove()
        if page == nil { try Interruption.check() }
        if kind == .text { return try write(textReport(names, problems, attempts)) }
        var report = LabelledReport(contenders: names, planned: problems.count)
        for (problem, attempts) in zip(problems, attempts) {
            if let attempts { report.add(attempts, label: problem.label) }
        }
        let result = report.json(task: task.name, models: models)
        let written = Result { try page?.write(.headroom, ["version": .string(Coolfusion.version), "result": result]) }
        try StandardOutput.write(json ? result.text + "\n" : report.whole.table(task: task.name))
        try written.get()
        try Interruption.check()
    }

    /// Says once what happens to a model, however many problems and contenders meet it.
    private func contest(_ contenders: [Contender]) -> Contest {
        var contest = Contest(contenders, parse: parse.parse)
        var known: Set<FusionEvent> = []
        contest.told = { event in
            switch event {
            case .left, .moved: if known.insert(event).inserted { engine.reporting.note(event.description) }
            case .unscored: break
            }
        }
        return contest
    }

    /// Problems with their answers as the models are to give theirs.
    private func workedExamples(_ task: EvalTask) throws -> String {
        if shots == 0 { return "" }
        let from = try shotsFrom.map { name throws(CommandError) in try EvalTask(name) } ?? task
        guard from.kind != .text, from.problems.count >= shots else {
            throw CommandError.badData("--shots \(shots): '\(from.name)' has no \(shots) problems with answers")
        }
        return from.problems.prefix(shots).map { problem in
            let answer = Int(problem.answer).flatMap {
                problem.choices.indices.contains($0) ? problem.choices[$0] : nil
            }
            let asked = EvalRun.filled(format, problem.question)
            return asked + (answer.map { " " + $0 } ?? problem.answer) + "\n\n"
        }.joined()
    }

    private func textReport(
        _ contenders: [String], _ problems: [EvalTask.Problem], _ attempts: [[Attempt]?]
    ) -> TextReport {
        var report = TextReport(contenders)
        for (problem, attempts) in zip(problems, attempts) {
            if let attempts { report.add(attempts, bytes: problem.answer.utf8.count) }
        }
        return report
    }

    private func write(_ report: TextReport) throws {
        try StandardOutput.write(json ? report.json(task: task).text + "\n" : report.table(task: task))
    }

    private func chosenContenders(_ models: [String], _ kind: EvalTask.Kind) throws -> [Contender] {
        var base = FusionOptions()
        base.limit = tokens
        base.stopStrings = stop
        base.sampling = Sampling()
        base.sampling?.temperature = temperature
        base.sampling?.seed = (seed ?? .fixed(1)).value
        base.samples = drawnAnswers(models.count)
        let question: Question =
            switch kind {
            case .answers: .open(expected: nil)
            case .choices: .choices([], right: 0)
            case .text: .text("")
            }
        let all = Contest.scoring(question, Contender.all(models: models, base: base))
        if kind == .text && ["all", "quick"].contains(strategies) { return all }
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

    /// As it was asked for: with -1 a run that goes on draws from another seed.
    private var writtenSeed: String {
        if case .random? = seed { return "-1" }
        return String((seed ?? .fixed(1)).value)
    }

    private func drawnAnswers(_ models: Int) -> Int { samples ?? max(models, 2) }

    /// What a journal's results depend on.
    private func header(_ task: EvalTask, _ models: [Model], _ contenders: [String], _ preface: String) -> JSON {
        [
            "task": .string(task.fingerprint), "tokens": .integer(tokens), "parse": .string(parse.rawValue),
            "format": .string(format), "examples": .string(preface), "stop": .strings(stop),
            "draws": [
                "samples": .integer(drawnAnswers(models.count)), "temperature": .number(temperature),
                "seed": .string(writtenSeed),
            ],
            "models": .array(
                models.map {
                    [
                        "name": .string($0.name), "bytes": .integer($0.file.byteCount),
                        "parameters": .integer($0.parameterCount), "context": .integer($0.context),
                        "cache": .string($0.cacheType.rawValue),
                    ]
                }),
            "contenders": .array(contenders.map { .string($0) }),
        ]
    }
}
