// Finding special tokens in text: leftmost, then longest. The tokens are sorted and a match narrows the range byte by
// byte, so thousands of tokens that begin alike cost no more than a few binary searches.

struct SpecialTokenMatcher: Sendable {
    private let tokens: [(text: [UInt8], id: TokenID)]  // sorted by text
    private let beginsWith: [Bool]  // by first byte

    init(_ vocabulary: Vocabulary, _ kinds: Set<TokenKind>) {
        var tokens: [(text: [UInt8], id: TokenID)] = []
        var beginsWith = [Bool](repeating: false, count: 256)
        for id in 0..<vocabulary.count where kinds.contains(vocabulary.kinds[id]) {
            let text = Array(vocabulary.texts[id])
            guard let first = text.first else { continue }
            beginsWith[Int(first)] = true
            tokens.append((text, TokenID(id)))
        }
        self.tokens = tokens.sorted { $0.text.lexicographicallyPrecedes($1.text) }
        self.beginsWith = beginsWith
    }

    /// The first special token in `text` at or after `start`: where it stands and its id.
    func next(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, id: TokenID)? {
        guard !tokens.isEmpty else { return nil }
        var index = start
        while index < text.count {
            if beginsWith[Int(text[index])], let (end, id) = longest(in: text, at: index) { return (index..<end, id) }
            index += 1
        }
        return nil
    }

    private func longest(in text: Span<UInt8>, at start: Int) -> (end: Int, id: TokenID)? {
        var low = 0
        var high = tokens.count
        var depth = 0
        var best: (Int, TokenID)?
        while start + depth < text.count {
            let byte = text[start + depth]
            low = partition(low, high) { $0.count > depth && $0[depth] >= byte }
            high = partition(low, high) { $0.count > depth && $0[depth] > byte }
            guard low < high else { break }
            depth += 1
            if tokens[low].text.count == depth { best = (start + depth, tokens[low].id) }
        }
        return best
    }

    /// The first index in low..<high whose text meets `test`, which holds from some index on.
    private func partition(_ low: Int, _ high: Int, _ test: ([UInt8]) -> Bool) -> Int {
        var (low, high) = (low, high)
        while low < high {
            let middle = (low + high) / 2
            if test(tokens[middle].text) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
