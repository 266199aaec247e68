// Vocabularies small enough to read, written as definitions; and the merge loop at its most naive, as an oracle.

@testable import Tokenizers

enum SmallVocabulary {
    /// SentencePiece-BPE: control, byte tokens, letters, and a few merges whose scores fall in order.
    static func sentencePiece(bytes: Bool = true, pieces: [String] = merged) -> TokenizerDefinition {
        var texts = ["<unk>", "<s>", "</s>"]
        var kinds = [2, 3, 3]
        if bytes {
            let digits = Array("0123456789ABCDEF")
            texts += (0..<256).map { "<0x\(digits[$0 >> 4])\(digits[$0 & 15])>" }
            kinds += Array(repeating: 6, count: 256)
        }
        let letters = ["▁", "a", "b", "c", "d", "e", "中", "文"]
        texts += pieces + letters
        kinds += Array(repeating: 1, count: pieces.count + letters.count)
        texts += ["<|user|>", "<tag>"]
        kinds += [3, 4]
        var definition = TokenizerDefinition()
        definition.tokens = ByteStrings(texts)
        definition.kinds = kinds
        definition.scores = texts.indices.map { -Float($0) }
        return definition
    }

    static let merged = ["ab", "▁a", "bc", "abc", "de", "▁abc", "cd", "中文", "▁▁", "ee", "eee", "▁d", "ac"]

    /// Byte-level BPE: all bytes, then the results of `merges` in order.
    static func byteLevel(_ merges: [String] = byteMerges, pre: String? = "gpt-2") -> TokenizerDefinition {
        var texts = ByteAlphabet.scalars.map { String(Unicode.Scalar($0).map(Character.init) ?? "?") }
        texts += merges.map { $0.filter { $0 != " " } }
        texts += ["<|endoftext|>", "<think>"]
        var definition = TokenizerDefinition()
        definition.model = "gpt2"
        definition.preTokenizer = pre
        definition.tokens = ByteStrings(texts)
        definition.kinds = texts.map { $0 == "<|endoftext|>" ? 3 : $0 == "<think>" ? 4 : 1 }
        definition.merges = ByteStrings(merges)
        definition.ids = [.bos: texts.count - 2, .eos: texts.count - 2]
        return definition
    }

    static let byteMerges = [
        "a b", "Ġ a", "b c", "ab c", "d e", "Ġ d", "e e", "c a", "Ġa b", "ca b", "Ã ©", "ee e", "a a",
    ]
}

/// Merges the best pair, leftmost first, until none is left: quadratic and plain.
func naiveMerge<Rule: MergeRule>(_ symbols: [Symbol], _ rule: Rule, in text: [UInt8]) -> [TokenID] {
    var symbols = symbols
    while true {
        var best = Merge.none
        var place = 0
        for index in symbols.indices.dropLast() {
            let merge = rule.merge(symbols[index], symbols[index + 1], in: text.span)
            if merge.rank < best.rank { (best, place) = (merge, index) }
        }
        guard best.id >= 0 else { return symbols.map(\.id) }
        symbols[place].id = best.id
        symbols[place].end = symbols[place + 1].end
        symbols.remove(at: place + 1)
    }
}
