// Which tokens begin at a place in a text: tokens sorted by text, a match narrows the range byte by byte. Thousands of
// tokens that begin alike cost no more than a few binary searches; nothing is stored but the order.

struct PrefixIndex: Sendable {
    private let texts: ByteStrings
    private let ids: [TokenID]  // sorted by text
    private let starts: [Int32]  // by first byte: where its tokens start in `ids`; one more at the end

    /// Indexes the tokens for which `isMember` holds; empty texts are left out.
    init(_ vocabulary: Vocabulary, where isMember: (TokenID) -> Bool) {
        texts = vocabulary.texts
        var byFirst = [[TokenID]](repeating: [], count: 256)
        for index in 0..<vocabulary.count {
            let id = TokenID(index)
            let range = vocabulary.texts.range(index)
            if !range.isEmpty, isMember(id) { byFirst[Int(vocabulary.texts.bytes[range.lowerBound])].append(id) }
        }
        var ids: [TokenID] = []
        var starts: [Int32] = [0]
        let texts = vocabulary.texts
        for group in byFirst {
            ids += group.sorted { texts[Int($0)].lexicographicallyPrecedes(texts[Int($1)]) }
            starts.append(Int32(ids.count))
        }
        self.ids = ids
        self.starts = starts
    }

    /// Calls `body` with every token that begins at `start` and the offset where it ends, shortest first.
    @inline(__always)
    func forEachMatch(in text: Span<UInt8>, at start: Int, _ body: (Int, TokenID) -> Void) {
        let first = Int(text[start])
        var low = Int(starts[first])
        var high = Int(starts[first + 1])
        var depth = 1
        while low < high {
            if texts.range(Int(ids[low])).count == depth {
                body(start + depth, ids[low])
                low += 1
            }
            guard low < high, start + depth < text.count else { return }
            let byte = text[start + depth]
            low = partition(low, high) { self.byte($0, depth) >= byte }
            high = partition(low, high) { self.byte($0, depth) > byte }
            depth += 1
        }
    }

    /// The longest token that begins at `start`.
    func longest(in text: Span<UInt8>, at start: Int) -> (end: Int, id: TokenID)? {
        var best: (end: Int, id: TokenID)?
        forEachMatch(in: text, at: start) { best = ($0, $1) }
        return best
    }

    @inline(__always)
    private func byte(_ index: Int, _ depth: Int) -> UInt8 {
        texts.bytes[texts.range(Int(ids[index])).lowerBound + depth]
    }

    /// The first index in low..<high for which `test` holds; it holds from some index on.
    @inline(__always)
    private func partition(_ low: Int, _ high: Int, _ test: (Int) -> Bool) -> Int {
        var (low, high) = (low, high)
        while low < high {
            let middle = (low + high) / 2
            if test(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
