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
    /// What a message says is text: where it spells a control token, that token is not meant.
    /// Throws forgedTokens if such a message cannot be found again in what the template made of it.
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
        return Prompt(tokens: try begun(encode(text, quoting: messages)), text: text, isRendered: true)
    }

    /// The tokens of a rendered text, its control tokens recognised outside of messages that spell some themselves.
    private func encode(_ text: String, quoting messages: [Message]) throws(InferenceError) -> [Int32] {
        var tokens: [Int32] = []
        var rest = Array(text.utf8)[...]
        for message in messages where spellsControlTokens(message.content) {
            let content = Array(message.content.utf8).trimmingWhitespace()
            guard let start = rest.firstIndex(of: content) else {
                throw .forgedTokens(model: name, role: message.role)
            }
            tokens += tokenizer.encode(Array(rest[..<start]), addSpecial: false, parseSpecial: true)
            tokens += tokenizer.encode(Array(content), addSpecial: false, parseSpecial: false, dummyPrefix: false)
            rest = rest[(start + content.count)...]
        }
        let continues: Bool? = rest.startIndex == 0 ? nil : false
        return tokens
            + tokenizer.encode(Array(rest), addSpecial: false, parseSpecial: true, dummyPrefix: continues)
    }

    private func spellsControlTokens(_ text: String) -> Bool {
        tokenizer.encode(text, addSpecial: false, parseSpecial: true).contains(where: tokenizer.isControl)
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

extension [UInt8] {
    /// Without ASCII white space at both ends: templates trim what messages say.
    fileprivate func trimmingWhitespace() -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        let front = drop(while: isSpace)
        return front[..<((front.lastIndex { !isSpace($0) } ?? front.startIndex - 1) + 1)]
    }
}

extension ArraySlice<UInt8> {
    /// Where `bytes` first occur; bytes are not empty.
    fileprivate func firstIndex(of bytes: ArraySlice<UInt8>) -> Int? {
        indices.first { self[$0...].starts(with: bytes) }
    }
}
