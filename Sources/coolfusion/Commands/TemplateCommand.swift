// `coolfusion template`: the exact prompt a model gets for a conversation, and its token ids: what `run` and `fuse`
// begin with, made by the same code.
import ArgumentParser
import ChatTemplates
import Inference

struct TemplateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Show the exact prompt of a conversation and its token ids.",
        discussion: """
            With several models, each renders the conversation with its own template. Text goes to stdout: the prompt, \
            then a line with its ids. What a message says is never read as a control token.
            """)

    @Option(name: .shortAndLong, help: "A model, or name=path (repeat for several).")
    var model: [ModelArgument]

    @OptionGroup var prompt: PromptOptions
    @OptionGroup var engine: EngineOptions

    @Flag(help: "JSON on stdout.")
    var json = false

    func run() throws {
        let conversation = try prompt.conversation()
        let models = try engine.load(model)
        try prompt.template.check(models)
        var reports: [JSON] = []
        for model in models {
            let prompt = try prompt.template.prompt(conversation, for: model, engine.reporting)
            let ids = prompt.tokens.map { String($0) }.joined(separator: " ")
            if json {
                reports.append([
                    "model": .string(model.name), "prompt": .string(prompt.text), "ids": .integers(prompt.tokens),
                    "pieces": .strings(prompt.tokens.map(model.tokenizer.piece)), "rendered": .bool(prompt.isRendered),
                ])
            } else {
                if models.count > 1 { try StandardOutput.write("== \(model.name)\n") }
                try StandardOutput.write("\(prompt.text)\n\(ids)\n")
            }
        }
        if json { try StandardOutput.line(reports.count == 1 ? reports[0] : .array(reports)) }
    }
}
