// From what a user says to the token ids a model begins with: the one place where chat templates are rendered and
// where BOS is added, once.
//
// A rendered prompt is read for control tokens only where the template wrote it: a message that spells "<|im_end|>"
// stays plain text, whatever the template does with it. Tokens of the kind "user defined" (such as "<think>") are
// ordinary words of the vocabulary and are recognised everywhere.

import ChatTemplates
import Tokenizers

/// A prompt in a model's tokens.
public struct Prompt: Sendable {
    public var tokens: [Int32]
    /// The text that was encoded.
    public var text: String
    /// True where a chat template was rendered: leading white space of the answer is then not part of it.
    public var isRendered: Bool
}

extension Model {
    /// The file's chat templates by name; the one without a name is "default". Throws where one is no text.
    public var chatTemplates: [String: String] {
        get throws(InferenceError) {
            let prefix = "tokenizer.chat_template."
            var templates: [String: String] = [:]
            for key in file.metadata.keys where key.hasPrefix(prefix) {
                do { templates[String(key.dropFirst(prefix.count))] = try file.metadata.string(key) } catch {
                    throw .file(error)
                }
            }
            if let chatTemplate { templates["default"] = chatTemplate }
            return templates
        }
    }

    /// `text` as it is, with BOS where the file says so and the text does not bring its own.
    /// Throws emptyPrompt where that gives no token at all.
    public func rawPrompt(_ text: String) throws(InferenceError) -> Prompt {
        let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        return Prompt(tokens: try begun(tokens), text: text, isRendered: false)
    }

    /// A conversation rendered by `template` (Jinja source; nil: the file's own); without any, its transcript.
    public func prompt(
        _ messages: [Message], template: String? = nil, now: TemplateClock = .now
    ) throws(InferenceError) -> Prompt {
        guard let source = template ?? chatTemplate else { return try transcriptPrompt(messages) }
        let rendered: RenderedText
        do {
            rendered = try ChatTemplate(source: source, specialTokens: specialTokens).render(messages, now: now)
        } catch {
            throw .template(error)
        }
        let tokens = tokenizer.encode(Array(rendered.text.utf8), controlTokensIn: rendered.templateRanges)
        return Prompt(tokens: try begun(tokens), text: rendered.text, isRendered: true)
    }

    /// A conversation as plain text: what was said, one turn after the other, each that is not an answer on a new line.
    public func transcriptPrompt(_ messages: [Message]) throws(InferenceError) -> Prompt {
        var text = ""
        for message in messages {
            if message.role != "assistant" && !text.isEmpty { text += "\n" }
            text += message.content
        }
        return try rawPrompt(text)
    }

    private var specialTokens: [String: String] {
        let ids = [
            "bos_token": tokenizer.bos, "eos_token": tokenizer.eos, "unk_token": tokenizer.unknown,
            "pad_token": tokenizer.padding,
        ]
        return ids.compactMapValues { $0.map(tokenizer.piece) }
    }

    private func begun(_ tokens: [Int32]) throws(InferenceError) -> [Int32] {
        var tokens = tokens
        if tokenizer.addsBOS, let bos = tokenizer.bos, tokens.first != bos { tokens.insert(bos, at: 0) }
        // A model must begin with something: BOS even where the file does not ask for it.
        if tokens.isEmpty, let start = tokenizer.bos ?? tokenizer.eos { tokens = [start] }
        guard !tokens.isEmpty else { throw .emptyPrompt(model: name) }
        return tokens
    }
}
