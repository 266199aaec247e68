// Splitting text into the pieces inside which a byte-level vocabulary merges: a list of stages as data.
// Each stage splits every piece the stage before it left: matches become pieces, and so do the gaps between them.
// The kinds themselves are listed in PreTokenizer+Known.swift; an unknown name is refused, never guessed.

final class PreTokenizer: Sendable {
    let names: [String]
    private let stages: [PieceScanner]
    private let laterNeeds: [CharacterClass]  // of each stage: what the stages after it need, together
    /// A piece that is itself a token is taken whole, without merging.
    let ignoresMerges: Bool
    /// Whether a beginning-of-text token is added where the file does not say.
    let addsBOS: Bool

    init(names: [String], ignoresMerges: Bool = false, addsBOS: Bool = false, stages: [PieceScanner]) {
        self.names = names
        self.stages = stages
        laterNeeds = stages.indices.map { index in
            stages[(index + 1)...].reduce(into: []) { $0.formUnion($1.needs) }
        }
        self.ignoresMerges = ignoresMerges
        self.addsBOS = addsBOS
    }

    /// Calls `body` with the byte range of every piece of `text`, in order; the pieces cover the text.
    @inline(__always)
    func forEachPiece(_ text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        split(text, 0..<text.count, .anything, stage: 0, body)
    }

    /// Splits `range`, in which `classes` stand, by the stages from `stage` on.
    private func split(
        _ text: Span<UInt8>, _ range: Range<Int>, _ classes: CharacterClass, stage: Int, _ body: (Range<Int>) -> Void
    ) {
        let piece = text.extracting(range)
        let scan = stages[stage].end
        let later = laterNeeds[stage]
        func emit(_ from: Int, _ to: Int) {
            let found = range.lowerBound + from..<range.lowerBound + to
            guard later != [], found.count > 1 else { return body(found) }
            let classes = found.count == range.count ? classes : text.classes(in: found)
            guard classes.meets(later) else { return body(found) }
            var next = stage + 1
            while next + 1 < stages.count, !classes.meets(stages[next].needs) { next += 1 }
            split(text, found, classes, stage: next, body)
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
