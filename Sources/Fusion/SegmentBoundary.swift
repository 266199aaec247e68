// Where a text segment may end (cool-fusion.md sections 2-4).
//
// A proposal is cut at the first offset that every voter's pre-tokenizer also starts a piece at, that is
// a token end of the proposer, that a lookahead token has confirmed, and that tears nothing apart: no
// number, no grapheme, no CR LF, and no white space that would stand alone. Bytes in, offsets out; it
// knows no models.

/// What a segment is made of.
public enum SegmentKind: String, CaseIterable, Sendable {
    /// Ends where every model's tokenizer can also end.
    case aligned
    /// Ends where the proposer's own tokenizer can.
    case shortest
    /// Aligned, and after a comma, colon, semicolon or the end of a sentence.
    case clause
    /// Aligned, and at the end of a sentence or before a line end.
    case sentence
}

/// A proposer's greedy text so far, between the committed text before it and nothing after it.
struct Proposed {
    /// The last words of the committed text; boundaries are looked for in tail ++ text.
    var tail: [UInt8]
    var text: [UInt8] = []
    /// Offset in `text` after each token, ascending.
    var tokenEnds: [Int] = []
}

struct SegmentBoundary: Sendable {
    var kind: SegmentKind = .aligned
    /// Lifts the rules on digits and on white space alone.
    var paperExact = false

    /// The first offset at which a segment may end, nil where the text does not show one yet.
    /// `pieceStarts`: one list per voter, offsets in tail ++ text.
    func firstEnd(_ proposed: Proposed, pieceStarts: [[Int]]) -> Int? {
        let common = commonStarts(proposed, pieceStarts)
        return proposed.tokenEnds.first { end in
            end > 0 && end < proposed.text.count && common.contains(end) && mayEnd(proposed, at: end)
                && endsKind(proposed.text, at: end)
        }
    }

    /// The offsets between whole words, ascending; these are where a draft can be cut.
    func wordEnds(_ proposed: Proposed, pieceStarts: [[Int]]) -> [Int] {
        let common = commonStarts(proposed, pieceStarts)
        return proposed.tokenEnds.filter { end in
            end > 0 && end < proposed.text.count && common.contains(end) && mayEnd(proposed, at: end)
        }
    }

    /// The longest prefix to propose where no boundary showed within the allowed tokens: on a token end and
    /// a grapheme boundary, best between words and spelled exactly by every voter.
    func fallbackEnd(
        _ proposed: Proposed, pieceStarts: [[Int]], includingWhole: Bool, roundTrips: ([UInt8]) -> Bool
    ) -> Int {
        let whole = proposed.text.count
        // A partial character at the end only confirms what is before it.
        guard let valid = proposed.tokenEnds.last(where: { $0 > 0 && isValid(Array(proposed.text[..<$0])) }) else {
            return whole
        }
        var complete = proposed
        complete.text = Array(proposed.text[..<valid])
        let ends = proposed.tokenEnds.reversed().filter {
            $0 > 0 && $0 <= valid && (includingWhole || $0 < whole)
        }
        let graceful = ends.filter { $0 == valid || mayEnd(complete, at: $0) }
        let common = commonStarts(proposed, pieceStarts)
        let preferred = graceful.filter(common.contains) + graceful
        return preferred.first { roundTrips(Array(proposed.text[..<$0])) } ?? graceful.first ?? ends.first ?? whole
    }

    /// Offsets in the text at which every voter's pre-tokenizer starts a piece.
    private func commonStarts(_ proposed: Proposed, _ pieceStarts: [[Int]]) -> Set<Int> {
        let lists = pieceStarts.map { Set($0.lazy.map { $0 - proposed.tail.count }) }
        guard let first = lists.first else { return [] }
        return lists.dropFirst().reduce(first) { $0.intersection($1) }
    }

    /// True where cutting the text at `offset` tears nothing apart.
    private func mayEnd(_ proposed: Proposed, at offset: Int) -> Bool {
        let before = proposed.text[..<offset]
        let after = proposed.text[offset...]
        if before.last == UInt8(ascii: "\r") && after.first == UInt8(ascii: "\n") { return false }
        guard let left = String(validating: before, as: UTF8.self),
            let right = String(validating: after, as: UTF8.self)
        else { return false }
        if !paperExact {
            if left.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return false }
            if isDigit(left.unicodeScalars.last) && isDigit(right.unicodeScalars.first) { return false }
        }
        // The tail is part of it: flags are pairs of regional indicators counted from their start.
        let whole = String(validating: proposed.tail + proposed.text, as: UTF8.self) ?? left + right
        let position = whole.utf8.count - proposed.text.count + offset
        return isGraphemeBoundary(whole, at: position)
    }

    private func endsKind(_ text: [UInt8], at offset: Int) -> Bool {
        if kind == .aligned || kind == .shortest { return true }
        let last = String(decoding: text[..<offset], as: UTF8.self).unicodeScalars.last
        let next = String(decoding: text[offset...], as: UTF8.self).unicodeScalars.first
        guard let last, let next else { return false }
        if next == "\n" || next == "\r" { return true }
        let fullWidth = kind == .clause ? "。！？，、；：" : "。！？"
        if fullWidth.unicodeScalars.contains(last) { return true }
        let marks = kind == .clause ? ".!?…,;:" : ".!?…"
        return marks.unicodeScalars.contains(last) && next.properties.isWhitespace
    }
}

func isValid(_ text: [UInt8]) -> Bool { String(validating: text, as: UTF8.self) != nil }

private func isDigit(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.numericType == .decimal }

/// Whether a grapheme starts at a byte offset; the text is short (a few words), so it is walked.
private func isGraphemeBoundary(_ text: String, at offset: Int) -> Bool {
    var position = 0
    for character in text {
        if position >= offset { break }
        position += character.utf8.count
    }
    return position == offset
}
