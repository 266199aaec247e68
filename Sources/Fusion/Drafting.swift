// Draft and verify (cool-fusion.md section 7, points 4 and 5): the cheapest model runs ahead, or words that stood in the
// text before are tried again; the others check in one pass each that they would have written the same.
//
// It only fills the members' runs; proposing then replays them. A run holds nothing but a model's own path, whoever
// guessed it first, so the text cannot change, only the number of passes.

/// How much of a draft one model checks at once; follows how much of them it confirmed.
struct Pace {
    /// In the model's tokens; whole words, at least one.
    private(set) var length: Int
    private var misses = 0
    private var pause = 0

    init(length: Int) { self.length = length }

    /// Doubles where everything was confirmed, halves where not; 32 tokens are a sentence.
    mutating func adapt(allConfirmed: Bool) {
        length = allConfirmed ? min(length * 2, 32) : max(length / 2, 1)
        misses = allConfirmed ? 0 : misses + 1
        pause = misses < 3 ? 0 : 1 << min(misses - 2, 6)
    }

    /// False for a while after several misses in a row, longer each time.
    mutating func isDue() -> Bool {
        if pause == 0 { return true }
        pause -= 1
        return false
    }
}

/// Words that may come next.
struct Draft {
    var text: [UInt8]
    /// Offsets in the text where words end, ascending.
    var ends: [Int]
    var isLookup = false
}

extension CoolFusion {
    /// Lets the cheapest member draft and every member that knows nothing beyond its lookahead verify. Members that
    /// mostly write something else take no part.
    func draftAndVerify() {
        let likely = active.filter { $0.agreement >= 0.5 }
        guard let drafter = likely.min(by: { $0.source.cost < $1.source.cost }) else { return }
        if answer.bytes.isEmpty && active.contains(where: \.source.stripsLeadingSpace) { return }
        let waiting = likely.filter { $0 !== drafter && $0.run.count <= 1 }
        guard let length = waiting.map(\.pace.length).min(), let draft = draft(by: drafter, length: length) else {
            return
        }
        for member in waiting {
            if let confirmed = verify(draft, by: member, upTo: member.pace.length) {
                member.pace.adapt(allConfirmed: confirmed)
            }
        }
    }

    /// Lets every member that knows nothing beyond its lookahead verify what followed the last words before.
    func verifyLookup() {
        guard !answer.bytes.isEmpty, let draft = lookup.continuation() else { return }
        for member in active where member.run.count <= 1 && member.lookupPace.isDue() {
            if let confirmed = verify(draft, by: member, upTo: member.lookupPace.length) {
                member.lookupPace.adapt(allConfirmed: confirmed)
            }
        }
    }

    /// Whether a member confirmed as many whole words as `length` of its tokens hold; nil where it could not try.
    private func verify(_ draft: Draft, by member: Member, upTo length: Int) -> Bool? {
        let spelling = member.spelling(of: draft.text, after: answer, words: options.tailWords)
        guard spelling.isExact, spelling.dropping == 0 else { return nil }
        let cuts = spelling.ends.indices.filter { draft.ends.contains(spelling.ends[$0] - answer.bytes.count) }
        guard let cut = cuts.last(where: { $0 < length }) ?? cuts.first else { return nil }
        let tokens = Array(spelling.tokens[...cut])
        guard tokens.count > member.run.count, zip(tokens, member.run).allSatisfy({ $0 == $1.token }) else {
            return nil
        }
        do {
            return try member.verify(tokens, isLookup: draft.isLookup)
        } catch .contextFull {
            return nil  // Too long for its context: it goes on token by token.
        } catch {
            leave(member, error)
            return nil
        }
    }

    /// The drafter's next whole words, nil where it has none to offer.
    private func draft(by drafter: Member, length: Int) -> Draft? {
        let tail = Array(answer.bytes[answer.tailStart(words: options.tailWords)...])
        let proposing = proposing
        var count = max(length, drafter.run.count)
        while true {
            let isComplete: Bool
            do {
                isComplete = try !grow(drafter, to: count)
            } catch .contextFull {
                isComplete = true  // What it knows already may still be a draft.
            } catch {
                leave(drafter, error)
                return nil
            }
            var proposed = Proposed(tail: tail)
            for known in drafter.run where !drafter.source.stopTokens.contains(known.token) {
                proposed.text += drafter.source.bytes(of: known.token)
                proposed.tokenEnds.append(proposed.text.count)
            }
            let starts = active.map { $0.source.pieceStarts(tail + proposed.text) }
            let ends = proposing.boundary.wordEnds(proposed, pieceStarts: starts)
            if let last = ends.last { return Draft(text: Array(proposed.text[..<last]), ends: ends) }
            if isComplete || count >= proposing.maxTokens { return nil }
            count += 1
        }
    }

    /// Lets a member write until its run has `count` tokens; false where it ends the text.
    private func grow(_ member: Member, to count: Int) throws(SourceFailure) -> Bool {
        while !member.source.stopTokens.contains(member.run.last?.token ?? -1) {
            if member.run.count >= count { return true }
            _ = try member.token(member.run.count)
        }
        return false
    }
}
