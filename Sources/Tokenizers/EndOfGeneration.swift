// Which tokens end generation: the ids the file names and every token whose text is one that models are known to stop
// with. Such tokens are control tokens whatever their declared kind, so that a user's text cannot contain them.
// The list of texts is llama.cpp's (gguf.md section 6).

struct EndOfGeneration {
    var tokens: Set<TokenID> = []
    var eot: TokenID?

    /// Finds the tokens and makes those known by text control tokens in `vocabulary`.
    init(_ definition: TokenizerDefinition, _ vocabulary: inout Vocabulary) {
        for text in Self.texts {
            guard let id = vocabulary.find(text) else { continue }
            vocabulary.setKind(.control, of: id)
            tokens.insert(id)
        }
        for text in Self.renderedTexts {
            // gpt-oss writes its channel markers as text that templates must see.
            if let id = vocabulary.find(text) { vocabulary.setKind(.userDefined, of: id) }
        }
        if let end = vocabulary.find("<|end|>"), vocabulary.find("<|return|>") != nil,
            vocabulary.find("<|call|>") != nil
        {
            tokens.remove(end)
        }
        eot = definition.id(.eot) ?? Self.turnTexts.compactMap { vocabulary.find($0) }.first
        for id in [definition.id(.eos), eot, definition.id(.eom)] {
            if let id { tokens.insert(id) }
        }
    }

    private static let texts = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
        "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
        "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>",
    ]
    private static let turnTexts = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>",
        "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>",
    ]
    private static let renderedTexts = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]
}
