// What one model proposes to write next: the tokens of its run up to the first segment boundary, or to the
// end of the text (cool-fusion.md section 3, step 1).

/// A proposed segment in the proposer's own tokens.
struct Proposal {
    var text: [UInt8]
    var eos: Bool
    /// Tokens of the proposer's run that make the text; a stop token is not among them.
    var count: Int
    /// Offset in `text` after each of these tokens.
    var ends: [Int]
    var evaluation: Evaluation
    /// Part of it was another model's draft, only verified here.
    var wasDrafted: Bool

    /// Something the others can vote on: text that is text, or an end.
    var isAdmissible: Bool { isValid(text) && (eos || !text.isEmpty) }
}

/// What a proposer has to know about the others.
struct Proposing {
    var answer: Answer
    var boundary: SegmentBoundary
    var maxTokens: Int
    var tailWords: Int
    var voters: [Member]
}

extension Member {
    /// Generates until a boundary shows, the text ends, or a segment is long enough.
    func propose(_ proposing: Proposing) throws(SourceFailure) -> Proposal {
        let answer = proposing.answer
        let tail = Array(answer.bytes[answer.tailStart(words: proposing.tailWords)...])
        let strips = source.stripsLeadingSpace && answer.bytes.isEmpty
        var raw: [UInt8] = []
        var rawEnds: [Int] = []
        while true {
            let next: RunToken
            do {
                next = try token(rawEnds.count)
            } catch .contextFull where !rawEnds.isEmpty {
                return cut(stripped(raw, rawEnds, strips, tail), proposing, includingWhole: true)
            }
            if source.stopTokens.contains(next.token) {
                let proposed = stripped(raw, rawEnds, strips, tail)
                return proposal(proposed, end: proposed.text.count, eos: true)
            }
            raw += source.bytes(of: next.token)
            rawEnds.append(raw.count)
            let proposed = stripped(raw, rawEnds, strips, tail)
            if isValid(proposed.text), !proposed.text.isEmpty,
                let end = proposing.boundary.firstEnd(proposed, pieceStarts: pieceStarts(proposed, proposing))
            {
                return proposal(proposed, end: end, eos: false)
            }
            if rawEnds.count >= proposing.maxTokens { return cut(proposed, proposing, includingWhole: false) }
        }
    }

    private func cut(_ proposed: Proposed, _ proposing: Proposing, includingWhole: Bool) -> Proposal {
        let startsAnswer = proposing.answer.bytes.isEmpty
        let end = proposing.boundary.fallbackEnd(
            proposed, pieceStarts: pieceStarts(proposed, proposing), includingWhole: includingWhole
        ) { text in
            proposing.voters.allSatisfy { $0.roundTrips(text, startsAnswer: startsAnswer) }
        }
        return proposal(proposed, end: end, eos: false)
    }

    private func pieceStarts(_ proposed: Proposed, _ proposing: Proposing) -> [[Int]] {
        let voters = proposing.boundary.kind == .shortest ? [self] : proposing.voters
        let text = proposed.tail + proposed.text
        return voters.map { $0.source.pieceStarts(text) }
    }

    /// The first tokens of the run that make up the text before `end`, or all of it with an end of text.
    private func proposal(_ proposed: Proposed, end: Int, eos: Bool) -> Proposal {
        let ends = proposed.tokenEnds
        let count = eos ? ends.count : (ends.firstIndex { $0 >= end } ?? ends.count - 1) + 1
        let scored = run[..<(count + (eos ? 1 : 0))]
        let nll = -scored.reduce(0) { $0 + $1.logprob }
        return Proposal(
            text: Array(proposed.text[..<end]), eos: eos, count: count, ends: Array(ends[..<count]),
            evaluation: Evaluation(nll: nll, tokens: scored.count, bytes: end + (eos ? 1 : 0)),
            wasDrafted: count > 0 && count <= verifiedRun)
    }

    /// The text without the white space an answer must not begin with.
    private func stripped(_ raw: [UInt8], _ ends: [Int], _ strips: Bool, _ tail: [UInt8]) -> Proposed {
        let lead = strips ? raw.prefix(while: isWhitespaceByte).count : 0
        return Proposed(tail: tail, text: Array(raw[lead...]), tokenEnds: ends.map { max(0, $0 - lead) })
    }
}
