// Unigram ("t5"): of all ways to write the text in tokens, the one whose scores add up highest (Viterbi).
// A character no token covers costs 10 more than the worst token and becomes byte tokens or the unknown token.
// Text is first normalised by the file's charsmap. Source: google/sentencepiece, unigram_model.cc; Kudo 2018.

final class UnigramEncoder: Sendable {
    private let vocabulary: Vocabulary
    private let index: PrefixIndex
    private let charsmap: Charsmap?
    private let fallback: ByteFallback
    private let unknownScore: Double
    private let mergesSpaces: Bool

    init(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) throws(TokenizerError) {
        guard vocabulary.scores.count == vocabulary.count else {
            throw .wrongLength(
                key: "tokenizer.ggml.scores", expected: vocabulary.count, found: vocabulary.scores.count)
        }
        self.vocabulary = vocabulary
        index = PrefixIndex(vocabulary) { id in
            switch vocabulary.kinds[Int(id)] {
            case .normal, .userDefined, .unused: true
            case .control, .unknown, .byte: false
            }
        }
        charsmap = definition.charsmap.isEmpty ? nil : try Charsmap(definition.charsmap)
        fallback = ByteFallback(vocabulary, unknown: definition.unknown)
        mergesSpaces = definition.removesExtraWhiteSpace
        var worst = Double.infinity
        for (kind, score) in zip(vocabulary.kinds, vocabulary.scores) where kind == .normal && score.isFinite {
            worst = min(worst, Double(score))
        }
        unknownScore = (worst.isFinite ? worst : 0) - 10
    }

    func encode(_ text: Span<UInt8>, dummyPrefix: Bool, into ids: inout [TokenID]) {
        let normalised = normalise(text, dummyPrefix: dummyPrefix)
        guard !normalised.isEmpty else { return }
        var run = ByteFallback.Run()
        for step in bestPath(normalised.span) {
            if step.id >= 0 {
                ids.append(step.id)
                run = ByteFallback.Run()
            } else {
                fallback.append(normalised.span.extracting(Int(step.start)..<Int(step.end)), &run, to: &ids)
            }
        }
    }

    private func normalise(_ text: Span<UInt8>, dummyPrefix: Bool) -> [UInt8] {
        guard let charsmap else { return escape(text, dummyPrefix: dummyPrefix) }
        let mapped = charsmap.apply(text)
        return escape(mapped.span, dummyPrefix: dummyPrefix)
    }

    /// U+2581 for spaces, one more before the text where `dummyPrefix`. Where the file asks for it, runs of spaces are
    /// one, and the ends have none but the prefix.
    private func escape(_ source: Span<UInt8>, dummyPrefix: Bool) -> [UInt8] {
        guard mergesSpaces else { return SentencePieceEncoder.escape(source, dummyPrefix: dummyPrefix) }
        var result: [UInt8] = []
        var isBehindSpace = dummyPrefix
        for position in 0..<source.count {
            if source[position] == 0x20 {
                isBehindSpace = true
                continue
            }
            if isBehindSpace { result += SentencePieceEncoder.space }
            isBehindSpace = false
            result.append(source[position])
        }
        return result
    }

    private struct Step {
        var score = -Double.infinity
        var start: Int32 = 0
        var id: TokenID = -1
    }

    /// The best path; an id of -1 stands for an unknown character.
    private func bestPath(_ text: Span<UInt8>) -> [Symbol] {
        var steps = [Step](repeating: Step(), count: text.count + 1)
        steps[0].score = 0
        var start = 0
        while start < text.count {
            let base = steps[start].score
            let next = start + text.scalar(at: start).length
            var coversOne = false
            index.forEachMatch(in: text, at: start) { end, id in
                if end == next { coversOne = true }
                let isFree = vocabulary.kinds[Int(id)] == .userDefined
                let score = base + (isFree ? 0 : Double(vocabulary.scores[Int(id)]))
                if score > steps[end].score { steps[end] = Step(score: score, start: Int32(start), id: id) }
            }
            if !coversOne, base + unknownScore > steps[next].score {
                steps[next] = Step(score: base + unknownScore, start: Int32(start), id: -1)
            }
            start = next
        }
        var path: [Symbol] = []
        var end = text.count
        while end > 0, steps[end].score > -.infinity {
            path.append(Symbol(id: steps[end].id, start: steps[end].start, end: Int32(end)))
            end = Int(steps[end].start)
        }
        return path.reversed()
    }
}
