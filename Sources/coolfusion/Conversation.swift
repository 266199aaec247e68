// A conversation with one model (sampling) or several (fusion). Each model keeps its cache between the turns: of a new
// turn's prompt only what differs from what was already said and written is evaluated.
import ChatTemplates
import Fusion
import Inference

final class Conversation {
    let models: [Model]
    private(set) var messages: [Message]
    private(set) var template: TemplateOptions
    private let sessions: [Session]
    private let reporting: ReportingOptions
    private var single = GenerationOptions()
    private var several: FusionOptions

    /// `single`: how one model answers; `several`: how more than one do.
    init(
        _ models: [Model], _ messages: [Message], template: TemplateOptions, single: GenerationOptions,
        several: FusionOptions, reporting: ReportingOptions
    ) throws {
        self.models = models
        self.messages = messages
        self.template = template
        self.reporting = reporting
        self.single = single
        self.several = several
        sessions = try models.map { model in try loading(model.path) { try Session(model: model) } }
    }

    /// What was said so far, the system message first.
    var transcript: [Message] {
        (template.system.map { [Message(role: "system", content: $0)] } ?? []) + messages
    }

    func reset() { messages = [] }

    /// nil: none. Throws where a model has no template to put it in.
    func setSystem(_ text: String?) throws {
        if text != nil, let model = try models.first(where: { try template.source(for: $0) == nil }) {
            throw CommandError.usage("\(model.name) has no chat template, so a system message has no place")
        }
        template.system = text
    }

    /// Tokens of the context in use, for each model.
    var used: [Int] { sessions.map(\.tokens.count) }

    /// The answer to `text`, given out piece by piece; both become part of the conversation once the answer has begun.
    /// `show` returns false to stop. Throws before anything is answered; the conversation is then as before.
    func ask(_ text: String, show: (String, Segment?) -> Bool) throws -> Generation.Stop {
        let asked = messages + [Message(role: "user", content: text)]
        let prompts = try models.map { try template.prompt(asked, for: $0, reporting, transcript: true) }
        let (answer, stop) = models.count == 1 ? try write(prompts[0], show) : try writeTogether(prompts, show)
        messages = asked + [Message(role: "assistant", content: answer)]
        return stop
    }

    private func write(_ prompt: Prompt, _ show: (String, Segment?) -> Bool) throws -> (String, Generation.Stop) {
        try loading(models[0].path) {
            try sessions[0].restart(with: prompt.tokens)
            single.stripsLeadingSpace = prompt.isRendered
            // Another draw for each turn, the same ones for the same conversation.
            single.sampling.seed &+= 1
            let generation = try sessions[0].generate(single) { show($0, nil) }
            if let device = sessions[0].takeLoss() {
                reporting.note("the device \(device) was lost: the CPU went on")
            }
            return (generation.text, generation.stop)
        }
    }

    private func writeTogether(_ prompts: [Prompt], _ show: (String, Segment?) -> Bool) throws -> (
        String, Generation.Stop
    ) {
        let sources = zip(sessions, prompts).map { SessionSource($0, prompt: $1) }
        several.sampling?.seed &+= 1
        func tell(_ segment: Segment) -> Bool {
            for event in segment.events {
                switch event {
                case .left, .moved: reporting.note(event.description)
                case .unscored: break
                }
            }
            return show(segment.shown, segment)
        }
        let result = try fuse(
            sources, options: several, onSegment: tell, isCancelled: { Interruption.isRequested })
        // A model that cannot finish begins its next turn from its prompt.
        for source in sources { try? source.finish() }
        if !result.heldBack.isEmpty { _ = show(result.heldBack, nil) }
        return (result.text, Generation.Stop(rawValue: result.stop.rawValue) ?? .context)
    }
}
