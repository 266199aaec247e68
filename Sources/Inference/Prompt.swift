// From what a user says to the token ids a model begins with: the one place where chat templates are
// rendered and where BOS is added, once.

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
    /// `text` as it is, with BOS where the file says so and the text does not bring its own.
    /// Throws emptyPrompt where that gives no token at all.
    public func rawPrompt(_ text: String) throws(InferenceError) -> Prompt {
        let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        return Prompt(tokens: try begun(tokens), text: text, isRendered: false)
    }

    /// A conversation rendered by the file's chat template; without one, the last message's raw text.
    public func prompt(_ messages: [Message]) throws(InferenceError) -> Prompt {
        guard let chatTemplate else { return try rawPrompt(messages.last?.content ?? "") }
        let text: String
        do {
            let template = try ChatTemplate(
                source: chatTemplate, bosToken: tokenizer.bos.map(tokenizer.piece) ?? "",
                eosToken: tokenizer.eos.map(tokenizer.piece) ?? "")
            text = try template.render(messages)
        } catch {
            throw .template(error)
        }
        let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
        return Prompt(tokens: try begun(tokens), text: text, isRendered: true)
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
