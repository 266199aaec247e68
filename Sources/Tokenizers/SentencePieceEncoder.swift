// SentencePiece-BPE ("llama"): spaces become U+2581, characters are the first symbols, and any two neighbours whose
// joined text is a token merge, best score first. What is no token in the end falls back to byte tokens <0xXX>, or
// to the unknown token, one per run of unknown characters. Source: google/sentencepiece, bpe_model.cc.

final class SentencePieceEncoder: Sendable, MergeRule {
    private let vocabulary: Vocabulary
    private let ranks: [UInt32]  // of each token as a merge's result; .max: never one
    private let fallback: ByteFallback
    private let splitsAtSpaces: Bool

    static let space: [UInt8] = [0xE2, 0x96, 0x81]  // U+2581

    init(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) throws(TokenizerError) {
        guard vocabulary.scores.count == vocabulary.count else {
            throw .wrongLength(
                key: "tokenizer.ggml.scores", expected: vocabulary.count, found: vocabulary.scores.count)
        }
        self.vocabulary = vocabulary
        ranks = zip(vocabulary.kinds, vocabulary.scores).map { kind, score in
            switch kind {
            case .normal, .userDefined, .unused: Self.rank(score)
            case .control, .unknown, .byte: .max
            }
        }
        fallback = ByteFallback(vocabulary, unknown: definition.unknown)
        splitsAtSpaces = !Self.hasInnerSpace(vocabulary)
    }

    func encode(_ text: Span<UInt8>, dummyPrefix: Bool, into ids: inout [TokenID]) {
        let escaped = Self.escape(text, dummyPrefix: dummyPrefix)
        let span = escaped.span
        var merger = SymbolMerger()
        guard splitsAtSpaces else { return encodeWord(span, 0..<span.count, &merger, into: &ids) }
        var cache = WordCache(textBytes: span.count)
        var start = 0
        while start < span.count {
            let end = Self.wordEnd(span, from: start)
            cache.ids(of: start..<end, in: span, into: &ids) { ids in
                encodeWord(span, start..<end, &merger, into: &ids)
            }
            start = end
        }
    }

    /// `text` with U+2581 for spaces, one more before it where `dummyPrefix`.
    static func escape(_ text: Span<UInt8>, dummyPrefix: Bool) -> [UInt8] {
        var escaped: [UInt8] = dummyPrefix ? space : []
        escaped.reserveCapacity(text.count + text.count / 2 + 3)
        for index in 0..<text.count {
            if text[index] == 0x20 {
                escaped.append(0xE2)
                escaped.append(0x96)
                escaped.append(0x81)
            } else {
                escaped.append(text[index])
            }
        }
        return escaped
    }

    /// Where no token has U+2581 behind another character, no merge crosses that place: words can be merged alone.
    private static func wordEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while isSpace(text, end) { end += 3 }
        while end < text.count, !isSpace(text, end) { end += 1 }
        return end
    }

    @inline(__always)
    private static func isSpace(_ text: Span<UInt8>, _ index: Int) -> Bool {
        index + 2 < text.count && text[index] == 0xE2 && text[index + 1] == 0x96 && text[index + 2] == 0x81
    }

    private static func hasInnerSpace(_ vocabulary: Vocabulary) -> Bool {
        let bytes = vocabulary.texts.bytes.span
        for id in 0..<vocabulary.count {
            let text = bytes.extracting(vocabulary.texts.range(id))
            if wordEnd(text, from: 0) < text.count { return true }
        }
        return false
    }

    /// Higher scores are smaller ranks; `.max` stays free. The float's bits order like the float once the sign is folded.
    private static func rank(_ score: Float) -> UInt32 {
        let bits = (score + 0).bitPattern  // + 0: negative zero is zero
        let ascending = bits >> 31 == 1 ? ~bits : bits | 1 << 31
        return min(~ascending, .max - 1)
    }

    private func encodeWord(
        _ text: Span<UInt8>, _ range: Range<Int>, _ merger: inout SymbolMerger, into ids: inout [TokenID]
    ) {
        merger.symbols.removeAll(keepingCapacity: true)
        var index = range.lowerBound
        while index < range.upperBound {
            let end = index + text.scalar(at: index).length
            merger.symbols.append(Symbol(id: token(text, index, end), start: Int32(index), end: Int32(end)))
            index = end
        }
        merger.run(self, in: text)
        var run = ByteFallback.Run()
        for symbol in merger.symbols {
            if symbol.id >= 0 {
                ids.append(symbol.id)
                run = ByteFallback.Run()
            } else {
                fallback.append(text.extracting(Int(symbol.start)..<Int(symbol.end)), &run, to: &ids)
            }
        }
    }

    @inline(__always)
    private func token(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> TokenID {
        guard let id = vocabulary.find(text.extracting(start..<end)), ranks[Int(id)] < .max else { return -1 }
        return id
    }

    @inline(__always)
    func merge(_ left: Symbol, _ right: Symbol, in text: Span<UInt8>) -> Merge {
        let id = token(text, Int(left.start), Int(right.end))
        return id < 0 ? .none : Merge(rank: ranks[Int(id)], id: id)
    }
}
