// One source model's side of a fusion: its tokens of the common answer and its run.
//
// The answer is the same bytes for all; here it is spelled in this model's own tokens, with the byte
// offset after each, so that a candidate is encoded behind a few words of text, never from the start.

import Inference

/// The committed bytes and where their segments start.
struct Answer {
    var bytes: [UInt8] = []
    var starts: [Int] = []

    /// Offset at which the last `words` segments begin.
    func tailStart(words: Int) -> Int {
        starts.isEmpty ? bytes.count : starts[max(starts.count - max(words, 1), 0)]
    }
}

/// A text in a model's own tokens, following its committed tokens.
struct Spelling {
    /// Committed tokens to take back first: the text changes how the words before it are tokenized.
    var dropping = 0
    var tokens: [Int32]
    /// Offset in the answer after each token; -1 inside text the vocabulary cannot spell.
    var ends: [Int]
    var isExact = true
}

final class Member {
    let source: any SourceModel
    let name: String
    let index: Int
    let weight: Double
    /// The answer in this model's tokens.
    private(set) var tokens: [Int32] = []
    /// Offset in the answer after each token; -1 inside text the vocabulary cannot spell.
    private(set) var ends: [Int] = []
    /// The tokens this model would write next, as far as they are known.
    private(set) var run: [RunToken] = []
    /// How many tokens of the run another model's draft gave.
    private(set) var verifiedRun = 0
    /// Offset in the answer up to which this model has taken it in.
    private(set) var textEnd = 0
    /// How much of a draft it checks at once: of a cheaper model's words, and of words found in the text.
    var (pace, lookupPace) = (Pace(length: 4), Pace(length: 8))
    private var rowsBefore = 0
    private let workBefore: Work
    private var counts = Usage()
    /// The answer before this offset cannot be spelled: no tail may start there.
    private var floor = 0
    private var tail: (start: Int, end: Int, tokens: [Int32])?

    init(source: any SourceModel, name: String, index: Int, weight: Double) {
        (self.source, self.name, self.index, self.weight) = (source, name, index, weight)
        workBefore = source.work
    }

    func start(_ sampling: Sampling? = nil) throws(SourceFailure) {
        (tokens, ends, run, verifiedRun, floor, textEnd, tail) = ([], [], [], 0, 0, 0, nil)
        try source.start(sampling)
        rowsBefore = source.work.rows
    }

    /// The device that was lost under this model since the last call.
    func takeLoss() -> String? { source.takeLoss() }

    var usage: Usage {
        var usage = counts
        let work = source.work
        usage.passes = work.passes - workBefore.passes
        usage.rows = work.rows - rowsBefore
        usage.wasted = max(0, usage.rows - tokens.count)
        usage.seconds = work.seconds - workBefore.seconds
        usage.cpuSeconds = work.cpuSeconds - workBefore.cpuSeconds
        return usage
    }

    // MARK: the run

    /// Token `position` of the run, computed where it is not known.
    func token(_ position: Int) throws(SourceFailure) -> RunToken {
        while run.count <= position {
            run.append(try source.next())
            counts.generated += 1
        }
        return run[position]
    }

    /// Lets the run grow by a draft in this model's tokens; how many of them were confirmed.
    func verify(_ draft: [Int32], isLookup: Bool) throws(SourceFailure) -> Int {
        let known = run.count
        run = try source.verify(draft)
        let confirmed = zip(run, draft).prefix { $0.token == $1 }.count
        counts.verified += max(0, confirmed - known)
        verifiedRun = max(verifiedRun, confirmed)
        let place = counts.drafts.firstIndex { $0.length == draft.count && $0.isLookup == isLookup }
        var count = place.map { counts.drafts.remove(at: $0) } ?? DraftCount(length: draft.count, isLookup: isLookup)
        count.add(confirmed: confirmed)
        counts.drafts.append(count)
        return confirmed
    }

    /// Of the answer so far.
    var bytesPerToken: Double { tokens.isEmpty ? 1 : Double(textEnd) / Double(tokens.count) }

    /// How often somebody else proposed the same so far, the first time counting as agreement: from 1 down towards 0.
    var agreement: Double { Double(counts.shared + 1) / Double(counts.proposed + 1) }

    func recordProposal(isShared: Bool) {
        counts.proposed += 1
        counts.shared += isShared ? 1 : 0
    }

    func dropRun() {
        source.dropRun()
        (run, verifiedRun) = ([], 0)
    }

    // MARK: spelling

    /// `text` after the answer. Tokens before it are taken back only where the text itself changes them;
    /// what this model wrote in its own way stays.
    func spelling(of text: [UInt8], after answer: Answer, words: Int) -> Spelling {
        let end = answer.bytes.count
        let start = tailStart(answer, words: words)
        let context = Array(answer.bytes[start...])
        let all = source.encode(context + text, startsAnswer: start == 0)
        guard let allEnds = exactEnds(all, spelling: context + text, from: start) else {
            let own = source.encode(text, startsAnswer: end == 0)
            let ends = own.indices.map { $0 == own.count - 1 ? end + text.count : -1 }
            return Spelling(tokens: own, ends: ends, isExact: false)
        }
        let before = encodedTail(context, start: start)
        let shared = zip(all, before).prefix { $0 == $1 }.count
        let stable = shared == before.count ? end : (shared == 0 ? start : allEnds[shared - 1])
        let cuts = Set(allEnds).union([start])
        var kept = tokens.count
        while kept > 0, ends[kept - 1] > start, ends[kept - 1] > stable || !cuts.contains(ends[kept - 1]) {
            kept -= 1
        }
        let from = max(kept > 0 ? ends[kept - 1] : 0, start)
        let first = allEnds.firstIndex { $0 > from } ?? all.count
        return Spelling(
            dropping: tokens.count - kept, tokens: Array(all[first...]), ends: Array(allEnds[first...]))
    }

    /// True where this model's tokens spell the text exactly.
    func roundTrips(_ text: [UInt8], startsAnswer: Bool) -> Bool {
        let tokens = source.encode(text, startsAnswer: startsAnswer)
        return exactEnds(tokens, spelling: text, from: 0, leadAllowed: startsAnswer) != nil
    }

    /// The last words of the answer, from an offset that is a token end here too.
    private func tailStart(_ answer: Answer, words: Int) -> Int {
        let limit = 16 * max(words, 1)
        var token = ends.count - 1
        for (age, start) in answer.starts.reversed().enumerated() where age >= max(words, 1) - 1 {
            if start <= floor { break }
            if age > limit { return answer.bytes.count }
            while token >= 0, ends[token] > start { token -= 1 }
            if token >= 0, ends[token] == start { return start }
        }
        return floor
    }

    private func encodedTail(_ context: [UInt8], start: Int) -> [Int32] {
        let end = start + context.count
        if let tail, tail.start == start, tail.end == end { return tail.tokens }
        let tokens = context.isEmpty ? [] : source.encode(context, startsAnswer: start == 0)
        tail = (start, end, tokens)
        return tokens
    }

    /// Offsets after each token, nil where the tokens do not spell the text to the byte. At the answer's start
    /// the tokens may have white space in front that the text has not.
    private func exactEnds(
        _ tokens: [Int32], spelling text: [UInt8], from start: Int, leadAllowed: Bool? = nil
    ) -> [Int]? {
        if let unknown = source.unknownToken, tokens.contains(unknown) { return nil }
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for token in tokens {
            bytes += source.bytes(of: token)
            ends.append(bytes.count)
        }
        let lead = bytes.count - text.count
        guard lead >= 0, bytes[lead...] == text[...] else { return nil }
        guard lead == 0 || (leadAllowed ?? (start == 0) && bytes[..<lead].allSatisfy(isWhitespaceByte)) else {
            return nil
        }
        return ends.map { start + max(0, $0 - lead) }
    }

    // MARK: commit

    /// Commits what this model proposed, as it generated it.
    func keep(_ proposal: Proposal, at offset: Int, lookahead: Bool) throws(SourceFailure) {
        tokens += run[..<proposal.count].map(\.token)
        ends += proposal.ends.map { offset + $0 }
        textEnd = offset + proposal.text.count
        try source.keep(proposal.count)
        run.removeFirst(proposal.count)
        verifiedRun = max(0, verifiedRun - proposal.count)
        if !lookahead { dropRun() }
    }

    /// Commits another model's text; `scored` is the index of its continuation in the last scoring pass.
    private func take(_ spelling: Spelling, scored: Int?) throws(SourceFailure) {
        if let scored {
            try source.append(scored: scored)
        } else {
            try source.append(spelling.tokens, dropping: spelling.dropping)
        }
        (run, verifiedRun) = ([], 0)
        tokens.removeLast(spelling.dropping)
        ends.removeLast(spelling.dropping)
        tokens += spelling.tokens
        ends += spelling.ends
    }

    /// Commits text by evaluating it, as part of the answer or behind what it has of it.
    func take(_ text: [UInt8], spelled: Spelling, scored: Int? = nil) throws(SourceFailure) {
        try take(spelled, scored: scored)
        textEnd += text.count
        // After text this model cannot spell, tails start behind it.
        if !spelled.isExact { floor = textEnd }
    }

    /// Takes in the answer that was written without asking this model.
    func catchUp(_ answer: Answer, words: Int) throws(SourceFailure) {
        if textEnd == answer.bytes.count { return }
        let known = Answer(
            bytes: Array(answer.bytes[..<textEnd]), starts: answer.starts.filter { $0 < textEnd })
        let text = Array(answer.bytes[textEnd...])
        try take(text, spelled: spelling(of: text, after: known, words: words))
    }

    func score(_ continuations: [Continuation]) throws(SourceFailure) -> [[Double]] {
        counts.scored += continuations.reduce(0) { $0 + $1.tokens.count + ($1.stop == nil ? 0 : 1) }
        return try source.score(continuations)
    }
}

func isWhitespaceByte(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
