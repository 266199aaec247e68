// Splitting text into the pieces inside which a byte-level vocabulary merges: a list of stages as data.
// Each stage splits every piece the stage before it left: matches become pieces, and so do the gaps between them.
// The kinds themselves are listed in PreTokenizer+Known.swift; an unknown name is refused, never guessed.

final class PreTokenizer: Sendable {
    let names: [String]
    let stages: [PieceScanner]
    /// A piece that is itself a token is taken whole, without merging.
    let ignoresMerges: Bool
    /// Whether a beginning-of-text token is added where the file does not say.
    let addsBOS: Bool

    init(names: [String], ignoresMerges: Bool = false, addsBOS: Bool = false, stages: [PieceScanner]) {
        self.names = names
        self.stages = stages
        self.ignoresMerges = ignoresMerges
        self.addsBOS = addsBOS
    }

    /// Calls `body` with the byte range of every piece of `text`, in order; the pieces cover the text.
    @inline(__always)
    func forEachPiece(_ text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        split(text, 0..<text.count, stage: 0, body)
    }

    private func split(_ text: Span<UInt8>, _ range: Range<Int>, stage: Int, _ body: (Range<Int>) -> Void) {
        guard stage < stages.count else {
            body(range)
            return
        }
        let piece = text.extracting(range)
        let scan = stages[stage]
        let isLast = stage + 1 == stages.count
        func emit(_ from: Int, _ to: Int) {
            let found = range.lowerBound + from..<range.lowerBound + to
            if isLast { body(found) } else { split(text, found, stage: stage + 1, body) }
        }
        var gap = 0
        var position = 0
        while position < piece.count {
            let end = scan(piece, position)
            if end > position {
                if gap < position { emit(gap, position) }
                emit(position, end)
                position = end
                gap = end
            } else {
                position = end < 0 ? ~end : position + piece.scalar(at: position).length
            }
        }
        if gap < position { emit(gap, position) }
    }
}
