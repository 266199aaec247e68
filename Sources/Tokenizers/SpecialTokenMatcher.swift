// Finding special tokens in text: leftmost, then longest.

struct SpecialTokenMatcher: Sendable {
    private let index: PrefixIndex
    private let beginsWith: [Bool]  // by first byte

    init(_ vocabulary: Vocabulary, where isSpecial: (TokenKind) -> Bool) {
        index = PrefixIndex(vocabulary) { isSpecial(vocabulary.kinds[Int($0)]) }
        var beginsWith = [Bool](repeating: false, count: 256)
        for id in 0..<vocabulary.count where isSpecial(vocabulary.kinds[id]) {
            if let first = vocabulary.texts[id].first { beginsWith[Int(first)] = true }
        }
        self.beginsWith = beginsWith
    }

    /// The first special token in `text` at or after `start`: where it stands and its id.
    func next(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, id: TokenID)? {
        for position in start..<text.count where beginsWith[Int(text[position])] {
            if let found = index.longest(in: text, at: position) { return (position..<found.end, found.id) }
        }
        return nil
    }

    /// The longest special token that begins at `position`.
    func longest(in text: Span<UInt8>, at position: Int) -> (range: Range<Int>, id: TokenID)? {
        guard position < text.count, beginsWith[Int(text[position])] else { return nil }
        return index.longest(in: text, at: position).map { (position..<$0.end, $0.id) }
    }
}
