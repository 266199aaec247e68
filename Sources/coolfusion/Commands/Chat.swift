// `coolfusion chat`: a conversation line by line. stdout carries the answers only; the prompt sign and all remarks go to
// stderr, so that answers can be piped. Lines are read as they are: a terminal's own line editing, or a file's lines.
import ArgumentParser
import ChatTemplates
import Glibc
import Inference

struct Chat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk with one model or several.",
        discussion: """
            One model draws its words (--temp and so on), several write together (--rank and so on) and draw only with \
            --temp. A line that ends in \
            a backslash goes on. Ctrl-C stops the answer; at the prompt, twice, it ends the program, as do /exit and the \
            end of input. Models without a chat template continue the raw text of what was said.

            \(Chat.help)
            """)

    @Option(name: .shortAndLong, help: "A model, or name=path (repeat for several).")
    var model: [ModelArgument]

    @OptionGroup var template: TemplateOptions

    @Option(help: ArgumentHelp("Go on with a conversation that /save wrote.", valueName: "file"))
    var messages: String?

    @OptionGroup var limits: LimitOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var rules: FusionRuleOptions
    @OptionGroup var engine: EngineOptions

    static let help = """
        /system TEXT  set the system message; without TEXT, remove it
        /models       the models and how much of their contexts is used
        /save FILE    write the conversation as JSON (--messages reads it)
        /reset        forget what was said
        /exit         leave
        //TEXT        say something that begins with a slash
        """

    func validate() throws {
        if model.count > 1 { try rules.check(sampling, isOne: false) }
        if model.count == 1 && rules.samples > 1 {
            throw ValidationError("--samples: one model alone writes one answer")
        }
    }

    func run() throws {
        var opening = try messages.map(MessagesFile.read) ?? []
        var template = template
        if template.system == nil, opening.first?.role == "system" { template.system = opening.removeFirst().content }
        let models = try engine.load(model, sessions: rules.samples)
        try template.check(models)
        for model in models where try template.source(for: model) == nil && !template.raw {
            engine.reporting.note("\(model.name) has no chat template: it continues the raw text of the conversation")
        }
        let conversation = try Conversation(
            models, opening, template: template, single: try single(models[0], isAlone: models.count == 1),
            several: rules.options(limits, sampling, engine.reporting), reporting: engine.reporting)
        try conversation.setSystem(template.system)
        if !engine.reporting.quiet, models.count > 1, let legend = SegmentColours(models).legend {
            StandardError.line(legend)
        }
        var loop = ChatLoop(conversation: conversation, reporting: engine.reporting)
        try loop.run()
    }

    private func single(_ model: Model, isAlone: Bool) throws -> GenerationOptions {
        var options = GenerationOptions()
        options.limit = limits.count
        options.stopStrings = limits.stopStrings
        if isAlone { options.sampling = try sampling.sampling(for: model, engine.reporting) }
        return options
    }
}

/// Reads, answers, obeys commands, until the input ends.
struct ChatLoop {
    let conversation: Conversation
    let reporting: ReportingOptions
    private var lines = InputLines()
    private let isTerminal = isatty(STDIN_FILENO) == 1
    private let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    private var saved: Set<String> = []
    /// Of the first turn that failed; a script gets it at the end.
    private var failure: Int32?

    init(conversation: Conversation, reporting: ReportingOptions) {
        self.conversation = conversation
        self.reporting = reporting
    }

    mutating func run() throws {
        Interruption.beginWriting()
        if isTerminal { reporting.note("/help lists the commands; Ctrl-D ends") }
        let sign = isTerminal
        lines.onInterrupt = {
            StandardError.write("\ncoolfusion: Ctrl-C again, or /exit, to leave\n" + (sign ? "> " : ""))
        }
        while let text = try nextTurn() {
            Interruption.clear()
            do {
                guard try take(text) else { return }
            } catch let error as CommandError {
                if case .output("standard output", _) = error { throw error }
                StandardError.line("coolfusion: \(error)")
                failure = failure ?? CommandExit.code(of: error)
            }
            // The Ctrl-C that stopped an answer does not count at the prompt.
            Interruption.clear()
        }
        if isTerminal { StandardError.write("\n") }
        if let failure, !isTerminal { throw ExitCode(failure) }
    }

    /// The next line that is not blank, with those that continue it; nil at the end of the input.
    private mutating func nextTurn() throws -> String? {
        var text = ""
        if isTerminal { StandardError.write("> ") }
        while let bytes = try lines.next() {
            guard var line = String(validating: bytes, as: UTF8.self) else {
                throw CommandError.badData("line \(lines.number) of standard input is not valid UTF-8")
            }
            if line.hasSuffix("\r") { line.removeLast() }
            if line.hasSuffix("\\") {
                text += line.dropLast() + "\n"
                continue
            }
            text += line
            if !text.allSatisfy(\.isWhitespace) { return text }
            text = ""
            if isTerminal { StandardError.write("> ") }
        }
        return text.isEmpty ? nil : text
    }

    /// False: leave.
    private mutating func take(_ line: String) throws -> Bool {
        if line.hasPrefix("//") || !line.hasPrefix("/") {
            try answer(line.hasPrefix("//") ? String(line.dropFirst()) : line)
            return true
        }
        let parts = line.split(separator: " ", maxSplits: 1)
        let rest = parts.count > 1 ? String(parts[1]) : nil
        switch parts[0] {
        case "/exit", "/quit": return false
        case "/help": StandardError.line(Chat.help)
        case "/models": listModels()
        case "/system": try conversation.setSystem(rest)
        case "/reset": conversation.reset()
        case "/save": try save(rest)
        default: throw CommandError.usage("there is no command '\(parts[0])'; /help lists them")
        }
        return true
    }

    private func answer(_ text: String) throws {
        var writer = AnswerWriter(showsText: true, quiet: reporting.quiet)
        let colours = SegmentColours(conversation.models)
        let stop: Generation.Stop
        do {
            stop = try conversation.ask(text) { text, segment in
                writer.write(text) { piece in segment.map { colours.coloured(piece, $0) } ?? piece }
            }
        } catch {
            try writer.finish()
            throw explained(error)
        }
        try writer.finish()
        if !outputIsTerminal { try StandardOutput.write("\n") }
        switch stop {
        case .context: reporting.note("the context is full: /reset forgets the conversation, -c makes it larger")
        case .cancelled: reporting.note("stopped")
        case .length: reporting.detail("stopped at -n tokens")
        case .eos, .stopString: break
        }
    }

    /// A full context has a way out; other errors speak for themselves.
    private func explained(_ error: any Error) -> CommandError {
        if case CommandError.model(_, InferenceError.contextFull(let context, let requested)) = error {
            return .failed(
                "the conversation of \(requested) tokens does not fit the context of \(context); your last message is not "
                    + "part of it. /save keeps it, /reset forgets it, -c makes the context larger")
        }
        return error as? CommandError ?? .model(conversation.models.map(\.name).joined(separator: ", "), error)
    }

    private func listModels() {
        for (model, used) in zip(conversation.models, conversation.used) {
            StandardError.line(
                "\(model.name): \(model.config.architecture), \(model.quantization), \(model.parameterCount) parameters, "
                    + "\(used) of \(model.context) tokens used, '\(model.path)'")
        }
    }

    private mutating func save(_ path: String?) throws {
        guard let path else { throw CommandError.usage("/save needs a file name") }
        // Overwrites only what it wrote itself.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (saved.contains(path) ? O_TRUNC : O_EXCL), 0o666)
        guard descriptor >= 0 else { throw CommandError.output("'\(path)'", errno) }
        defer { close(descriptor) }
        var text = MessagesFile.json(conversation.transcript).text + "\n"
        let code = text.withUTF8 { writeAll(descriptor, UnsafeRawBufferPointer($0)) }
        if code != 0 { throw CommandError.output("'\(path)'", code) }
        saved.insert(path)
        reporting.note("saved \(conversation.transcript.count) messages to '\(path)'")
    }
}
