// Models and their prompts as the commands need them: loaded with the options given, errors naming the file.
import ChatTemplates
import Compute
import Inference

extension EngineOptions {
    /// Loads one model on a backend of its own.
    func load(_ argument: ModelArgument) throws -> Model { try load([argument])[0] }

    /// Loads models that share one backend, so that their threads do not multiply. Names are made distinct.
    func load(_ arguments: [ModelArgument]) throws -> [Model] {
        let backend = try backend()
        if gpuLayers != nil { reporting.note("-ngl has no effect: all layers compute on \(backend.name)") }
        reporting.detail("backend: \(backend.name)")
        var progress = ProgressLine(quiet: reporting.quiet)
        defer { progress.clear() }
        var models: [Model] = []
        for argument in try ModelArgument.distinct(arguments) {
            progress.show("loading \(argument.name)", always: true)
            var options = ModelOptions()
            options.context = context
            options.force = force
            options.name = argument.name
            let model = try loading(argument.path) {
                try Model(path: argument.path, options: options, backend: backend)
            }
            reporting.detail(
                "\(model.name): \(model.config.architecture), \(model.quantization), \(model.parameterCount) parameters, "
                    + "\(model.file.byteCount) bytes, context \(model.context)")
            models.append(model)
        }
        return models
    }
}

extension PromptOptions {
    /// The prompt's tokens for `model`: its own chat template, or the text as it is.
    func prompt(_ text: String, for model: Model, _ reporting: ReportingOptions) throws -> Prompt {
        try loading(model.path) {
            if raw || model.chatTemplate == nil {
                if system != nil {
                    throw CommandError.usage(
                        "--sys needs a chat template: \(raw ? "--raw turns it off" : "the file has none")")
                }
                if !raw { reporting.detail("\(model.name): no chat template, the prompt is used as it is") }
                return try model.rawPrompt(text)
            }
            var messages = [Message(role: "user", content: text)]
            if let system { messages.insert(Message(role: "system", content: system), at: 0) }
            return try model.prompt(messages)
        }
    }
}
