// How a conversation becomes each model's prompt: its own chat template, one the user names, or none.
// A template is never guessed: a file without one gets the raw text, and that is said.
import ArgumentParser
import ChatTemplates
import Glibc
import Inference

struct TemplateOptions: ParsableArguments {
    @Flag(help: "Use the prompt as it is, without the model's chat template.")
    var raw = false

    @Option(name: .customLong("sys"), parsing: .unconditional, help: "System message for the chat template.")
    var system: String?

    @Option(
        help: ArgumentHelp(
            "A template by name or from a file (repeat with MODEL=... for single models).",
            discussion: "Names: those in the model's file, then \(BuiltinTemplates.names.joined(separator: ", ")).",
            valueName: "name|file"))
    var chatTemplate: [String] = []

    func validate() throws {
        if raw && !chatTemplate.isEmpty { throw ValidationError("--raw and --chat-template exclude each other") }
    }

    /// The Jinja source for `model`; nil: the text as it is.
    func source(for model: Model) throws -> String? {
        if raw { return nil }
        guard let choice = choice(for: model.name) else { return model.chatTemplate }
        let own = try model.chatTemplates
        if let source = own[choice] ?? BuiltinTemplates.source(named: choice) { return source }
        if access(choice, F_OK) == 0 { return try readText(choice) }
        let names = own.keys.sorted().joined(separator: ", ")
        throw CommandError.usage(
            "there is no chat template '\(choice)': not in '\(model.path)' (\(names.isEmpty ? "it has none" : names)), "
                + "not built in (\(BuiltinTemplates.names.joined(separator: ", "))), and no file of that name")
    }

    /// The last choice that names the model, else the last that names none.
    private func choice(for name: String) -> String? {
        let prefix = name + "="
        if let own = chatTemplate.last(where: { $0.hasPrefix(prefix) }) { return String(own.dropFirst(prefix.count)) }
        return chatTemplate.last { !$0.contains("=") }
    }

    /// Throws a usage error for a choice that names no model.
    func check(_ models: [Model]) throws(CommandError) {
        for choice in chatTemplate {
            guard let end = choice.firstIndex(of: "=") else { continue }
            if !models.contains(where: { $0.name == choice[..<end] }) {
                throw .usage("--chat-template \(choice): no model is named '\(choice[..<end])'")
            }
        }
    }

    /// The conversation's tokens for `model`, with the system message of `--sys` before it. Without a template a
    /// conversation of one user message is its raw text; `transcript` allows longer ones.
    func prompt(
        _ messages: [Message], for model: Model, _ reporting: ReportingOptions, transcript: Bool = false
    ) throws -> Prompt {
        try loading(model.path) {
            let source = try source(for: model)
            if source == nil {
                let why = raw ? "--raw turns it off" : "the file has none; --chat-template names one"
                if system != nil { throw CommandError.usage("--sys needs a chat template: \(why)") }
                if !transcript && (messages.count != 1 || messages[0].role != "user") {
                    throw CommandError.usage("more than one user message needs a chat template: \(why)")
                }
                if !raw && !transcript {
                    reporting.note("\(model.name) has no chat template: the prompt is used as it is")
                }
                return try model.transcriptPrompt(messages)
            }
            guard let choice = choice(for: model.name) else {
                return try model.prompt(opened(messages), template: source)
            }
            return try loading(choice) { try model.prompt(opened(messages), template: source) }
        }
    }

    /// The conversation with the system message of `--sys` before it.
    func opened(_ messages: [Message]) -> [Message] {
        (system.map { [Message(role: "system", content: $0)] } ?? []) + messages
    }
}
